"""Runs that wait for slots of their pool: a line a pool, first come, first served.

A run holds its slots from the moment it is let out of its line until it has ended. So a pool is never exceeded however
many runs are handed over, and a slot that becomes free is taken in the same turn. Each run says how large its pool is:
what was claimed under an older configuration ends under it.
"""

from collections import Counter, deque
from collections.abc import Sequence

from orchestrator.executors.keeper.run import Run


class Lines:
    """The lines of all pools, and who holds slots."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Run]] = {}
        self._held: Counter[str] = Counter()
        self._holders: set[str] = set()

    def __bool__(self) -> bool:
        """Tell if anybody waits."""
        return bool(self._waiting)

    @property
    def can_let_out(self) -> bool:
        """Tell if there are slots for somebody who waits."""
        return any(self._has_room(line[0]) for line in self._waiting.values())

    def join(self, run: Run) -> None:
        """Put a run at the end of the line of its pool."""
        self._waiting.setdefault(run.request.pool.name, deque()).append(run)

    def let_out(self, most: int) -> list[Run]:
        """Take out those for whom there are slots, at most so many; they hold them from now."""
        out: list[Run] = []
        for pool, line in list(self._waiting.items()):
            while line and len(out) < most and self._has_room(line[0]):
                out.append(line.popleft())
                self._hold(out[-1])
            if not line:
                del self._waiting[pool]
        return out

    def put_back(self, runs: Sequence[Run]) -> None:
        """Let runs that were let out wait again, before all others and in their order; they hold no slots."""
        for run in reversed(runs):
            self.give_back(run)
            self._waiting.setdefault(run.request.pool.name, deque()).appendleft(run)

    def leave(self, run: Run) -> bool:
        """Take out a run that nobody will work on; False where it does not wait here."""
        line = self._waiting.get(run.request.pool.name, ())
        if run not in line:
            return False
        self._waiting[run.request.pool.name] = rest = deque(other for other in line if other is not run)
        if not rest:
            del self._waiting[run.request.pool.name]
        return True

    def give_back(self, run: Run) -> None:
        """Note that a run has ended: the slots it held, if any, are free."""
        if run.request.run in self._holders:
            self._holders.remove(run.request.run)
            self._held[run.request.pool.name] -= run.request.slots

    def _has_room(self, run: Run) -> bool:
        return self._held[run.request.pool.name] + run.request.slots <= run.request.pool.size

    def _hold(self, run: Run) -> None:
        self._holders.add(run.request.run)
        self._held[run.request.pool.name] += run.request.slots
