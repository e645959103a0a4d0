"""In random applications whose inputs are all declared, a plan is what then happens."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from orchestrator.commands import AnyCommand, CancelWant, ReportPartition, TaintPartitions
from orchestrator.views.plan import plan
from orchestrator.views.shapes import Plan as Planned
from statemachines import jobrun
from statemachines.refs import Ref
from tests.kit.core import Core
from tests.model.graphs import Plan, random_plan
from tests.views.samples import Fresh, place, play_to_the_end


def static_plan(dice: Random) -> Plan:
    """An application of jobs that find nothing out while they run."""
    found = random_plan(dice)
    found.rules = {name: replace(rule, dynamic=False, hidden=()) for name, rule in found.rules.items()}
    return found


class Application:
    """One application with a random past."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.plan = static_plan(self.dice)
        self.core = Core(self.plan.toml())
        self.job = Fresh()
        self.made = [ref for ref in self.plan.refs() if self.plan.maker(ref) == "job"]

    def live_through_a_past(self) -> None:
        """Some things are built, some of them tainted; most of what comes from outside is there. No want is open."""
        outside = [ref for ref in self.plan.refs() if self.plan.maker(ref) == "external" and self.dice.random() < 0.9]
        self.core.turn(*(ReportPartition("test", Ref(ref), "1") for ref in outside))
        for _ in range(self.dice.randint(0, 3)):
            self.core.want(*self.some())
            play_to_the_end(self.core, self.job)
            self.core.turn(*(CancelWant("test", one) for one in self.core.board.world.opened))
        there = tuple(Ref(ref) for ref in self.some() if self.core.is_live(ref))
        commands: list[AnyCommand] = [TaintPartitions("test", there, "bad", self.dice.random() < 0.5)] if there else []
        self.core.turn(*commands)

    def some(self) -> list[str]:
        return self.dice.sample(self.made, self.dice.randint(1, min(4, len(self.made))))

    def built_since(self, fact: int) -> Counter[tuple[str, str]]:
        """What JobRuns were launched for since then: refs, by job."""
        launched = [one.event.id for one in self.core.facts[fact:] if isinstance(one.event, jobrun.JobRunLaunching)]
        runs = [self.core.board.world.runs[run] for run in launched]
        return Counter(
            (run.spec.job, str(out.ref)) for run in runs if isinstance(run, jobrun.RunState) for out in run.spec.outputs
        )

    def planned(self, refs: list[str]) -> Planned:
        return plan(self.core.board, [Ref(ref) for ref in refs], place)

    def go_on(self) -> None:
        """Something happens, which may be of no account."""
        there = [ref for ref in self.plan.refs() if self.core.is_live(ref)]
        tainted = tuple(Ref(ref) for ref in self.dice.sample(there, min(1, len(there))))
        self.core.turn(
            *(TaintPartitions("test", tainted, "bad") for _ in tainted[: self.dice.randint(0, 1)]),
            *(ReportPartition("test", Ref(ref), "2") for ref in self.plan.refs() if self._is_new_outside(ref)),
        )

    def _is_new_outside(self, ref: str) -> bool:
        return self.plan.maker(ref) == "external" and self.dice.random() < 0.1


def holds(seed: int) -> bool:
    """Plan, then do it; say whether it could be done. A plan from before something else happened is stale, or holds."""
    told = Application(seed)
    told.live_through_a_past()
    refs = told.some()
    early = told.planned(refs)
    told.go_on()
    before, found = len(told.core.facts), told.planned(refs)
    if early.digest == found.digest:
        assert (early.done, early.awaited) == (found.done, found.awaited)
        found = early
    assert found.exact
    assert not found.impossible
    want = told.core.want(*refs)
    play_to_the_end(told.core, told.job)
    state = told.core.state(want)
    assert (state == "Successful") is (not found.awaited), f"seed {seed}: {state}, awaited {found.awaited}"
    if found.awaited:
        return False
    planned = Counter((run.job, ref) for run in found.runs for ref in run.outputs)
    assert told.built_since(before) == planned, f"seed {seed}: {found.runs}"
    return True


def test_a_plan_is_what_then_happens() -> None:
    """Broken: a plan and the engine disagree about what is built."""
    assert sum(holds(seed) for seed in range(400)) > 200


@pytest.mark.long
def test_a_plan_is_what_then_happens_at_length() -> None:
    """Broken: a rare plan is another one than what then happens."""
    assert sum(holds(seed) for seed in range(1_000, 20_000)) > 9_000
