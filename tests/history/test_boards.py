"""A board of the past, of which only what is looked at is derived, says what a whole one would say."""

from collections.abc import Callable, Iterable
from random import Random

import pytest

from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.views.graph import graph_around
from orchestrator.views.jobs import lookup
from orchestrator.views.paging import at_once
from orchestrator.views.partitions import partition_detail, partitions
from orchestrator.views.plan import plan
from orchestrator.views.progress import progress
from orchestrator.views.shapes import PartitionFilter
from orchestrator.views.wants import want_detail
from orchestrator.views.why import why
from statemachines.ids import Timestamp
from statemachines.refs import Ref
from statemachines.snapshot import encode_world, open_world
from statemachines.world import World
from tests.kit.core import Core
from tests.model.story import Story
from tests.views.samples import CHAIN, place

Look = Callable[[Board, Ref], object]

ALIKE: tuple[Look, ...] = (
    lambda board, ref: partition_detail(board, place, ref) if ref in board.holdings.newest else None,
    lookup,
)
"""What needs not know who wants what."""

WITH_DEMAND: tuple[Look, ...] = (
    why,
    lambda board, ref: plan(board, [ref], place),
    lambda board, ref: _as_sets(board, ref, 2),
    lambda board, ref: [at_once(want_detail(board, want)) for want in board.world.wants],
    lambda board, ref: [at_once(progress(board, want, Timestamp(0))) for want in board.world.wants],
)


def _as_sets(board: Board, ref: Ref, depth: int) -> object:
    """A graph; in which order its nodes were found is no difference."""
    drawn = at_once(graph_around(board, ref, depth))
    return {*drawn.nodes}, {*drawn.edges}, drawn.cut


@pytest.mark.parametrize("seed", range(8))
def test_a_look_into_the_past_sees_what_a_whole_board_shows(seed: int) -> None:
    """Broken: why, a plan or a page of the past tells something else than was so."""
    story, dice = Story(seed), Random(seed)
    worlds: list[bytes] = []
    play = story.core.turn

    def turn(*inputs: object) -> object:
        answers = play(*inputs)  # type: ignore[arg-type]
        if dice.random() < 0.1:
            worlds.append(encode_world(story.core.board.world))
        return answers

    story.core.turn = turn  # type: ignore[method-assign,assignment]
    story.play()
    for body in dice.sample(worlds, min(len(worlds), 4)):
        _is_alike(story.core, open_world(body), dice)


def _is_alike(core: Core, world: World, dice: Random) -> None:
    whole = _board(core, world, demand=True)
    for ref in whole.holdings.newest:
        whole.graph.find(ref)
    refs = sorted({*whole.holdings.newest, *(ref for one in world.wants.values() for ref in one.spec.refs)})
    for ref in dice.sample(refs, min(len(refs), 5)):
        for looks, demand in ((ALIKE, False), ((*ALIKE, *WITH_DEMAND), True)):
            for look in looks:
                near = _board(core, world, demand=demand)
                assert look(near, ref) == look(whole, ref)
    near = _board(core, world, demand=False)
    assert _first_page(near) == _first_page(whole)


def _board(core: Core, world: World, *, demand: bool) -> Board:
    board = Board(world, Recipes(core.catalog))
    if demand:
        board.load()
        board.graph.refresh()
    return board


def _first_page(board: Board) -> Iterable[object]:
    return at_once(partitions(board, place, PartitionFilter(limit=50)))


def test_a_look_at_one_ref_takes_in_what_it_was_made_from_and_no_more() -> None:
    """Broken: a board of the past is made whole for each question, which takes half a minute for a million refs."""
    core = Core(CHAIN)
    core.want("top", *(f"raw/{number}" for number in range(100)))
    core.play()
    near = _board(core, core.board.world, demand=False)
    assert partition_detail(near, place, Ref("mid/1")).newest.fresh
    assert {node.ref for node in near.graph.nodes()} == {"mid/1", "raw/1"}
    assert at_once(graph_around(near, Ref("raw/1"), 1)).nodes
    assert len(list(near.graph.nodes())) < 10
