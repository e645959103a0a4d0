"""Looking at a board without changing what it says: times in words, the node of a ref, what a ref needs.

``Graph.node`` makes the node of a ref that it does not know; readers ask about any text, so they look through ``peek``.
"""

from datetime import UTC, datetime, timedelta

from orchestrator.catalog import CatalogError, External, Job
from orchestrator.planning import needs
from orchestrator.planning.board import Board
from orchestrator.planning.needs import NeedKind
from orchestrator.planning.node import Node
from orchestrator.views.paging import Pausing
from statemachines.readers import Readers
from statemachines.refs import Ref

TAKEN_IN_AT_ONCE = 2_000
"""How many instances are looked through for what they read between two pauses: some 2 ms."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at_us: int) -> str:
    """A moment as ISO 8601 in UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")


def iso_or_none(at_us: int | None) -> str | None:
    """A moment as ISO 8601, if there is one."""
    return None if at_us is None else iso(at_us)


def seconds(duration_us: int | None) -> float | None:
    """A duration in seconds, if there is one."""
    return None if duration_us is None else duration_us / 1_000_000


def peek(board: Board, ref: Ref) -> Node:
    """The node of a ref; where the graph knows none, what it would begin with."""
    return board.graph.find(ref) or Node(ref, board.recipes.maker(ref))


def readers(board: Board) -> Pausing[Readers]:
    """Who was made from which instance. Who asks first has it noted for every instance there is."""
    while (found := board.world.readers(TAKEN_IN_AT_ONCE)) is None:
        yield
    return found


def maker_name(maker: Job | External | None) -> str | None:
    """Who makes it, by name."""
    return None if maker is None else maker.name


def needs_of(board: Board, node: Node) -> dict[Ref, NeedKind]:
    """What a ref needs, and how.

    The same relation as the graph's, also for refs that nobody wants. Empty where it cannot be computed.
    """
    try:
        recipe = board.recipes.recipe(node.ref)
    except CatalogError:
        return {}
    return {} if recipe is None else needs.needs_of(node, recipe)


def problem_of(board: Board, ref: Ref) -> str:
    """Why what it needs cannot be computed; empty where it can."""
    try:
        board.recipes.recipe(ref)
    except CatalogError as error:
        return error.why
    return ""


def is_changed(source: Node, digest: str) -> bool:
    """Whether what was read from a ref, with this digest, is no longer what is current there."""
    return not (source.done and source.digest == digest)
