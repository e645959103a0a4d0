"""A disk that remembers what it was asked, and that can refuse.

It stands below SQLite as a VFS of apsw. Files are real, so what a process sees is what it wrote; only syncing is
pretended, and recorded: what a power cut would leave is worked out from the record (``images``).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (the stubs of apsw name a type that Python has from 3.12 on)

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

import apsw
import msgspec

Kind = Literal[
    "write", "truncate", "sync", "sync failed", "sync folder", "delete", "acknowledge", "head noted", "head kept"
]

_JOURNALS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL

_numbers = count()


class Deed(msgspec.Struct, frozen=True, gc=False):
    """One thing that a disk was asked, or that was promised on the strength of it."""

    kind: Kind
    file: str = ""
    """The name of the file, without its folder."""
    offset: int = 0
    """Where a write begins, how long a truncated file is, or the seq that is acknowledged."""
    data: bytes = b""


class Fault(msgspec.Struct, frozen=True):
    """The answer of a disk that fails: how much of the deed was done nevertheless, from 0 to 1, and SQLite's code."""

    done: float
    code: int


def _sound(_: Deed) -> Fault | None:
    return None


class Disk:
    """The record of everything that was done, and what fails."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.fails: Callable[[Deed], Fault | None] = _sound
        """Asked before each deed."""

    def do(self, deed: Deed, perform: Callable[[Deed], object]) -> None:
        """Perform and record a deed, or as much of it as does not fail."""
        fault = self.fails(deed)
        if fault and deed.kind == "write":
            deed = msgspec.structs.replace(deed, data=deed.data[: int(fault.done * len(deed.data))])
        if fault is None or fault.done:
            perform(deed)
            self.deeds.append(deed)
        elif deed.kind == "sync":
            self.deeds.append(Deed("sync failed", deed.file))
        if fault:
            raise apsw.exception_for(fault.code)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, Path(path or "").name
        # As SQLite does it for files that are new or may be: with the first sync also the folder's.
        self._new = bool(flags[0] & apsw.SQLITE_OPEN_CREATE and flags[0] & _JOURNALS)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - named by SQLite
        write = super().xWrite
        self._disk.do(Deed("write", self._name, offset, bytes(data)), lambda deed: write(deed.data, deed.offset))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        truncate = super().xTruncate
        self._disk.do(Deed("truncate", self._name, newsize), lambda deed: truncate(deed.offset))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.do(Deed("sync", self._name), _pretend)
        if self._new:
            self._new = False
            self._disk.do(Deed("sync folder"), _pretend)


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk, name: str) -> None:
        super().__init__(name, "")
        self._disk = disk

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802
        delete = super().xDelete
        self._disk.do(Deed("delete", Path(filename).name), lambda _: delete(filename, syncdir))
        if syncdir:
            self._disk.do(Deed("sync folder"), _pretend)


def _pretend(_: Deed) -> None:
    pass


@contextmanager
def mounted(disk: Disk) -> Generator[str]:
    """Give the name under which SQLite in apsw knows a disk."""
    name = f"disk-{next(_numbers)}"
    vfs = _Vfs(disk, name)
    try:
        yield name
    finally:
        vfs.unregister()
