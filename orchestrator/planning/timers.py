"""Moments at which something becomes due. A timer is a reminder to look, never a fact: a lost one costs delay only."""

from heapq import heappop, heappush
from typing import Literal, NamedTuple

from statemachines.ids import Timestamp

Kind = Literal["want_expires", "want_late", "retry", "batch"]


class Timer(NamedTuple):
    """Look at this entity (a want, a ref, a JobRun) then."""

    at: Timestamp
    kind: Kind
    about: str


class Timers:
    """The reminders, soonest first."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []

    def set(self, at: Timestamp, kind: Kind, about: str) -> None:
        heappush(self._heap, Timer(at, kind, about))

    def due(self, now: Timestamp) -> list[Timer]:
        """Take out those whose moment has come."""
        found: list[Timer] = []
        while self._heap and self._heap[0].at <= now:
            found.append(heappop(self._heap))
        return found

    @property
    def next_at(self) -> Timestamp | None:
        return self._heap[0].at if self._heap else None
