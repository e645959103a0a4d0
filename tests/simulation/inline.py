"""Inline jobs in virtual time: the real executor of inline calls, with callbacks in place of its thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from orchestrator.executors.base import Fact, InlineStart, Sink, Survey
from orchestrator.executors.inline import InlineExecutor
from tests.simulation.faults import Faults
from tests.simulation.virtual import is_killed

LONGEST_S = 1.0


class InlineCalls(InlineExecutor):
    """Calls one after another, each after a while. ``starts`` is told of each call that is really made."""

    def __init__(self, faults: Faults, starts: Callable[[str], None]) -> None:
        super().__init__()
        self._faults = faults
        self._starts = starts
        self._waiting: deque[InlineStart] = deque()

    async def open(self, sink: Sink) -> Survey:
        self._loop, self._sink = asyncio.get_running_loop(), sink
        return {}

    def start(self, runs: Sequence[InlineStart]) -> None:
        super().start(runs)
        new = self._queue.get_nowait()
        assert new is not None, "it is not closed"
        idle = not self._waiting
        self._waiting.extend(new)
        if idle and new:
            self._later(self._call_next)

    async def close(self) -> None:
        self._waiting.clear()
        await super().close()

    def _call_next(self) -> None:
        if self._waiting and not is_killed.get()():
            facts = self._run(self._waiting[0])
            self._waiting.popleft()
            self._later(self._hand_over, facts)
            if self._waiting:
                self._later(self._call_next)

    def _run(self, start: InlineStart) -> list[Fact]:
        if start.run not in self._stops:
            self._starts(start.run)
        return super()._run(start)

    def _hand_over(self, facts: Sequence[Fact]) -> None:
        if not is_killed.get()():
            self._deliver(facts)

    def _later(self, what: Callable[..., None], *args: object) -> None:
        asyncio.get_running_loop().call_later(self._faults.delay(LONGEST_S), what, *args)
