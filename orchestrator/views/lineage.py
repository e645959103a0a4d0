"""What an instance was made from, and what was made from it: from what was really read, instance by instance.

Upwards costs what is found. Downwards looks once at every instance there is, since only readers know what they read.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from orchestrator.planning.board import Board
from orchestrator.views.shapes import Edge, Lineage, LineageNode
from statemachines import jobrun
from statemachines.ids import InstanceId
from statemachines.traits import live_of

NODES_MAX = 10_000
"""How many instances a lineage holds at most; beyond them it is cut."""

Step = Callable[[InstanceId], Iterable[InstanceId]]


class _Walk(NamedTuple):
    """What was reached, in how many steps, over which edges (in the direction of the walk), and if there is more."""

    depths: dict[InstanceId, int]
    edges: list[tuple[InstanceId, InstanceId]]
    cut: bool


def lineage(board: Board, instance: InstanceId, direction: Literal["up", "down", "both"], depth: int) -> Lineage:
    """The lineage of one instance, as deep as asked. Raises KeyError."""
    state = board.world.partitions[instance]
    up = _walk(instance, lambda one: _reads(board, one), depth if direction != "down" else 0)
    down = _walk(instance, _readers(board, direction), depth if direction != "up" else 0)
    above = {one: -steps for one, steps in up.depths.items()}
    edges = (*((read, reader) for reader, read in up.edges), *down.edges)
    return Lineage(
        id=instance,
        state=type(state).__name__,
        ref=state.spec.ref,
        environment=state.spec.environment,
        nodes=tuple(_node(board, one, steps) for one, steps in (above | down.depths).items()),
        edges=tuple(Edge(source, target) for source, target in edges),
        cut=(up.cut and direction != "down") or (down.cut and direction != "up"),
    )


def _walk(start: InstanceId, step: Step, depth: int) -> _Walk:
    """Breadth first from ``start``."""
    walk = _Walk({start: 0}, [], cut=False)
    level = [start]
    for steps in range(1, depth + 1):
        following: list[InstanceId] = []
        for one in level:
            for other in step(one):
                if other not in walk.depths and len(walk.depths) < NODES_MAX:
                    walk.depths[other] = steps
                    following.append(other)
                if other in walk.depths:
                    walk.edges.append((one, other))
        level = following
    beyond = any(other not in walk.depths for one in level for other in step(one))
    return walk._replace(cut=beyond or len(walk.depths) == NODES_MAX)


def _reads(board: Board, instance: InstanceId) -> tuple[InstanceId, ...]:
    live = live_of(board.world.partitions[instance])
    return () if live is None else board.world.reads_of(live)


def _readers(board: Board, direction: str) -> Step:
    """Who read an instance. Looks at every instance there is, unless nobody asked."""
    readers: dict[InstanceId, list[InstanceId]] = {}
    for instance in board.world.partitions if direction != "up" else ():
        for read in _reads(board, instance):
            readers.setdefault(read, []).append(instance)
    return lambda one: readers.get(one, ())


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
