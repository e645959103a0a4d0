"""How fast runs have ended, pool by pool, and so how many more may wait in line without waiting long.

Between the end of a run and the start of the next lie two commits and a few messages, in which a slot would stand idle.
So a few runs are handed over beyond the slots: as many as ended in the last moment, since that many will be taken from
the line within the next one. A pool whose runs take long has none in its line.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping

HORIZON_S = 0.05
"""How long a run may be expected to wait in line."""
AHEAD_MAX = 256


class Pace:
    """The ends of the last moment. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[str, int]] = {}
        self._ended: deque[tuple[float, str, int]] = deque()

    def started(self, run: str, pool: str, slots: int) -> None:
        """Note whose slots a run takes."""
        self._running[run] = (pool, slots)

    def ended(self, runs: Iterable[str], now: float) -> None:
        """Note that runs have ended."""
        taken = [self._running.pop(run) for run in runs if run in self._running]
        self._ended.extend((now, pool, slots) for pool, slots in taken)

    def ahead(self, now: float) -> Mapping[str, int]:
        """Say how many slots' worth of runs may wait in the line of each pool."""
        while self._ended and self._ended[0][0] < now - HORIZON_S:
            self._ended.popleft()
        lately: Counter[str] = Counter()
        for _, pool, slots in self._ended:
            lately[pool] += slots
        return {pool: min(slots, AHEAD_MAX) for pool, slots in lately.items()}
