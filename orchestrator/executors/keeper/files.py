"""The files of a run: what its job is told, what it says, what it prints.

They lie beside each other, in no folder of their own: a folder for each run would cost the disk more than the rest.
What was said is taken when nothing of the run is left, and is on the disk with the end it belongs to, in the journal.
So the files of a run that did its work are needed no longer; those of one that failed are kept, for people.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

CONTEXT_KEY, REPORT_KEY = "WANTD_CONTEXT", "WANTD_REPORT"
"""Environment keys by which a job finds them."""
OUTPUT_KEY = "WANTD_OUTPUT"
"""Environment key by which a job that makes one thing finds the place for it, without reading its context."""
_PIECE_BYTES = 64 << 10
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Unreadable(Exception):
    """What a job put in the place of its report cannot be read. The message says why."""


class RunFiles(NamedTuple):
    """Where the files of a run lie: their names begin with ``place``."""

    place: str

    @property
    def context(self) -> str:
        """What its job is told, as JSON."""
        return f"{self.place}.context.json"

    @property
    def report(self) -> str:
        """What its job says."""
        return f"{self.place}.report"

    @property
    def log(self) -> str:
        """What it prints."""
        return f"{self.place}.log"

    def make(self, context: str) -> None:
        """Write the context, and an empty report. Raises OSError."""
        _write_new(self.context, context.encode())
        _write_new(self.report, b"")

    def said(self, bytes_max: int) -> bytes:
        """Read the report: of one that is too long just more than it may have. Raises Unreadable.

        It never blocks, whatever the job put in the place of the file: only a regular one is read. One that is not
        there says nothing.
        """
        try:
            report = os.open(self.report, _READ)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error}") from error
        try:
            if not stat.S_ISREG(os.fstat(report).st_mode):
                raise Unreadable("it is not a regular file any more")
            return b"".join(_pieces(report, bytes_max + 1))
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error}") from error
        finally:
            os.close(report)

    def keep(self, context: str, said: bytes) -> None:
        """Keep what a run that failed was told and said, for people. What the disk has no room for is not kept."""
        with contextlib.suppress(OSError):
            for path, content in ((self.context, context.encode()), (self.report, said)):
                _remove(path)
                _write_new(path, content)

    def give_back(self) -> None:
        """Remove what nobody will ask for any more: all but a log in which something is."""
        for path in (self.context, self.report):
            _remove(path)
        with contextlib.suppress(OSError):
            if os.lstat(self.log).st_size == 0:
                os.unlink(self.log)


def make_folders(folders: Iterable[str]) -> None:
    """Make folders, and those above them, for the owner only. Raises OSError."""
    for folder in folders:
        _make_folder(folder)


def _make_folder(folder: str) -> None:
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise
    except FileNotFoundError:
        _make_folder(os.path.dirname(folder))
        _make_folder(folder)


def _write_new(path: str, content: bytes) -> None:
    file = os.open(path, _NEW, 0o600)
    try:
        while content:
            content = content[os.write(file, content) :]
    finally:
        os.close(file)


def _pieces(file: int, left: int) -> Iterator[bytes]:
    """What is in the file, piece by piece: never room for all of it at once."""
    while left and (piece := os.read(file, min(left, _PIECE_BYTES))):
        yield piece
        left -= len(piece)


def _remove(path: str) -> None:
    # A job can put anything in the place of its files; what the disk will not let go stays.
    with contextlib.suppress(OSError):
        os.unlink(path)
