"""Which moment somebody means: a seq, a time, or so long ago. One parser for every ``at``, ``from`` and ``to``.

    1234                          after the entry 1234
    2026-11-21T04:30:00+01:00     at that time; without a zone it is UTC
    2026-11-21                    when that day began
    -2h                           two hours ago

A moment is where a batch ends: a seq inside one is rounded down. Before the first entry and after the last there is
nothing to be seen, so a time before the first or in the future, and a seq beyond the last, are refused in words; entry
0 is the empty log. Source: design sections 3 (law 4) and 6.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from bel.errors import NoSuchSeq
from bel.log import ReadableLog
from bel.replay import round_down, seq_at_time, time_of
from orchestrator.config.units import parse_duration
from orchestrator.views.looking import iso
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Timestamp

FORMS = "write a seq (1234), a time (2026-11-21T04:30:00Z, 2026-11-21) or how long ago (-2h)"

EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between them every time can be written in any zone."""

_SEQ_DIGITS_MAX = 18
_SHOWN_MAX = 40


class NoMoment(ValueError):
    """A text that names no moment, or one that the log does not reach. ``hint`` says what to do."""

    def __init__(self, why: str, hint: str, *, outside: bool) -> None:
        super().__init__(f"{why}; {hint}")
        self.why = why
        self.hint = hint
        self.outside = outside
        """It is a moment, but before the log begins or after it ends."""


class AtSeq(NamedTuple):
    """After an entry."""

    seq: int


class AtTime(NamedTuple):
    """At a time."""

    at: Timestamp


class Moment(NamedTuple):
    """A place in a log: the end of a batch."""

    seq: int
    at: Timestamp | None
    """When that batch was written; None for the empty log."""


def parse_at(text: str, now: Timestamp) -> AtSeq | AtTime:
    """What a text says. Raises NoMoment."""
    if text.isascii() and text.isdigit() and len(text) <= _SEQ_DIGITS_MAX:
        return AtSeq(int(text))
    try:
        return AtTime(Timestamp(now - parse_duration(text[1:])) if text.startswith("-") else _time(text))
    except (ValueError, OverflowError):
        shown = text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
        raise NoMoment(f"{shown!r} is no moment", FORMS, outside=False) from None


async def find_moment(log: ReadableLog[AnyEvent], text: str, now: Timestamp) -> Moment:
    """The moment that a text means in a log. Raises NoMoment, and what reading a log raises."""
    asked = parse_at(text, now)
    seq = await _seq_at(log, asked.at, now) if isinstance(asked, AtTime) else await _rounded(log, asked.seq)
    return await moment_of(log, seq)


async def moment_of(log: ReadableLog[AnyEvent], seq: int) -> Moment:
    """The moment at a seq, which is the end of a batch."""
    return Moment(seq, Timestamp(await time_of(log, seq)) if seq else None)


async def _rounded(log: ReadableLog[AnyEvent], seq: int) -> int:
    try:
        return await round_down(log, seq)
    except NoSuchSeq:
        raise NoMoment(f"there is no entry {seq}", f"the log ends at entry {log.head.seq}", outside=True) from None


async def _seq_at(log: ReadableLog[AnyEvent], at: Timestamp, now: Timestamp) -> int:
    if at > now:
        raise NoMoment(f"{iso(at)} has not come yet", f"it is {iso(now)}", outside=True)
    seq = await seq_at_time(log, at)
    if seq == 0:
        begin = f"the log begins at {iso(await time_of(log, 1))}" if log.head.seq else "the log is empty"
        raise NoMoment(f"nothing had happened by {iso(at)}", begin, outside=True)
    return seq


def _time(text: str) -> Timestamp:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if not EARLIEST <= aware < LATEST:
        raise ValueError
    return Timestamp(round(aware.timestamp() * SECOND_US))
