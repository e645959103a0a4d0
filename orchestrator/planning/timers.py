"""Moments at which something becomes due. A timer is a reminder to look, never a fact: a lost one costs delay only."""

from heapq import heapify, heappop, heappush
from typing import Literal, NamedTuple

from statemachines.ids import Timestamp

Kind = Literal["want_expires", "want_late", "retry", "batch"]


class Timer(NamedTuple):
    """Look at this entity (a want, a ref, a JobRun) then.

    It is the end of a wait, or ``fixed``: a moment of the calendar, which comes when the clock says so.
    """

    at: Timestamp
    kind: Kind
    about: str
    fixed: bool


class Timers:
    """The reminders, soonest first."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []

    def set(self, at: Timestamp, kind: Kind, about: str, *, fixed: bool = False) -> None:
        heappush(self._heap, Timer(at, kind, about, fixed))

    def clock_was_set(self, by_us: int) -> None:
        """Let waits last as long as they were to, by the clock as it is now. O(timers)."""
        self._heap = [one if one.fixed else one._replace(at=Timestamp(one.at + by_us)) for one in self._heap]
        heapify(self._heap)

    def due(self, now: Timestamp) -> list[Timer]:
        """Take out those whose moment has come."""
        found: list[Timer] = []
        while self._heap and self._heap[0].at <= now:
            found.append(heappop(self._heap))
        return found

    @property
    def next_at(self) -> Timestamp | None:
        return self._heap[0].at if self._heap else None
