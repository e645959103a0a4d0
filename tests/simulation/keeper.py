"""A simulated keeper, which outlives daemons, and the executor by which each daemon reaches it.

Requests take time and keep their order; a killed daemon's are lost on the way. Reports are lost and told again, come
late, twice, and change places. What was claimed is never forgotten, so a second start is seen by the witness whenever
it comes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context

from orchestrator.executors.base import (
    Fact,
    ProcessStart,
    RunEnded,
    RunStarted,
    Sink,
    StaleEpoch,
    StartRun,
    StopRun,
    Survey,
)
from orchestrator.observations import Exit
from tests.simulation.faults import Faults
from tests.simulation.jobs import DONE, Jobs
from tests.simulation.witness import Witness

DURATIONS_S = (0.01, 0.2, 1.0, 5.0, 30.0)
GRACE_S = 2.0
TOLD_AGAIN_S = 40.0
LATE_S = 20.0


class Keeper:
    """Runs jobs, in virtual time."""

    def __init__(self, jobs: Jobs, faults: Faults, witness: Witness) -> None:
        self._jobs = jobs
        self._faults = faults
        self._witness = witness
        self._starts: dict[str, ProcessStart] = {}
        self._ends: dict[str, Exit] = {}
        self._settled: set[str] = set()
        self._outbox: list[Fact] = []
        self.hanging: list[str] = []
        self.epoch = 0
        self.sink: Sink | None = None

    @property
    def running(self) -> list[str]:
        return [run for run in self._starts if run not in self._ends]

    def survey(self) -> Survey:
        """Everything that was claimed and is not settled."""
        return {run: self._ends.get(run, "running") for run in self._starts if run not in self._settled}

    def start(self, start: ProcessStart) -> None:
        """Begin a run. The survey told what began before: nobody asks for that again."""
        self._starts[start.run] = start
        self._witness.starts(start.run, self.running)
        if not self._faults.strike("a run is not seen starting"):
            self._tell(RunStarted(start.run, 0, 7))
        if self._faults.strike("a job hangs"):
            self.hanging.append(start.run)
        else:
            self._in(self._faults.dice.choice(DURATIONS_S) * self._faults.dice.random(), lambda: self._finish(start))

    def stop(self, run: str) -> None:
        """End a run within its grace; it may have been done just then."""
        self._witness.asks_to_stop(run)
        if run in self._starts:
            self._in(GRACE_S * self._faults.dice.random(), lambda: self._stopped(self._starts[run]))

    def settle(self, run: str) -> None:
        """Let the survey forget an end."""
        self._witness.settles(run)
        if run in self._ends:
            self._settled.add(run)

    def crash(self) -> None:
        """Everything that runs is lost; reports that are not told yet come later, from its records."""
        lost, self._outbox = self._outbox, []
        for fact in lost:
            self._in(TOLD_AGAIN_S, self._put(fact))
        for run in self.running:
            self._end(run, Exit(kind="lost", message="the keeper died"))

    def _finish(self, start: ProcessStart) -> None:
        if start.run not in self._ends:
            self._end(start.run, self._jobs.play(start))

    def _stopped(self, start: ProcessStart) -> None:
        if start.run in self._ends:
            return
        if self._faults.dice.random() < 0.2 and self._jobs.play(start) == DONE:
            self._faults.counted["a run is done before it is stopped"] += 1
            self._end(start.run, Exit(kind="exit", stop_requested=True))
        else:
            self._end(start.run, Exit(kind="canceled", stop_requested=True))

    def _end(self, run: str, how: Exit) -> None:
        self._ends[run] = how
        if self._faults.strike("a report is lost, and told again much later"):
            self._in(TOLD_AGAIN_S, lambda: self._tell(RunEnded(run, how)))
        else:
            self._tell(RunEnded(run, how))

    def _tell(self, fact: Fact) -> None:
        self._in(self._faults.delay(LATE_S if self._faults.strike("a report comes late") else 0.1), self._put(fact))
        if self._faults.strike("a report comes twice"):
            self._in(self._faults.delay(LATE_S), self._put(fact))

    def _put(self, fact: Fact) -> Callable[[], None]:
        def put() -> None:
            self._outbox.append(fact)
            self._in(self._faults.delay(0.2), self._deliver)

        return put

    def _deliver(self) -> None:
        """Hand over what is told by now; to nobody, if nobody listens: the next survey has it."""
        facts, self._outbox = self._outbox, []
        if len(facts) > 1 and self._faults.strike("reports change places"):
            self._faults.dice.shuffle(facts)
        if facts and self.sink is not None:
            self.sink(facts)

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, what)


class Link:
    """The executor of one daemon."""

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
        own = copy_context()
        self._keeper.epoch = self._epoch
        self._keeper.sink = lambda facts: own.copy().run(
            sink, facts
        )  # what hears belongs to the daemon, not to the keeper
        return self._keeper.survey()

    def start(self, runs: Sequence[StartRun]) -> None:
        for run in runs:
            assert isinstance(run, ProcessStart), "all jobs of a plan are processes"
            self._keeper._witness.hold("a daemon asks once for a start", run.run not in self._asked, run.run)
            self._asked.add(run.run)
            self._request(lambda run=run: self._keeper.start(run))  # type: ignore[misc]

    def stop(self, runs: Sequence[StopRun]) -> None:
        for run in runs:
            self._request(lambda run=run: self._keeper.stop(run.run))  # type: ignore[misc]

    def settled(self, runs: Sequence[str]) -> None:
        for run in runs:
            self._request(lambda run=run: self._keeper.settle(run))  # type: ignore[misc]

    async def close(self) -> None:
        if not self.cut and self._epoch == self._keeper.epoch:
            while self._requests:
                self._next()
            self._keeper.sink = None
        self.cut = True

    def sever(self) -> None:
        """The daemon was killed: nothing more goes either way."""
        self.cut = True
        if self._epoch == self._keeper.epoch:
            self._keeper.sink = None

    def _request(self, request: Callable[[], None]) -> None:
        self._requests.append(request)
        asyncio.get_running_loop().call_later(self._faults.delay(), self._next)

    def _next(self) -> None:
        if self._requests and not self.cut and self._epoch == self._keeper.epoch:
            self._requests.popleft()()
