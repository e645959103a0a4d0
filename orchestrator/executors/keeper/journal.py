"""The journal of a keeper: which runs it claimed, and how they ended.

Append-only JSON lines in ``<keepers>/<id>/journal``. Laws:

- A claim is on the disk before its run is spawned. An end is written down before anybody is told of it, which survives
  this process, and synced a moment later: should the machine go down before the log has it, what the run made may be
  gone too, and it is lost.
- The file is locked before it gets its name, and the lock lasts as long as the keeper lives. So a journal that can be
  seen without its lock belongs to a dead keeper, always.
- A last line without its newline is no claim on the strength of which anything was started: it is not read.
- A disk without room is waited out: ``NoRoom`` leaves the file as it was. Any other failure has an unknown
  outcome and ends the keeper.

Why settled runs may be dropped, although an id must stay refused for ever: a run is settled after its end was committed
to the log, and from then on no state of the log owes its start. Only a daemon that does not know this could ask again:
an older one, which its epoch gives away, or the same one out of order, which one connection does not allow. So it is
enough to remember what is not settled, in this journal and earlier ones, and the newest epoch.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypedDict

from orchestrator.executors.keeper import procfs
from orchestrator.executors.keeper.room import FULL, NoRoom
from orchestrator.executors.keeper.shapes import as_line, table, text, texts, whole

NAME = "journal"
_NEXT = "journal.next"
_GROWN_BYTES = 16 << 20


class Header(TypedDict):
    """The first line: whose journal this is."""

    keeper: str
    pid: int
    boot: str


class Began(NamedTuple):
    """The process that leads a run's session, and the clock ticks between which it was started.

    Its own start time lies between them: to read that would cost nearly as much as the start itself. No other process
    is given the pid before this one is dead and reaped, so none that has it was started between them.
    """

    pid: int
    from_ticks: int
    upto_ticks: int

    def is_still(self, process: procfs.Process | None) -> bool:
        """Tell if a process is the one that was started, and not a later one with its pid."""
        return process is not None and (
            process.pid == self.pid and self.from_ticks <= process.started_ticks <= self.upto_ticks
        )


End = dict[str, object]
"""How a run ended, as it goes over the wire; the fields of ``base.Exit``."""


class BadJournal(Exception):
    """A journal holds something that no keeper wrote. The message names file and line."""


class Recorded(NamedTuple):
    """What a journal says: each run that is not settled, in the order of claims."""

    header: Header
    claims: dict[str, int]
    began: dict[str, Began]
    ends: dict[str, End]


def claims_line(runs: Iterable[str], epoch: int) -> dict[str, object]:
    """Say that these runs will be started, for a daemon of this epoch."""
    return {"claims": list(runs), "epoch": epoch}


def began_line(run: str, began: Began) -> dict[str, object]:
    """Say which process leads a run."""
    return {"began": run, "pid": began.pid, "ticks": began.from_ticks, "upto": began.upto_ticks}


def end_line(run: str, end: End) -> dict[str, object]:
    """Say how a run ended."""
    return {"end": run, "exit": end}


def settled_line(runs: Iterable[str]) -> dict[str, object]:
    """Say that nobody needs the records of these runs any more."""
    return {"settled": list(runs)}


class Journal:
    """The journal of this process, open for appending."""

    def __init__(self, folder: str, header: Header) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._header = header
        self._file, self._size = self._write_next([])
        self._size_rewritten = self._size
        os.link(_NEXT, NAME, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        os.unlink(_NEXT, dir_fd=self._folder)
        os.fsync(self._folder)

    @property
    def keeper(self) -> str:
        """Name the keeper whose journal this is."""
        return self._header["keeper"]

    def append(self, lines: Iterable[Mapping[str, object]]) -> None:
        """Write lines and bring them to the disk with one sync. Raises NoRoom."""
        self.note(lines)
        self.sync()

    def sync(self) -> None:
        """Bring everything that was written to the disk."""
        os.fdatasync(self._file)

    def note(self, lines: Iterable[Mapping[str, object]]) -> None:
        """Write lines that survive this process, though not this machine. Raises NoRoom."""
        data = _encode(lines)
        try:
            _write_all(self._file, data)
        except OSError as error:
            if error.errno not in FULL:
                raise
            os.ftruncate(self._file, self._size)
            raise NoRoom from error
        self._size += len(data)

    def rewrite(self, lines: Iterable[Mapping[str, object]]) -> None:
        """Replace everything by these lines, in one step. Raises NoRoom."""
        try:
            file, size = self._write_next(lines)
        except OSError as error:
            if error.errno not in FULL:
                raise
            os.unlink(_NEXT, dir_fd=self._folder)
            raise NoRoom from error
        os.rename(_NEXT, NAME, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        os.fsync(self._folder)
        os.close(self._file)
        self._file, self._size = file, size
        self._size_rewritten = size

    @property
    def has_grown(self) -> bool:
        """Tell if it is so much larger than when it was last rewritten that this is worth its cost."""
        return self._size > 2 * self._size_rewritten + _GROWN_BYTES

    def _write_next(self, lines: Iterable[Mapping[str, object]]) -> tuple[int, int]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        file = os.open(_NEXT, flags, 0o600, dir_fd=self._folder)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = _encode([self._header, *lines])
            _write_all(file, data)
            os.fdatasync(file)
        except OSError:
            os.close(file)
            raise
        return file, len(data)


def is_alive(path: str) -> bool:
    """Tell if the keeper of this journal lives. Cost: microseconds."""
    while True:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Shared, so that two who ask at the same time do not take each other for the keeper.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return False
        except BlockingIOError:
            return True
        finally:
            os.close(file)


def read_journal(path: str) -> Recorded:
    """Read what a journal says. Raises BadJournal, and OSError where it cannot be read."""
    with open(path, "rb") as file:
        complete, _, _torn = file.read().rpartition(b"\n")
    head, *lines = complete.split(b"\n")
    try:
        recorded = Recorded(_header(json.loads(head)), {}, {}, {})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadJournal(f"{path}, line 1: not the header of a keeper's journal ({error!r})") from error
    for number, line in enumerate(lines, start=2):
        try:
            _apply(recorded, json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadJournal(
                f"{path}, line {number}: {line[:200]!r} is not a record ({error!r}); make sure that none of its "
                f"jobs runs any more, then remove the folder"
            ) from error
    return recorded


def _header(said: object) -> Header:
    fields = table(said)
    return Header(keeper=text(fields["keeper"]), pid=whole(fields["pid"]), boot=text(fields["boot"]))


def _apply(recorded: Recorded, said: object) -> None:
    line = table(said)
    if "claims" in line:
        recorded.claims.update(dict.fromkeys(texts(line["claims"]), whole(line["epoch"])))
    elif "began" in line:
        ticks = whole(line["ticks"])  # earlier keepers looked at the one tick of its start
        recorded.began[text(line["began"])] = Began(whole(line["pid"]), ticks, whole(line.get("upto", ticks)))
    elif "end" in line:
        recorded.ends[text(line["end"])] = table(line["exit"])
    else:
        for run in texts(line["settled"]):
            recorded.claims.pop(run, None)
            recorded.began.pop(run, None)
            recorded.ends.pop(run, None)


def new_header(keeper: str) -> Header:
    """Describe this process as the keeper of a new journal."""
    return Header(keeper=keeper, pid=os.getpid(), boot=procfs.boot_id())


def _encode(lines: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(map(as_line, lines))


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
