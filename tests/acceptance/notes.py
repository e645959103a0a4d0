"""What the witness noted: the judge of what ran, whatever our own log says."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from statemachines.ids import RunId


class Note(msgspec.Struct, frozen=True):
    """One line of the witness. ``at`` is monotonic seconds of this machine."""

    what: Literal["start", "end", "failed"]
    run: RunId
    pid: int
    at: float
    refs: tuple[str, ...]


class Notes:
    """The file of the witness, read as it grows."""

    def __init__(self, application: Path) -> None:
        self._path = application / "witnessed"
        self._read = 0
        self.all: list[Note] = []

    def refresh(self) -> None:
        """Take in what was written since the last time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._read += len(complete) + len(newline)
        self.all += [msgspec.json.decode(line, type=Note) for line in complete.splitlines()]

    def progress(self) -> int:
        """How many refs were made until now."""
        self.refresh()
        return len({ref for note in self.all if note.what == "end" for ref in note.refs})

    def started(self) -> Counter[str]:
        """How often each run was started."""
        return Counter(note.run for note in self.all if note.what == "start")

    def of(self, what: str) -> Iterator[Note]:
        return (note for note in self.all if note.what == what)
