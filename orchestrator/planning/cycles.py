"""Waiting that leads back to itself.

Declared inputs that lead back to their ref are refused when a want is created. What remains is found here, while it
waits: dep misses that ask for each other, or an application that changed under an open want.
"""

from collections.abc import Iterable, Iterator

from orchestrator.planning.node import Node


def waiting_cycles(starts: Iterable[Node]) -> Iterator[list[Node]]:
    """Cycles among expanded nodes that can be reached from ``starts``; each node looked at once.

    A cycle is the way round, each node needing the next and the last needing the first.
    """
    left: set[Node] = set()
    for start in starts:
        if start not in left:
            yield from _cycles_from(start, left)


def _cycles_from(start: Node, left: set[Node]) -> Iterator[list[Node]]:
    """Walk in depth from one node; ``left`` are nodes from which no further cycle can be found."""
    way: dict[Node, int] = {start: 0}
    walks = [iter(start.needs)]
    while walks:
        need = next(walks[-1], None)
        if need is None:
            walks.pop()
            node, _ = way.popitem()
            left.add(node)
        elif need in way:
            yield list(way)[way[need] :]
        elif need.expanded and not need.cycle and need not in left:
            way[need] = len(way)
            walks.append(iter(need.needs))
