"""Where the nodes of a graph are drawn: in layers by the longest way to them, in an order with few crossings.

Pure, and the same for the same graph. Edges that close a cycle count as if they were turned round. Cost: edges times
SWEEPS, plus sorting.
"""

from collections.abc import Hashable, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

SWEEPS = 4

N = TypeVar("N", bound=Hashable)


def layers_of(nodes: Sequence[N], edges: Iterable[tuple[N, N]]) -> list[list[N]]:
    """The nodes by layer, each behind all that lead to it, and within a layer from top to bottom."""
    sources: dict[N, list[N]] = {node: [] for node in nodes}
    for source, target in _without_cycles(nodes, edges):
        sources[target].append(source)
    depths: dict[N, int] = {}
    for node in TopologicalSorter(sources).static_order():
        depths[node] = max((depths[source] + 1 for source in sources[node]), default=0)
    _pull_roots(depths, sources)
    layers: list[list[N]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for node in nodes:
        layers[depths[node]].append(node)
    return _with_few_crossings(layers, sources)


def _pull_roots(depths: dict[N, int], sources: dict[N, list[N]]) -> None:
    """Put what nothing leads to right before the first that it leads to, not at the far edge."""
    first: dict[N, int] = {}
    for target, found in sources.items():
        for source in found:
            first[source] = min(first.get(source, depths[target]), depths[target])
    for node, depth in first.items():
        if not sources[node]:
            depths[node] = depth - 1


def _without_cycles(nodes: Sequence[N], edges: Iterable[tuple[N, N]]) -> list[tuple[N, N]]:
    """The edges, with one of each cycle turned round until none is left; those of a node to itself are left out."""
    found = dict.fromkeys((source, target) for source, target in edges if source != target)
    while True:
        graph: dict[N, list[N]] = {node: [] for node in nodes}
        for source, target in found:
            graph[target].append(source)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle: list[N] = error.args[1]
            source, target = cycle[0], cycle[1]
            found.pop((source, target), None)
            continue
        return list(found)


def _with_few_crossings(layers: list[list[N]], sources: dict[N, list[N]]) -> list[list[N]]:
    """Order each layer by the middle of what it is connected with, forwards and backwards in turn."""
    targets: dict[N, list[N]] = {node: [] for node in sources}
    for target, found in sources.items():
        for source in found:
            targets[source].append(target)
    for sweep in range(SWEEPS):
        neighbours = targets if sweep % 2 else sources
        ordered = reversed(layers) if sweep % 2 else layers
        places: dict[N, float] = {node: place for layer in layers for place, node in enumerate(layer)}
        for layer in ordered:
            middles = {node: _middle([places[one] for one in neighbours[node]], places[node]) for node in layer}
            layer.sort(key=middles.__getitem__)
            places.update({node: place for place, node in enumerate(layer)})
    return layers


def _middle(places: list[float], own: float) -> float:
    return sum(places) / len(places) if places else own
