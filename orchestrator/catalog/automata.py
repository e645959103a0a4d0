"""The texts that one segment of a pattern matches, as a small automaton.

A state says which part of the segment is being read and how far. How far is kept only as exactly as the rest of the
text can depend on it: of a year, whether it is a leap year; of a number, how long it is and how it compares with the
bounds. So an automaton has some hundred states at most, however many values its types have.

Texts of the typed kinds other than int have one width and sort like their values, so bounds are compared char by char.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from orchestrator.catalog.kinds import DATE, INT, WEEK, Kind
from orchestrator.catalog.patterns import Segment, Text, Typed


class Progress(NamedTuple):
    """How far a part was read: a stand-in for the text, and how it compares with the bounds (0: equal so far)."""

    text: str = ""
    low: int = 0
    high: int = 0


class State(NamedTuple):
    """Which part of a segment is being read, and how far."""

    part: int
    progress: Progress


class Reader(Protocol):
    """Reads one part of a segment."""

    def step(self, progress: Progress, char: str) -> Progress | None:
        """Read one more char, or return None where the part cannot go on with it."""
        ...

    def done(self, progress: Progress) -> bool:
        """Say whether the part may end here."""
        ...


class SegmentAutomaton:
    """The automaton of a segment, with several states at a time where a part may end or go on."""

    def __init__(self, segment: Segment) -> None:
        self._readers = [_reader(part) for part in segment]
        self.start = State(0, Progress())

    def step(self, state: State, char: str) -> Iterator[State]:
        """Yield every state that one more char leads to."""
        reader = self._readers[state.part]
        progress = reader.step(state.progress, char)
        if progress is None:
            return
        yield State(state.part, progress)
        if reader.done(progress) and state.part + 1 < len(self._readers):
            yield State(state.part + 1, Progress())

    def accepts(self, state: State) -> bool:
        """Say whether the segment may end here."""
        return state.part == len(self._readers) - 1 and self._readers[state.part].done(state.progress)


def _reader(part: str | Text | Typed) -> Reader:
    if isinstance(part, str):
        return _LiteralReader(part)
    if isinstance(part, Text):
        return _TextReader()
    low = part.kind.write(part.low)
    high = None if part.high is None else part.kind.write(part.high)
    if part.kind is INT:
        return _NumberReader(low, high)
    assert high is not None, "only numbers have no end"
    return _CalendarReader(part.kind, low, high)


@dataclass(frozen=True, slots=True)
class _LiteralReader:
    text: str

    def step(self, progress: Progress, char: str) -> Progress | None:
        read = progress.text + char
        return Progress(read) if self.text.startswith(read) else None

    def done(self, progress: Progress) -> bool:
        return progress.text == self.text


class _TextReader:
    def step(self, progress: Progress, char: str) -> Progress | None:  # noqa: ARG002 - any char, however far it is
        return Progress("x")

    def done(self, progress: Progress) -> bool:
        return bool(progress.text)


@dataclass(frozen=True, slots=True)
class _NumberReader:
    low: str
    high: str | None

    def step(self, progress: Progress, char: str) -> Progress | None:
        if char not in "0123456789" or progress.text == "0":
            return None
        place = len(progress.text)
        if place >= max(len(self.low), len(self.high or "")):
            return Progress(progress.text) if self.high is None else None
        low = progress.low or _compare(char, self.low[place:])
        high = progress.high or _compare(char, (self.high or "")[place:])
        return Progress("0" if char == "0" and not progress.text else progress.text + "1", low, high)

    def done(self, progress: Progress) -> bool:
        size = len(progress.text)
        high_enough = size > len(self.low) or (size == len(self.low) and progress.low >= 0)
        low_enough = self.high is None or size < len(self.high) or (size == len(self.high) and progress.high <= 0)
        return size > 0 and high_enough and low_enough


@dataclass(frozen=True, slots=True)
class _CalendarReader:
    kind: Kind
    low: str
    high: str

    def step(self, progress: Progress, char: str) -> Progress | None:
        place = len(progress.text)
        if place == len(self.low) or not _same_shape(char, self.low[place]):
            return None
        low = progress.low or _compare(char, self.low[place])
        high = progress.high or _compare(char, self.high[place])
        text = _stand_in(self.kind, progress.text + char)
        return None if low < 0 or high > 0 or text is None else Progress(text, low, high)

    def done(self, progress: Progress) -> bool:
        return len(progress.text) == len(self.low)


def _compare(char: str, rest: str) -> int:
    return 0 if not rest else (char > rest[0]) - (char < rest[0])


def _same_shape(char: str, example: str) -> bool:
    return char in "0123456789" if example in "0123456789" else char == example


_CENTURY, _YEAR, _MONTH, _DATE = len("20"), len("2000"), len("2000-01"), len("2000-01-01")
_MONTH_OF_LENGTH = {31: "01", 30: "04", 29: "02", 28: "02"}


def _stand_in(kind: Kind, text: str) -> str | None:
    """Return the plainest beginning that can go on in the same ways, or None where no value begins so."""
    match len(text):
        case 2:  # the calendar repeats every 400 years, weekdays included
            return f"{int(text) % 4:02}"
        case 4:
            return _year_like(kind, 2000 + int(text))
        case 7 if kind is not WEEK:
            year, month = int(text[:4]), int(text[5:])
            return f"{year}-{_MONTH_OF_LENGTH[monthrange(year, month)[1]]}" if 1 <= month <= 12 else None
        case 10:
            return None if DATE.read(text) is None else "2000-01-01"
        case size if size == len(kind.write(kind.low)):
            return None if kind.read(text) is None else text
        case _:
            return text


def _year_like(kind: Kind, year: int) -> str:
    if kind is WEEK:
        return "2004" if date(year, 12, 28).isocalendar().week == 53 else "2001"
    return "2000" if isleap(year) else "2001"
