"""What the witness noted: the judge of what ran, whatever our own log says."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from statemachines.ids import RunId


class Note(msgspec.Struct, frozen=True):
    """One line of the witness. ``at`` is monotonic seconds of this machine, ``code`` the exit code to end with."""

    what: Literal["start", "end", "failed"]
    run: RunId
    pid: int
    at: float
    refs: tuple[str, ...]
    code: int = 0


class Notes:
    """The file of the witness, read as it grows."""

    def __init__(self, application: Path) -> None:
        self._path = application / "witnessed"
        self._read = 0
        self._made: set[str] = set()
        self.all: list[Note] = []

    def refresh(self) -> list[Note]:
        """Take in what was written since the last time, and give it."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._read += len(complete) + len(newline)
        new = [msgspec.json.decode(line, type=Note) for line in complete.splitlines()]
        self.all += new
        self._made.update(ref for note in new if note.what == "end" for ref in note.refs)
        return new

    def progress(self) -> int:
        """How many refs were made until now."""
        self.refresh()
        return len(self._made)

    def started(self) -> Counter[str]:
        """How often each run was started."""
        return Counter(note.run for note in self.all if note.what == "start")

    def of(self, what: str) -> Iterator[Note]:
        return (note for note in self.all if note.what == what)
