"""The clock as a port: the core is told what time it is, it never looks."""

import time
from typing import Protocol

from statemachines.ids import Timestamp


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> Timestamp:
        """Wall time, microseconds since the Unix epoch. It may go back; nothing is ordered by it."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> Timestamp:
        return Timestamp(time.time_ns() // 1000)
