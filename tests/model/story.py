"""A random story of one application: wants, faults and commands over some turns, watched after each; then the faults
stop, and everything has to come to its end.

``python -m tests.model.story SEED`` plays one story again and prints what was recorded.
"""

import sys
from collections import Counter
from collections.abc import Callable
from random import Random

from orchestrator.commands import (
    AnyCommand,
    CancelRun,
    CancelWant,
    CreateWant,
    PauseWant,
    ReportPartition,
    ResumeWant,
    RetryWant,
    TaintPartitions,
)
from orchestrator.observations import AnyObservation, JobEnded, JobStarted
from statemachines import jobrun, partition, want
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Timestamp
from statemachines.refs import Ref
from tests.kit.core import Core
from tests.model.checks import Watch
from tests.model.faults import Jobs, Run
from tests.model.graphs import random_plan

TURNS_TO_END = 600
_WORKED_ON = (want.Idle, want.Building, want.UpstreamBuilding)
_NOT_THERE = (want.Failed, want.UpstreamFailed)

EFFECTS: dict[str, Callable[[AnyEvent], object]] = {
    "a want became late": lambda event: isinstance(event, want.WantLate),
    "a want expired": lambda event: isinstance(event, want.WantExpired),
    "waiting led back to itself": lambda event: isinstance(event, partition.PartitionUpstreamFailed) and event.path,
    "an older instance was adopted": lambda event: (
        isinstance(event, partition.PartitionLive) and isinstance(event.origin, partition.Adopted)
    ),
    "an instance nobody wants was canceled": lambda event: isinstance(event, partition.PartitionCanceled),
    "a batch was joined": lambda event: isinstance(event, jobrun.JobRunJoined),
    "a try was made again later": lambda event: (
        isinstance(event, partition.PartitionUpForRetry) and event.not_before > event.at
    ),
}


class Story:
    """One application with its history; ``counted`` says what happened in it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.plan = random_plan(self.random)
        self.core = Core(self.plan.toml())
        self.watch = Watch(self.core, self.plan)
        self.jobs = Jobs(self.plan, self.core.board.world, self.random)
        self.counted: Counter[str] = Counter()
        self.effects = tuple(EFFECTS)
        self.trouble = self.random.choice([0.1, 0.35, 0.7])
        self.commands: dict[str, Callable[[], AnyCommand | None]] = {
            "want": self._want,
            "want with a ttl": lambda: self._want(ttl_us=self.random.randint(1, 60) * SECOND_US),
            "want with an sla": lambda: self._want(sla_us=self.random.randint(1, 60) * SECOND_US),
            "cancel": lambda: self._about_a_want(CancelWant, (*_WORKED_ON, want.Paused)),
            "pause": lambda: self._about_a_want(PauseWant, _WORKED_ON),
            "resume": lambda: self._about_a_want(ResumeWant, (want.Paused,)),
            "retry": lambda: self._about_a_want(RetryWant, _NOT_THERE),
            "taint": lambda: self._taint(downstream=False),
            "taint downstream": lambda: self._taint(downstream=True),
            "report": self._report,
            "cancel a run": self._cancel_run,
        }

    def play(self) -> None:
        """The whole story."""
        self.turn(self._want(), *self._given_before())
        for _ in range(self.random.randint(10, 25)):
            self._step()
        self._end()

    def _given_before(self) -> list[AnyCommand]:
        """Most of what comes from outside is there from the beginning."""
        refs = [ref for ref in self.plan.refs() if self.plan.maker(ref) == "external" and self.random.random() < 0.7]
        return [ReportPartition("test", Ref(ref), "1") for ref in refs]

    def turn(self, *inputs: AnyCommand | AnyObservation) -> None:
        """One turn, and a look at what it left."""
        before = len(self.core.facts)
        self.core.turn(*inputs)
        facts = self.core.facts[before:]
        for name, is_it in EFFECTS.items():
            self.counted[name] += sum(bool(is_it(fact.event)) for fact in facts)
        self.watch.look(facts)

    # -- while there is trouble ------------------------------------------------------------------------------------

    def _step(self) -> None:
        """Some jobs end, sometimes somebody says something, sometimes time passes."""
        inputs: list[AnyCommand | AnyObservation] = []
        for run in self.core.active():
            inputs.extend(self._ending(run) if self.random.random() < 0.75 else ())
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            command = self._command()
            if command is not None:
                inputs.append(command)
        if self.random.random() < 0.4:
            self.core.now = Timestamp(self.core.now + self.random.choice([1, 4, 15, 40]) * SECOND_US)
        self.random.shuffle(inputs)
        self.turn(*inputs)

    def _ending(self, run: Run) -> list[AnyObservation]:
        if self.random.random() < 0.2:
            return [JobStarted(run.spec.id, 7)]
        ended = self._fault(run) if self.random.random() < self.trouble else self.jobs.honest(run)
        if self.random.random() < 0.05:
            self.counted["an end was seen twice"] += 1
            return [ended, ended]
        return [ended]

    def _fault(self, run: Run) -> JobEnded:
        of_batches = [name for name in self.jobs.faults if "of a batch" in name] if len(run.spec.outputs) > 1 else []
        name = self.random.choice([*self.jobs.faults, *of_batches, *of_batches])
        ended = self.jobs.faults[name](run)
        if ended is None:
            return self.jobs.honest(run)
        self.counted[name] += 1
        return ended

    def _command(self) -> AnyCommand | None:
        name = self.random.choice(["want", "want", "want", "report", "report", *self.commands])
        command = self.commands[name]()
        self.counted[name] += command is not None
        return command

    def _want(self, **more: int) -> AnyCommand:
        made = [ref for ref in self.plan.refs() if ref not in self.plan.externals]
        refs = self.random.sample(made, min(len(made), self.random.choice([1, 1, 2, 3])))
        asked = [state.spec.refs for state in self.core.board.world.wants.values()]
        if asked and self.random.random() < 0.4:
            refs = list(self.random.choice(asked))
        return CreateWant("test", tuple(refs), priority=self.random.choice([0, 0, 1, 9]), **more)  # type: ignore[arg-type]

    def _about_a_want(
        self, kind: type[CancelWant | PauseWant | ResumeWant | RetryWant], states: tuple[type, ...]
    ) -> AnyCommand | None:
        found = [one for one, state in self.core.board.world.wants.items() if isinstance(state, states)]
        return kind("test", self.random.choice(found)) if found else None

    def _taint(self, *, downstream: bool) -> AnyCommand | None:
        there = list(self.core.board.holdings.canonical)
        refs = self.random.sample(there, min(len(there), self.random.choice([1, 1, 2])))
        return TaintPartitions("test", tuple(refs), "bad", downstream) if refs else None

    def _report(self) -> AnyCommand | None:
        if not self.plan.externals:
            return None
        refs = [ref for ref in self.plan.refs() if self.plan.maker(ref) == "external"]
        known = [ref for ref in refs if ref in self.core.board.holdings.canonical]
        ref = self.random.choice([*refs, *known, *known, *known])
        return ReportPartition("test", Ref(ref), self.random.choice(["1", "1", "1", "2", "2", None]))

    def _cancel_run(self) -> AnyCommand | None:
        runs = list(self.core.board.world.open_runs)
        return CancelRun("test", self.random.choice(runs)) if runs else None

    # -- when it stops ---------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Without faults everything comes to its end, and what failed becomes Successful when it is asked again."""
        wants = self.core.board.world.wants
        self.turn(*(ResumeWant("test", one) for one, state in wants.items() if isinstance(state, want.Paused)))
        self._come_to_rest()
        failed = [one for one, state in wants.items() if isinstance(state, _NOT_THERE)]
        self.turn(*(RetryWant("test", one) for one in failed))
        self._come_to_rest()
        left = {one: type(wants[one]).__name__ for one in failed if not isinstance(wants[one], want.Successful)}
        assert {state for state in left.values() if state != "Expired"} == set(), f"can be made, and is not: {left}"

    def _come_to_rest(self) -> None:
        """Play honest jobs and let time pass, until every want is closed and nothing is left unfinished."""
        world = self.core.board.world
        for _ in range(TURNS_TO_END):
            if not world.opened and not world.open_runs:
                break
            inputs: list[AnyCommand | AnyObservation] = [self.jobs.honest(run) for run in self.core.active()]
            inputs += self._help()
            if not inputs:
                self.core.now = Timestamp(max(self.core.board.timers.next_at or 0, self.core.now + SECOND_US))
            self.turn(*inputs)
        stuck = {one: type(world.wants[one]).__name__ for one in world.opened}
        unfinished = [one for one, state in world.partitions.items() if isinstance(state, partition.Unfinished)]
        assert (stuck, list(world.open_runs), unfinished) == ({}, [], []), "it does not come to rest"

    def _help(self) -> list[AnyCommand]:
        """Report what is awaited from outside, and want what is only queried, since nobody else does."""
        awaited = [node for node in self.core.board.graph.nodes() if (node.dependents or node.roots) and not node.done]
        queried = tuple(node.ref for node in awaited if self.plan.maker(node.ref) == "job" and not node.opened)
        reports = [ReportPartition("test", n.ref, "1") for n in awaited if self.plan.maker(n.ref) == "external"]
        return [*reports, *([CreateWant("test", queried)] if queried else ())]


def play(seed: int) -> Counter[str]:
    """Play the story of a seed; what fails says how to play it again. Returns what happened how often."""
    story = Story(seed)
    try:
        story.play()
    except Exception as error:
        error.add_note(f"seed {seed}; play it again with: .venv/bin/python -m tests.model.story {seed}")
        raise
    return story.counted


if __name__ == "__main__":
    told = Story(int(sys.argv[1]))
    print(told.plan.toml())
    try:
        told.play()
    finally:
        for fact in told.core.facts:
            print(fact.seq, fact.event)
