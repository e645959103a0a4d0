"""A plan is what then happens, and making one changes nothing."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.commands import AnyCommand, CancelWant, ReportPartition, TaintPartitions
from orchestrator.views.codes import Code
from orchestrator.views.plan import plan
from orchestrator.views.shapes import Plan
from statemachines.jobrun import JobRunLaunching, RunState
from statemachines.refs import Ref
from tests.kit.core import Core, ended, missing
from tests.views.samples import CHAIN, Fresh, place, play_to_the_end


def planned(core: Core, *refs: str) -> Plan:
    return plan(core.board, [Ref(ref) for ref in refs], place)


def launched(core: Core, since: int) -> list[tuple[str, tuple[str, ...]]]:
    """The JobRuns that were launched after so many facts, in order: job and outputs."""
    runs = [fact.event.id for fact in core.facts[since:] if isinstance(fact.event, JobRunLaunching)]
    states = [core.board.world.runs[run] for run in runs]
    return [(s.spec.job, tuple(out.ref for out in s.spec.outputs)) for s in states if isinstance(s, RunState)]


def test_a_plan_names_the_runs_in_order_with_reasons() -> None:
    """If this fails, a plan misses a JobRun, or says them in an order in which they cannot run."""
    found = planned(Core(CHAIN), "top")
    assert [run.outputs[0] for run in found.runs] == ["raw/1", "raw/2", "mid/1", "mid/2", "top"]
    assert {run.code for run in found.runs} == {Code.NEVER_BUILT}
    assert found.runs[4].after == (3, 4)
    assert found.exact


def test_what_is_there_is_done_and_a_taint_plans_what_follows() -> None:
    """If this fails, a plan rebuilds what is good, or does not follow a taint."""
    core = Core(CHAIN)
    core.want("top")
    core.play()
    assert (planned(core, "top").done, planned(core, "top").runs) == (("top",), ())
    core.turn(TaintPartitions("test", (Ref("mid/1"),), "bad"))
    found = planned(core, "top")
    assert [(run.outputs, run.code) for run in found.runs] == [(("mid/1",), Code.TAINTED), (("top",), Code.STALE)]
    assert {given.ref for given in found.given} == {"raw/1", "mid/2"}


def test_what_can_not_be_had_and_what_is_not_known_is_said() -> None:
    """If this fails, a plan is silent about what it cannot promise."""
    core = Core(CHAIN)
    nobody = planned(core, "tpo")
    assert nobody.impossible[0].code is Code.NO_JOB_MAKES
    assert "top" in nobody.impossible[0].text
    outside = planned(core, "inside")
    assert [found.ref for found in outside.awaited] == ["outside"]
    assert [run.job for run in outside.runs] == ["needs_outside"]
    assert [found.code for found in planned(core, "asked/1").unknown] == [Code.CONFIGURING]
    assert not planned(core, "dynamic/1").exact
    assert planned(core, "queries").awaited[0].code is Code.NOT_BUILT_FOR_ASKING


def test_what_is_shown_again_is_planned_as_adopted() -> None:
    """If this fails, a plan promises work where older bytes serve again."""
    core = Core(CHAIN)
    core.turn(ReportPartition("test", Ref("outside"), digest="1"))
    core.want("inside")
    core.play()
    core.turn(ReportPartition("test", Ref("outside"), digest="2"))
    core.want("inside")
    core.play()
    core.turn(ReportPartition("test", Ref("outside"), digest="1"))
    found = planned(core, "inside")
    assert ([adopted.ref for adopted in found.adopted], found.runs) == (["inside"], ())


def test_what_is_under_way_is_not_planned_again() -> None:
    """If this fails, a plan starts what runs already."""
    core = Core(CHAIN)
    core.want("raw/1")
    found = planned(core, "mid/1")
    assert [(one.ref, one.code) for one in found.under_way] == [("raw/1", Code.LAUNCHING)]
    assert [run.outputs for run in found.runs] == [("mid/1",)]


def test_a_cycle_of_what_was_missed_is_impossible() -> None:
    """If this fails, planning what needs itself does not end, or hides it."""
    core = Core(CHAIN)
    want = core.want("dynamic/1")
    core.play(
        lambda run: ended(run, report=missing("dynamic/2" if "dynamic/1" in str(run.spec.outputs) else "dynamic/1"))
    )
    core.turn(CancelWant("test", want))
    assert planned(core, "dynamic/1").refs == ("dynamic/1",)


REFS = ["top", "raw/1", "raw/2", "raw/3", "mid/1", "mid/2", "mid/3", "narrow/1", "narrow/2", "inside"]
BATCHED = [f"batched/{n}" for n in range(1, 6)]
SETS = st.lists(st.sampled_from(REFS + BATCHED), min_size=1, max_size=6, unique=True)


class Past:
    """What happened before a plan is made."""

    def __init__(self, wanted: Sequence[Sequence[str]], tainted: Sequence[str], *, downstream: bool) -> None:
        self.wanted, self.tainted, self.downstream = wanted, tainted, downstream

    def happen(self, core: Core, job: Fresh) -> None:
        core.turn(ReportPartition("test", Ref("outside"), digest="1"))
        for refs in self.wanted:
            core.want(*refs)
            play_to_the_end(core, job)
        there = tuple(Ref(ref) for ref in self.tainted if core.is_live(ref))
        if there:
            command: AnyCommand = TaintPartitions("test", there, "bad", downstream=self.downstream)
            core.turn(command)

    def __repr__(self) -> str:
        return f"Past(wanted={self.wanted}, tainted={self.tainted}, downstream={self.downstream})"


PASTS = st.builds(Past, st.lists(SETS, max_size=3), SETS, downstream=st.booleans())


@settings(max_examples=60, deadline=None)
@given(past=PASTS, refs=SETS)
def test_a_plan_is_what_then_happens(past: Past, refs: list[str]) -> None:
    """If this fails, a plan for declared inputs and the engine disagree about which JobRuns start."""
    core, job = Core(CHAIN), Fresh()
    past.happen(core, job)
    before, history = core.board.world.digest(), len(core.facts)
    standing = {node.ref: (node.done, node.opened, node.expanded) for node in core.board.graph.nodes()}
    found = planned(core, *refs)
    assert core.board.world.digest() == before
    assert {node.ref: (node.done, node.opened, node.expanded) for node in core.board.graph.nodes()} == standing
    want = core.want(*refs)
    play_to_the_end(core, job)
    assert core.state(want) == "Successful"
    happened = launched(core, history)
    assert _essence(happened) == _essence([(run.job, run.outputs) for run in found.runs])
    assert len(happened) == len(found.runs)


def _essence(runs: list[tuple[str, tuple[str, ...]]]) -> list[tuple[str, str, int]]:
    """Which ref is made by which job in company of how many. Who shares a batch with whom is nobody's promise."""
    sizes = sorted((job, "", len(outputs)) for job, outputs in runs)
    return sorted((job, ref, 0) for job, outputs in runs for ref in outputs) + sizes


@pytest.mark.parametrize("wanted", [["mid/1"], ["batched/1", "batched/2"], ["narrow/1", "narrow/2"], ["top", "inside"]])
@settings(max_examples=15, deadline=None)
@given(refs=SETS)
def test_a_plan_beside_work_under_way_leaves_the_board_alone(wanted: list[str], refs: list[str]) -> None:
    """If this fails, a plan changes the board it looks at, or plans a ref twice."""
    core = Core(CHAIN)
    core.want(*wanted)
    before = core.board.world.digest()
    found = planned(core, *refs)
    assert core.board.world.digest() == before
    outputs = [ref for run in found.runs for ref in run.outputs]
    assert len(outputs) == len(set(outputs))
    assert not set(outputs) & {one.ref for one in found.under_way}
