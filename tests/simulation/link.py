"""The executor of one simulated daemon: the real one of a machine, over a simulated keeper and simulated inline calls.

Requests take time and keep their order; a killed daemon's are lost on the way, and a replaced one's are refused.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context

from orchestrator.executors.base import Fact, KeptStart, Sink, StaleEpoch, StopRun, Survey
from orchestrator.executors.local import LocalExecutor
from tests.simulation.faults import Faults
from tests.simulation.inline import InlineCalls
from tests.simulation.keeper import Keeper


class Link:
    """The way of one daemon to the keeper."""

    def __init__(self, keeper: Keeper, epoch: int, faults: Faults) -> None:
        self._keeper = keeper
        self._epoch = epoch
        self._faults = faults
        self._requests: deque[Callable[[], None]] = deque()
        self._asked: set[str] = set()
        self.cut = False

    async def open(self, sink: Sink) -> Survey:
        await asyncio.sleep(self._faults.delay())
        if self._epoch < self._keeper.epoch:
            raise StaleEpoch(f"epoch {self._epoch} is older than {self._keeper.epoch}")
        self._keeper.epoch = self._epoch
        self._keeper.sink_before, self._keeper.sink = self._keeper.sink, self._hear(sink)
        return self._keeper.survey()

    def _hear(self, sink: Sink) -> Sink:
        """What hears belongs to the daemon, not to the keeper: it hears nothing once it is cut off or stopped."""
        own, loop = copy_context(), asyncio.get_running_loop()

        def hear(facts: Sequence[Fact]) -> None:
            if not self.cut:
                sink(facts)

        def send(facts: Sequence[Fact]) -> None:
            loop.call_soon(hear, facts, context=own.copy())

        return send

    def start(self, runs: Sequence[KeptStart]) -> None:
        for run in runs:
            self._keeper._witness.hold("a daemon asks once for a start", run.run not in self._asked, run.run)
            self._asked.add(run.run)
            self._request(lambda run=run: self._keeper.start(run))  # type: ignore[misc]

    def stop(self, runs: Sequence[StopRun]) -> None:
        for run in runs:
            self._request(lambda run=run: self._keeper.stop(run.run))  # type: ignore[misc]

    def ahead(self) -> Mapping[str, int]:
        """Nothing waits in line: this keeper begins what it is given."""
        return {}

    def settled(self, runs: Sequence[str]) -> None:
        for run in runs:
            self._request(lambda run=run: self._keeper.settle(run))  # type: ignore[misc]

    async def close(self) -> None:
        if not self.cut and self.is_newest:
            while self._requests:
                self._next()
            self._keeper.sink = None
        self.cut = True

    @property
    def idle(self) -> bool:
        """Whether all that was asked for has reached the keeper."""
        return not self._requests

    @property
    def is_newest(self) -> bool:
        return self._epoch == self._keeper.epoch

    def sever(self) -> None:
        """The daemon was killed: nothing more goes either way."""
        self.cut = True
        if self.is_newest:
            self._keeper.sink = None

    def _request(self, request: Callable[[], None]) -> None:
        self._requests.append(request)
        asyncio.get_running_loop().call_later(self._faults.delay(), self._next)

    def _next(self) -> None:
        if self._requests and not self.cut and self.is_newest:
            self._requests.popleft()()


class Executors(LocalExecutor):
    """The executors of one daemon."""

    def __init__(self, link: Link, inline: InlineCalls) -> None:
        self._client = link  # type: ignore[assignment]  # a simulated one
        self._inline = inline
