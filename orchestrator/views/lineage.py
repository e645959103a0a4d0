"""What an instance was made from, and what was made from it: from what was really read, instance by instance.

Costs what is found. Only readers know what they read, so who asks downwards for the first time has that noted for every
instance there is, and from then on for each new one.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from orchestrator.planning.board import Board
from orchestrator.views.looking import readers
from orchestrator.views.paging import Pausing, page
from orchestrator.views.shapes import Edge, Lineage, LineageNode
from statemachines import jobrun
from statemachines.ids import InstanceId
from statemachines.traits import live_of

NODES_MAX = 4_000
"""How many instances a lineage holds at most; beyond them it is cut."""

Step = Callable[[InstanceId], Sequence[InstanceId]]


class _Walk(NamedTuple):
    """What was reached, in how many steps, over which edges (in the direction of the walk), and if there is more."""

    depths: dict[InstanceId, int]
    edges: list[tuple[InstanceId, InstanceId]]
    cut: bool


def lineage(
    board: Board, instance: InstanceId, direction: Literal["up", "down", "both"], depth: int
) -> Pausing[Lineage]:
    """The lineage of one instance, as deep as asked. Raises KeyError."""
    state = board.world.partitions[instance]
    up = yield from _walk(instance, lambda one: _reads(board, one), depth if direction != "down" else 0)
    down = yield from _walk(instance, (yield from _readers(board, direction)), depth if direction != "up" else 0)
    above = {one: -steps for one, steps in up.depths.items()}
    edges = (*((read, reader) for reader, read in up.edges), *down.edges)
    depths = above | down.depths
    return Lineage(
        id=instance,
        state=type(state).__name__,
        ref=state.spec.ref,
        environment=state.spec.environment,
        nodes=(yield from page(iter(depths), lambda one: _node(board, one, depths[one]), None)),
        edges=tuple(Edge(source, target) for source, target in edges),
        cut=(up.cut and direction != "down") or (down.cut and direction != "up"),
    )


def _walk(start: InstanceId, step: Step, depth: int) -> Pausing[_Walk]:
    """Breadth first from ``start``. Of each instance at most NODES_MAX steps are looked at."""
    walk = _Walk({start: 0}, [], cut=False)
    level = [start]
    for steps in range(1, depth + 1):
        following: list[InstanceId] = []
        for one in level:
            for other in step(one)[:NODES_MAX]:
                if other not in walk.depths and len(walk.depths) < NODES_MAX:
                    walk.depths[other] = steps
                    following.append(other)
                if other in walk.depths:
                    walk.edges.append((one, other))
            yield
        level = following
    beyond = any(other not in walk.depths for one in level for other in step(one)[:NODES_MAX])
    return walk._replace(cut=beyond or len(walk.depths) == NODES_MAX)


def _reads(board: Board, instance: InstanceId) -> Sequence[InstanceId]:
    live = live_of(board.world.partitions[instance])
    return () if live is None else board.world.reads_of(live)


def _readers(board: Board, direction: str) -> Pausing[Step]:
    """Who read an instance, unless nobody asked."""
    if direction == "up":
        return lambda _: ()
    return (yield from readers(board)).of


def _node(board: Board, instance: InstanceId, depth: int) -> LineageNode:
    state = board.world.partitions[instance]
    live = live_of(state)
    made_by = None if live is None else board.world.maker_of(live.origin)
    run = made_by.spec if isinstance(made_by, jobrun.RunState) else None
    return LineageNode(
        id=instance,
        state=type(state).__name__,
        ref=state.spec.ref,
        environment=state.spec.environment,
        depth=depth,
        digest=None if live is None else live.content.digest,
        run=None if run is None else run.id,
        job=None if run is None else run.job,
    )
