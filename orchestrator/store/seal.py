"""Seal an output on disk: walk it, digest it, make its files read-only.

What is kept must mean the same wherever it is moved and must not change behind our back. So a symbolic link has to be
relative and stay inside, sockets, devices and pipes are refused, and so is a file that shares its bytes with a hard
link outside. A link stays inside when ``..`` stands only at the front of its target and does not lead above the
output: then every further step goes down, through folders and links that keep to the same rule.

Folders stay writable so that people can delete a store with plain tools. The job has ended by now: what changes files
while they are read is not defended against.

Source: design section 3 (law 8) and 8.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from orchestrator.store.digest import Entry, file_digest, file_entry, folder_digest, folder_entry, link_entry
from orchestrator.store.port import Absent, BadOutput, Sealed

ENTRIES_MAX = 1_000_000
_CHUNK_BYTES = 1 << 20


class _Unfit(ValueError):
    """Why an output cannot be kept."""


def seal_output(location: Path) -> Sealed | Absent | BadOutput:
    """Digest and protect the file or folder at a location."""
    if not os.path.lexists(location):
        return Absent()
    try:
        return _Walk(os.fsencode(location)).seal()
    except _Unfit as unfit:
        return BadOutput(str(unfit))
    except OSError as error:
        return BadOutput(f"{_shown(error.filename)} cannot be read: {error.strerror}")


class _Walk:
    """One pass over an output."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._entries: list[Entry] = []
        self._size_bytes = 0
        self._files = 0
        self._names_seen: Counter[tuple[int, int]] = Counter()
        self._names_due: dict[tuple[int, int], tuple[int, bytes]] = {}

    def seal(self) -> Sealed:
        found = os.lstat(self._root)
        if stat.S_ISDIR(found.st_mode):
            self._folders(found)
            digest = folder_digest(self._entries)
        elif stat.S_ISREG(found.st_mode):
            digest = self._file(self._root, found).hex()
        else:
            raise _Unfit(f"the output is {_kind(found)}: it has to be a file or a folder")
        self._refuse_shared_bytes()
        return Sealed(digest, self._size_bytes, self._files)

    def _folders(self, root: os.stat_result) -> None:
        pending = [(b"", root)]
        while pending:
            name, found = pending.pop()
            path = self._path(name)
            if found.st_mode & stat.S_IRWXU != stat.S_IRWXU:
                os.chmod(path, stat.S_IMODE(found.st_mode) | stat.S_IRWXU)  # noqa: PTH101 - names are bytes here
            with os.scandir(path) as inside:
                for item in inside:
                    below = item.stat(follow_symlinks=False)
                    below_name = os.path.join(name, item.name)  # noqa: PTH118 - names are bytes here
                    if stat.S_ISDIR(below.st_mode):
                        pending.append((below_name, below))
                    self._entries.append(self._entry(below_name, below))
                    if len(self._entries) > ENTRIES_MAX:
                        raise _Unfit(f"the folder has more than {ENTRIES_MAX} entries: pack them into fewer files")

    def _entry(self, name: bytes, found: os.stat_result) -> Entry:
        if stat.S_ISDIR(found.st_mode):
            return folder_entry(name)
        if stat.S_ISREG(found.st_mode):
            return file_entry(name, self._file(self._path(name), found), executable=bool(found.st_mode & stat.S_IXUSR))
        if stat.S_ISLNK(found.st_mode):
            target = os.readlink(self._path(name))  # noqa: PTH115 - names are bytes here
            return link_entry(name, _checked_target(name, target))
        raise _Unfit(f"{_shown(name)} is {_kind(found)}: an output may hold files, folders and links between them")

    def _file(self, path: bytes, found: os.stat_result) -> bytes:
        os.chmod(path, (found.st_mode | stat.S_IRUSR) & 0o555)  # noqa: PTH101 - names are bytes here
        if found.st_nlink > 1:
            self._names_seen[found.st_dev, found.st_ino] += 1
            self._names_due[found.st_dev, found.st_ino] = (found.st_nlink, path)
        self._files += 1
        return file_digest(self._bytes(path, min(_CHUNK_BYTES, found.st_size + 1)))

    def _bytes(self, path: bytes, at_once: int) -> Iterator[bytes]:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            while chunk := os.read(handle, at_once):
                self._size_bytes += len(chunk)
                yield chunk
        finally:
            os.close(handle)

    def _refuse_shared_bytes(self) -> None:
        for inode, (names, path) in self._names_due.items():
            if self._names_seen[inode] != names:
                raise _Unfit(f"{_shown(path)} is a hard link to a file outside the output: copy the file instead")

    def _path(self, name: bytes) -> bytes:
        return os.path.join(self._root, name) if name else self._root  # noqa: PTH118 - names are bytes here


def _checked_target(name: bytes, target: bytes) -> bytes:
    steps = [step for step in target.split(b"/") if step not in {b"", b"."}]
    upwards = next((count for count, step in enumerate(steps) if step != b".."), len(steps))
    if target.startswith(b"/"):
        raise _Unfit(f"the link {_shown(name)} points to the absolute path {_shown(target)}: make it relative")
    if upwards > name.count(b"/") or b".." in steps[upwards:]:
        raise _Unfit(f"the link {_shown(name)} points to {_shown(target)}, out of the output: copy the file instead")
    return target


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a pipe",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


def _kind(found: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(found.st_mode), "of an unknown kind")


def _shown(name: bytes | str | None) -> str:
    return repr(os.fsdecode(name)) if name is not None else "the output"
