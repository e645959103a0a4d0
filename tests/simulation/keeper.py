"""A simulated keeper, which outlives daemons.

Reports are lost and told again, come late, twice, change places, go to a daemon that was replaced, and are about what
nobody started. What was claimed is never forgotten, so a second start is seen by the witness whenever it comes.
"""

import asyncio
from collections.abc import Callable
from contextvars import copy_context

import msgspec

from orchestrator.executors.base import Fact, KeptStart, RunEnded, RunStarted, Sink, Survey
from orchestrator.observations import Exit
from tests.simulation.faults import Faults
from tests.simulation.jobs import BAD, DONE, Jobs
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
        self._starts: dict[str, KeptStart] = {}
        self._asked_to_stop: set[str] = set()
        self._ends: dict[str, Exit] = {}
        self._settled: set[str] = set()
        self._outbox: list[Fact] = []
        self._own = copy_context()
        """What the keeper does later is done by itself, also where a daemon asked for it."""
        self.hanging: list[str] = []
        self.epoch = 0
        self.sink: Sink | None = None
        self.sink_before: Sink | None = None
        """Where a report goes that was on its way when a daemon was replaced."""

    @property
    def running(self) -> list[str]:
        return [run for run in self._starts if run not in self._ends]

    def survey(self) -> Survey:
        """Everything that was claimed and is not settled."""
        return {run: self._ends.get(run, "running") for run in self._starts if run not in self._settled}

    def has(self, run: str) -> bool:
        """Whether it was started."""
        return run in self._starts

    @property
    def unasked(self) -> list[str]:
        """What runs, and was not asked to stop since it was started."""
        return [run for run in self.running if run not in self._asked_to_stop]

    def start(self, start: KeptStart) -> None:
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
            self._asked_to_stop.add(run)
            self._in(GRACE_S * self._faults.dice.random(), lambda: self._stopped(self._starts[run]))

    def settle(self, run: str) -> None:
        """Let the survey forget an end."""
        self._witness.settles(run)
        if run in self._ends:
            self._settled.add(run)

    def babble(self) -> None:
        """Tell of runs that nobody started, and differently of some that are over."""
        over = [run for run in self._ends if run in self._settled]
        for run in ("r9e9-1", *self._faults.dice.sample(over, min(2, len(over)))):
            facts: list[Fact] = [RunStarted(run, 0, 7), RunEnded(run, self._faults.dice.choice((DONE, BAD)))]
            self._tell(self._faults.dice.choice(facts))

    def crash(self) -> None:
        """Everything that runs is lost; reports that are not told yet come later, from its records."""
        lost, self._outbox = self._outbox, []
        for fact in lost:
            self._in(TOLD_AGAIN_S, self._put(fact))
        for run in self.running:
            self._end(run, Exit(kind="lost", message="the keeper died"))

    def _finish(self, start: KeptStart) -> None:
        if start.run not in self._ends:
            self._end(start.run, self._jobs.play_kept(start))

    def _stopped(self, start: KeptStart) -> None:
        if start.run in self._ends:
            return
        how = Exit(kind="canceled", stop_requested=True)
        if self._faults.dice.random() < 0.2:
            done = self._jobs.play_kept(start)
            how = msgspec.structs.replace(how, said=done.said)
            if (done.kind, done.code) == (DONE.kind, DONE.code):
                self._faults.counted["a run is done before it is stopped"] += 1
                how = msgspec.structs.replace(how, kind="exit")
        self._end(start.run, how)

    def _end(self, run: str, how: Exit) -> None:
        self._ends[run] = how
        if self._faults.strike("a report is lost, and told again much later"):
            self._in(TOLD_AGAIN_S, lambda: self._tell(RunEnded(run, how)))
        else:
            self._tell(RunEnded(run, how))

    def _tell(self, fact: Fact) -> None:
        self._in(self._faults.delay(LATE_S if self._faults.strike("a report comes late") else 0.1), self._put(fact))
        if self._faults.strike("a report comes twice"):
            self._in(self._faults.delay(self._faults.dice.choice((0.1, LATE_S))), self._put(fact))

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
        if (
            facts
            and self.sink_before is not None
            and self._faults.strike("a report goes to a daemon that was replaced")
        ):
            self.sink_before(facts)
        if facts and self.sink is not None:
            self.sink(facts)

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, what, context=self._own)
