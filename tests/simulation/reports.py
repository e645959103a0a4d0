"""Stories told twice: once as they happened, once through a bad line.

The line brings every report of a job one to five times, out of order, long after its end, about other tries, other
runs and other daemons. ``Repeated`` keeps the order in which reports first come and leaves exactly the same log;
``Permuted`` keeps no order and leaves the same states, by whatever names.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from orchestrator.commands import AnyCommand, CancelRun, CancelWant, PauseWant, ResumeWant, RetryWant
from orchestrator.observations import AnyObservation, Exit, JobEnded, JobStarted
from statemachines import jobrun, partition, want
from statemachines.ids import RunId, WantId
from statemachines.snapshot import encode_world
from statemachines.traits import head_of, live_of
from statemachines.world import World
from tests.kit.core import Core
from tests.model.faults import Jobs
from tests.model.story import Story

Report = JobStarted | JobEnded

COPIES_MAX = 5
LATE_MAX = 6
"""How many reports of long ago come with one turn."""


class Line:
    """Makes of the reports of a turn what comes in; ``sent`` counts it, by kind."""

    def __init__(self, story: Story) -> None:
        self._random = story.random
        self._told: list[Report] = []
        self.sent: Counter[str] = Counter()

    def noise(self, reports: Sequence[Report], world: World) -> list[Report]:
        """Everything that comes beside the first of each report."""
        found = self._say("again", [one for one in reports for _ in range(self._random.randint(0, COPIES_MAX - 1))])
        late = self._some(self._told, LATE_MAX)
        found += self._say("late", late)
        found += self._say("otherwise", [self._otherwise(one) for one in self._some(late, 4)])
        found += self._say("of another daemon", [self._elsewhere(one) for one in self._some([*late, *reports], 4)])
        found += self._say("of a run that waits", self._of_waiting(late, world))
        self._told += reports
        return found

    def say(self, reports: Iterable[Report]) -> list[Report]:
        """The first of each report."""
        return self._say("once", [*reports])

    def _say(self, kind: str, reports: list[Report]) -> list[Report]:
        self.sent[kind] += len(reports)
        return reports

    def _some(self, reports: Sequence[Report], most: int) -> list[Report]:
        return self._random.sample(reports, min(len(reports), self._random.randint(0, most)))

    def _otherwise(self, report: Report) -> Report:
        """The end of a try that is over, told differently."""
        if isinstance(report, JobStarted):
            return JobStarted(report.run, report.pid + 1)
        ends = (Exit(kind="exit"), Exit(kind="exit", code=9), Exit(kind="lost"), Exit(kind="canceled"))
        return msgspec.structs.replace(report, exit=self._random.choice(ends))

    def _elsewhere(self, report: Report) -> Report:
        """The report of a run of the same number, started by a daemon of another epoch."""
        return msgspec.structs.replace(report, run=RunId(f"r99ff-{report.run.rpartition('-')[2]}"))

    def _of_waiting(self, reports: Iterable[Report], world: World) -> list[Report]:
        """Reports that name a run which was never started."""
        waiting = [run for run in world.open_runs if isinstance(world.runs[run], jobrun.Queued | jobrun.Buffering)]
        return [msgspec.structs.replace(one, run=run) for one, run in zip(reports, waiting, strict=False)]


class Repeated(Story):
    """What comes again comes after it came first, and first comes in order: the log is the same, entry by entry."""

    kinds: tuple[str, ...] = ("once", "again", "late", "otherwise", "of another daemon", "of a run that waits")

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.noisy = Core(self.plan.toml())
        self.line = Line(self)

    def turn(self, *inputs: AnyCommand | AnyObservation) -> None:
        before = len(self.core.facts)
        self.core.turn(*inputs)
        self.noisy.now = self.core.now
        self.noisy.turn(*self._through_line(inputs))
        assert self.noisy.facts[before:] == self.core.facts[before:], "another log came of it"

    def _end(self) -> None:
        """Come to rest. Whether what failed can be made then is judged in tests/model."""
        wants = self.core.board.world.wants
        self.turn(*(ResumeWant("test", one) for one, state in wants.items() if isinstance(state, want.Paused)))
        self._come_to_rest()

    def end(self) -> None:
        """Hold the worlds against each other, byte for byte."""
        assert encode_world(self.noisy.board.world) == encode_world(self.core.board.world)

    def _through_line(self, inputs: Sequence[AnyCommand | AnyObservation]) -> list[AnyCommand | AnyObservation]:
        reports = self.line.say(one for one in inputs if isinstance(one, Report))
        found = [*inputs]
        for one in self.line.noise(reports, self.noisy.board.world):
            first = found.index(one) if one in reports else -1
            found.insert(self.random.randint(first + 1, len(found)), one)
        return found


class Picture(NamedTuple):
    """A world without names, orders and times."""

    partitions: dict[str, list[object]]
    """Of each ref its instances in order: state, tries, and what the bytes are."""
    runs: Counter[object]
    wants: list[str]


class Permuted(Repeated):
    """Nothing comes in order. Pools are wide and nothing is batched: what is decided then depends on no order."""

    kinds = ("once", "again", "late", "otherwise", "of another daemon")

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        rules = {
            name: replace(rule, more=tuple(line for line in rule.more if not line.startswith("batch")))
            for name, rule in self.plan.rules.items()
        }
        self.plan = replace(self.plan, rules=rules, pools=dict.fromkeys(self.plan.pools, 10_000))
        self.core, self.noisy = Core(self.plan.toml()), Core(self.plan.toml())
        self.jobs = Jobs(self.plan, self.core.board.world, self.random)

    def turn(self, *inputs: AnyCommand | AnyObservation) -> None:
        commands = [one for one in inputs if isinstance(one, AnyCommand)]
        reports = [one for one in inputs if isinstance(one, Report)]
        theirs = [self._theirs(one) for one in commands]
        told = self.line.say(msgspec.structs.replace(one, run=self._run(one.run)) for one in reports)
        told += self.line.noise(told, self.noisy.board.world)
        self.random.shuffle(told)
        self.core.turn(*commands, *reports)
        self.noisy.now = self.core.now
        self.noisy.turn(*theirs, *told)
        assert picture(self.noisy.board.world) == picture(self.core.board.world), "other states came of it"

    def end(self) -> None:
        """Every turn was looked at."""

    def _theirs(self, command: AnyCommand) -> AnyCommand:
        """The same command, by the names of the other world."""
        match command:
            case CancelRun(run=run):
                return msgspec.structs.replace(command, run=self._run(run))
            case CancelWant(want=one) | PauseWant(want=one) | ResumeWant(want=one) | RetryWant(want=one):
                return msgspec.structs.replace(command, want=self._want_there(one))
            case _:
                return command

    def _want_there(self, one: WantId) -> WantId:
        return [*self.noisy.board.world.wants][[*self.core.board.world.wants].index(one)]

    def _run(self, run: RunId) -> RunId:
        """The run there that makes the same refs, as the same one of all that made them."""
        here, there = self.core.board.world, self.noisy.board.world
        refs = _refs(here, run)
        number = [one for one in here.runs if _refs(here, one) == refs].index(run)
        return [one for one in there.runs if _refs(there, one) == refs][number]


def _refs(world: World, run: RunId) -> list[str]:
    spec = head_of(world.runs[run])
    assert isinstance(spec, jobrun.RunSpec), "nothing is batched"
    return [output.ref for output in spec.outputs]


def picture(world: World) -> Picture:
    """What there is, whatever it is called."""
    partitions: dict[str, list[object]] = {}
    for state in world.partitions.values():
        partitions.setdefault(state.spec.ref, []).append(_instance(world, state))
    runs = Counter[object]((type(state).__name__, *_refs(world, run)) for run, state in world.runs.items())
    return Picture(partitions, runs, [type(state).__name__ for state in world.wants.values()])


def _instance(world: World, state: partition.Partition) -> object:
    live = live_of(state)
    attempt = state.attempt if isinstance(state, partition.Unfinished) else None
    tries = (0, 0) if attempt is None else (attempt.tries, attempt.lost)
    if live is None:
        return type(state).__name__, tries
    reads = sorted(world.partitions[read].spec.ref for read in world.reads_of(live))
    return type(state).__name__, tries, live.content.digest, reads
