"""Why says the truth, down to the roots, and never nothing."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.commands import AnyCommand, CancelWant, PauseWant, ReportPartition, TaintPartitions
from orchestrator.views import wants
from orchestrator.views.codes import Code
from orchestrator.views.paging import at_once
from orchestrator.views.shapes import WhyNode
from statemachines.refs import Ref
from tests.kit.core import Core, ended, missing
from tests.views.samples import CHAIN, Fresh, codes, play_to_the_end, told

REASONS = Path(__file__).resolve().parents[2] / "docs" / "reasons.md"


def path_to(node: WhyNode, code: Code) -> list[WhyNode]:
    """The way from the top to the first node with a code, or nothing."""
    if node.code is code:
        return [node]
    for child in node.children:
        if found := path_to(child, code):
            return [node, *found]
    return []


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    """If this fails, the set of reasons is not closed, or its reference is out of date."""
    documented = re.findall(r"^\| `([a-z_]+)` \|", REASONS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert documented == [code.value for code in Code]


def test_waiting_leads_down_to_what_runs() -> None:
    """If this fails, nobody learns what a want is waiting for."""
    core = Core(CHAIN)
    core.want("top")
    way = path_to(told(core, "top").root, Code.LAUNCHING)
    assert [node.ref for node in way] == ["top", "mid/1", "raw/1"]
    assert [node.code for node in way] == [Code.WAITING, Code.WAITING, Code.LAUNCHING]
    assert all(node.evidence for node in way)


def test_a_full_pool_says_who_holds_it() -> None:
    """If this fails, a queued JobRun does not say what it waits for."""
    core = Core(CHAIN)
    core.want("narrow/1", "narrow/2")
    holder = path_to(told(core, "narrow/2").root, Code.POOL_FULL)[-1].children[0]
    assert (holder.code, holder.ref) == (Code.RUNNING, "narrow/1")


def test_a_backoff_an_open_batch_and_a_question_say_so() -> None:
    """If this fails, a ref that waits for time or for an answer looks forgotten."""
    core = Core(CHAIN)
    core.want("mid/1", "batched/1", "asked/1")
    assert told(core, "asked/1").root.code is Code.CONFIGURING
    core.play(lambda run: ended(run, code=int(run.spec.job == "mid")))
    assert told(core, "mid/1").root.code is Code.BACKOFF
    assert "exit_code" in told(core, "mid/1").root.text
    assert told(core, "batched/1").root.code is Code.BATCH_OPEN


def test_what_comes_from_outside_or_is_only_queried_is_named() -> None:
    """If this fails, a want waits for data that nobody here makes, and does not say which."""
    core = Core(CHAIN)
    core.want("inside", "queries")
    assert path_to(told(core, "inside").root, Code.EXTERNAL_AWAITED)[-1].ref == "outside"
    assert path_to(told(core, "queries").root, Code.NOT_BUILT_FOR_ASKING)[-1].ref == "raw/77"


def test_what_nobody_makes_names_the_nearest() -> None:
    """If this fails, a misspelt ref gets no help."""
    root = told(Core(CHAIN), "mdi/1").root
    assert root.code is Code.NO_JOB_MAKES
    assert any("mid/{n:int}" in child.text for child in root.children)


def test_a_failure_is_found_below_what_it_stops() -> None:
    """If this fails, the failed input behind a missing ref is not named."""
    core = Core(CHAIN)
    core.want("top", "inside")
    core.play(lambda run: ended(run, code=int(run.spec.outputs[0].ref == "raw/1")))
    way = path_to(told(core, "top").root, Code.FAILED)
    assert [node.ref for node in way] == ["top", "mid/1", "raw/1"]
    assert core.board.world.seqs[core.board.holdings.newest[Ref("raw/1")]] == way[-1].evidence


@pytest.mark.parametrize(("command", "code"), [(PauseWant, Code.WANT_PAUSED), (CancelWant, Code.WANT_CLOSED)])
def test_what_nobody_asks_for_any_more_says_why(command: type[PauseWant | CancelWant], code: Code) -> None:
    """If this fails, a paused or canceled want leaves refs without an explanation."""
    core = Core(CHAIN)
    want = core.want("inside")
    core.turn(command("test", want, "lunch"))
    root = told(core, "inside").root
    assert root.code is code
    assert "lunch" in root.text


def test_what_is_there_leads_to_a_run_its_inputs_and_an_actor() -> None:
    """If this fails, a finished partition has no causal chain to whoever wanted it."""
    core = Core(CHAIN)
    core.want("top")
    core.play()
    root = told(core, "top").root
    assert root.code is Code.BUILT
    assert [child.ref for child in root.children if child.code is Code.READ] == ["mid/1", "mid/2"]
    assert "of test" in path_to(root, Code.WANTED)[-1].text


def test_a_rebuild_names_the_input_that_changed() -> None:
    """If this fails, a rebuilt partition does not say what it was rebuilt for."""
    core, job = Core(CHAIN), Fresh()
    core.want("top")
    core.play(job)
    core.turn(TaintPartitions("test", (Ref("mid/1"),), "bad"))
    stale = told(core, "top")
    assert not stale.done
    assert path_to(stale.root, Code.INPUT_CHANGED)[-1].ref == "mid/1"
    assert path_to(told(core, "mid/1").root, Code.TAINTED)[-1].text.endswith("bad")
    core.want("top")
    core.play(job)
    changed = path_to(told(core, "top").root, Code.INPUT_CHANGED)[-1]
    assert changed.ref == "mid/1"
    assert "->" in changed.text


def test_what_was_reported_and_adopted_says_so() -> None:
    """If this fails, data that no JobRun made just now seems to come from nowhere."""
    core = Core(CHAIN)
    for digest in ("1", "2", "1"):
        core.turn(ReportPartition("test", Ref("outside"), digest=digest))
        core.want("inside")
        core.play(Fresh())
    assert told(core, "outside").root.code is Code.REPORTED
    assert told(core, "inside").root.code is Code.ADOPTED


def test_a_long_chain_is_followed_to_its_root() -> None:
    """If this fails, a deep cause is cut off, or the tree is as large as the graph."""
    core = Core(
        '[application]\nname = "deep"\n[[job]]\nname = "n"\noutputs = ["n/{n:int}"]\n'
        'inputs = ["n/{n-1}"]\ncommand = ["n"]\n'
    )
    core.want("n/300")
    tree = told(core, "n/300").root
    assert path_to(tree, Code.LAUNCHING)[-1].ref == "n/0"
    assert len(list(codes(tree))) < 100


REFS = [
    "top",
    "raw/1",
    "mid/1",
    "mid/2",
    "narrow/1",
    "narrow/2",
    "inside",
    "batched/1",
    "asked/1",
    "dynamic/1",
    "queries",
]
SETS = st.lists(st.sampled_from(REFS), min_size=1, max_size=6, unique=True)
_OPEN = ("Idle", "Building", "UpstreamBuilding", "Paused")


@settings(max_examples=80, deadline=None)
@given(
    sets=st.lists(SETS, min_size=1, max_size=3), failing=SETS, taints=SETS, steps=st.integers(0, 6), pause=st.booleans()
)
def test_no_ref_is_without_a_reason(
    sets: list[list[str]], failing: list[str], taints: list[str], steps: int, *, pause: bool
) -> None:
    """If this fails, why says nothing, is wrong about whether a ref is there, or leaves an open want unexplained."""
    core = Core(CHAIN)
    made = [core.want(*refs) for refs in sets]
    for _ in range(steps):
        runs = core.active()
        core.turn(*(ended(run, code=int(run.spec.outputs[0].ref in failing)) for run in runs))
    live = tuple(Ref(ref) for ref in taints if core.is_live(ref))
    commands: list[AnyCommand] = [TaintPartitions("test", live, "bad")] if live else []
    core.turn(*commands)
    if pause and core.state(made[0]) in _OPEN:
        core.turn(PauseWant("test", made[0]))
    for want in made:
        detail = at_once(wants.want_detail(core.board, want))
        for ref in detail.refs:
            found = told(core, ref.ref)
            assert found.root.text
            assert found.done is core.board.graph.is_done(Ref(ref.ref)) is (ref.case == "done")
            if detail.state in _OPEN and not found.done:
                assert found.root.code not in (Code.NOBODY_WANTS, Code.WANT_CLOSED, Code.BUILT)
                if found.root.code in (Code.WAITING, Code.MISSED):
                    assert set(codes(found.root)) - {"waiting", "missed", "wanted", "as_above", "more"}


def test_looking_changes_nothing() -> None:
    """If this fails, asking why about any text fills the memory of the daemon."""
    core = Core(CHAIN)
    core.want("top")
    before = sum(1 for _ in core.board.graph.nodes())
    told(core, "raw/999")
    told(core, "nobody/makes/this")
    assert sum(1 for _ in core.board.graph.nodes()) == before


def test_a_missed_input_is_waited_for_by_name() -> None:
    """If this fails, what a job found missing while it ran is not shown as what it waits for."""
    core = Core(CHAIN)
    core.want("dynamic/1")
    core.turn(*(ended(run, code=1, report=missing("raw/5")) for run in core.active()))
    assert [node.ref for node in path_to(told(core, "dynamic/1").root, Code.LAUNCHING)] == ["dynamic/1", "raw/5"]
    play_to_the_end(core, Fresh())
    assert told(core, "dynamic/1").done


def test_a_closed_want_tells_of_itself_or_of_whoever_asks_now() -> None:
    """Broken: a canceled want says that another one, which is open, has closed."""
    core = Core(CHAIN)
    closed = core.want("mid/1")
    core.turn(CancelWant("test", closed, "no"))
    (alone,) = at_once(wants.want_detail(core.board, closed)).refs
    assert (alone.code, closed in alone.text) == (Code.WANT_CLOSED, True)
    core.want("mid/1")
    (shared,) = at_once(wants.want_detail(core.board, closed)).refs
    assert shared.code not in {Code.WANT_CLOSED, Code.NOBODY_WANTS}
