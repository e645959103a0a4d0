"""After a start a board knows of what is open, and of everything else once somebody looks for it."""

import pytest

from orchestrator.commands import CancelWant, TaintPartitions
from orchestrator.decide import decide
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.planning.turn import Turn
from orchestrator.reconcile import reconcile
from statemachines.refs import Ref
from statemachines.snapshot import encode_world, open_world
from tests.kit.core import Core, ended

APPLICATION = """
[application]
name = "starting"
[pools]
default = 100
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
retry = { tries = 2, backoff = "1h" }
[[job]]
name = "mid"
outputs = ["mid/{n:int}"]
inputs = ["raw/{n}"]
command = ["mid"]
[[job]]
name = "top"
outputs = ["top/{n:int}"]
inputs = ["mid/{n}"]
command = ["top"]
"""


def restarted(core: Core) -> Core:
    """The same, as a daemon has it that has just started from a snapshot."""
    core.board = Board(open_world(encode_world(core.board.world)), Recipes(core.catalog))
    core.board.load()
    return core


def built(number: int) -> Core:
    """So many chains of three, built; then a start."""
    core = Core(APPLICATION)
    core.want(*(f"top/{n}" for n in range(number)))
    core.play()
    return restarted(core)


def known(core: Core) -> set[str]:
    """What the graph has nodes of."""
    return {str(node.ref) for node in core.board.graph.nodes()}


def names(core: Core, since: int) -> list[str]:
    """The names of the events since some fact."""
    return [type(fact.event).__name__ for fact in core.facts[since:]]


def test_a_start_looks_at_nothing_that_is_done() -> None:
    """Broken: a start takes as long as there are partitions, however long ago they were made."""
    core = built(20)
    core.turn()
    assert known(core) == set()
    assert core.board.graph.is_done(Ref("top/3"))
    assert known(core) == {"top/3", "mid/3", "raw/3"}


def test_what_is_there_needs_not_be_built_after_a_start() -> None:
    """Broken: after a start everything that is asked for is built again."""
    core = built(5)
    before = len(core.facts)
    core.want(*(f"top/{n}" for n in range(5)))
    assert names(core, before) == ["WantCreated", "WantSuccessful"]


def test_what_nobody_looked_for_since_a_start_can_be_tainted() -> None:
    """Broken: a taint is accepted after a start, and nothing is tainted."""
    core = built(3)
    before = len(core.facts)
    core.turn(TaintPartitions("test", (Ref("raw/1"),), "wrong"))
    assert names(core, before) == ["PartitionTainted"]
    assert not core.is_live("raw/1")


def test_everything_made_from_it_is_tainted_after_a_start_too() -> None:
    """Broken: what was made from something wrong stays in use, because nobody had looked for it since the start."""
    core = built(3)
    core.turn(TaintPartitions("test", (Ref("raw/1"),), "wrong", downstream=True))
    assert [ref for ref in ("raw/1", "mid/1", "top/1") if core.is_live(ref)] == []
    assert [ref for ref in ("raw/2", "mid/2", "top/2") if not core.is_live(ref)] == []


def test_a_change_far_up_is_seen_by_who_asks_after_a_start() -> None:
    """Broken: what was made from something that has changed counts as done, because a start did not look at it."""
    core = built(2)
    core.turn(TaintPartitions("test", (Ref("raw/1"),), "wrong"))
    core.want("raw/1")
    core.play(lambda run: ended(run, digest="another"))
    assert not core.board.graph.is_done(Ref("top/1"))
    assert core.board.graph.is_done(Ref("top/0"))
    core.want("top/1")
    core.play()
    assert (len(core.runs_of("raw")), len(core.runs_of("mid")), len(core.runs_of("top"))) == (3, 3, 2)


def test_what_was_queued_is_launched_after_a_start() -> None:
    """Broken: a start cancels what was queued, because nobody has looked at its inputs yet."""
    core = Core(APPLICATION.replace("default = 100", "default = 1"))
    core.want(*(f"raw/{n}" for n in range(3)))
    core.play()
    core.want(*(f"mid/{n}" for n in range(3)))
    before = len(core.facts)
    restarted(core).play()
    assert names(core, before).count("JobRunLaunching") == 2
    assert "JobRunCanceled" not in names(core, before)


@pytest.mark.parametrize("events_max", [1, 2, 3])
def test_what_a_turn_left_to_the_next_is_done_after_a_start(events_max: int) -> None:
    """Broken: a daemon that ends between two batches leaves instances that nobody wants waiting for ever."""
    core = Core(APPLICATION)
    want = core.want(*(f"raw/{n}" for n in range(5)))
    core.play(lambda run: ended(run, code=1))
    turn = Turn(core.board, core.now, core.ids)
    decide(turn, CancelWant("test", want))
    assert reconcile(turn, events_max), "it was cut short"
    restarted(core).turn()
    states = {type(state).__name__ for state in core.board.world.partitions.values()}
    assert states == {"Canceled"}
