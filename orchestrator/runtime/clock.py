"""The clock as a port: the core is told what time it is, it never looks.

There are two kinds of time. Wall time is what is recorded and shown; people and services set it, forward and back.
Elapsed time only grows, also while the machine sleeps: waits are measured by it. A ``Watch`` holds the two against
each other and notices when the wall clock was set.

Source: reference on reliability, section 3.6.
"""

import time
from typing import NamedTuple, Protocol

from statemachines.ids import SECOND_US, Timestamp

SET_US = SECOND_US
"""By how much the wall clock has to part from the time that elapsed before it counts as set."""

_TOGETHER_US = 10_000
"""Within how much time both clocks have to be read to be held against each other."""


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> Timestamp:
        """Wall time, microseconds since the Unix epoch. It may go back; nothing is ordered by it."""
        ...

    def elapsed(self) -> int:
        """Microseconds since some moment before. Never goes back, and goes on while the machine sleeps."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> Timestamp:
        return Timestamp(time.time_ns() // 1000)

    def elapsed(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


class Look(NamedTuple):
    """What a look at the clock showed: the wall time, and by how much it was set since the last look (mostly 0)."""

    now: Timestamp
    set_by_us: int


class Watch:
    """Notices when the wall clock is set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        now, elapsed = self._read()
        self._ahead = now - elapsed

    def look(self) -> Look:
        """Look at the clock. Small differences add up until they count."""
        now, elapsed = self._read()
        set_by_us = now - elapsed - self._ahead
        if abs(set_by_us) <= SET_US:
            return Look(now, 0)
        self._ahead += set_by_us
        return Look(now, set_by_us)

    def _read(self) -> tuple[Timestamp, int]:
        """Read both clocks at once: a process that is stopped in between would see a clock that was set."""
        while True:
            before, now, elapsed = self._clock.elapsed(), self._clock.now(), self._clock.elapsed()
            if elapsed - before < _TOGETHER_US:
                return now, elapsed
