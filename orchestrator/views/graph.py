"""What needs what: around a ref as far as it is declared or known, or among the jobs of the configuration."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

from orchestrator.catalog import External, Job
from orchestrator.catalog.mapping import parse_template
from orchestrator.catalog.overlap import witness
from orchestrator.catalog.patterns import Pattern, parse_pattern, unbounded
from orchestrator.config import Config
from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.views.jobs import declared_inputs
from orchestrator.views.looking import maker_name, needs_of, peek, readers
from orchestrator.views.paging import SHOWN_AT_ONCE, Pausing, page
from orchestrator.views.shapes import Edge, GraphNode, GraphView
from statemachines.refs import Ref

NODES_MAX = 5_000
"""How many nodes a graph around a ref has at most; beyond them it is cut."""


def graph_around(board: Board, ref: Ref, depth: int) -> Pausing[GraphView]:
    """What a ref needs, or was made from, and who needs it or was made from it, so many steps far."""
    yield from readers(board)
    walk = _Walk(board)
    seen: dict[Ref, None] = {ref: None}
    edges: dict[tuple[Ref, Ref], Edge] = {}
    for neighbours in (walk.sources, walk.targets):
        level, reached = [ref], {ref}
        for _ in range(depth):
            ends: dict[Ref, None] = {}
            for number, edge in enumerate((edge for one in level for edge in neighbours(one)), start=1):
                edges[Ref(edge.source), Ref(edge.target)] = edge
                ends.update({Ref(edge.source): None, Ref(edge.target): None})
                if number % SHOWN_AT_ONCE == 0:
                    yield
            level = [end for end in ends if end not in reached][: max(0, NODES_MAX - len(seen))]
            reached.update(level)
            seen.update(dict.fromkeys(level))
    inside = tuple(edge for (source, target), edge in edges.items() if source in seen and target in seen)
    nodes = yield from page(iter(seen), lambda one: _ref_node(board, one), None)
    return GraphView(ref, nodes, inside, cut=len(inside) < len(edges) or (yield from walk.is_cut(seen)))


def graph_of_jobs(board: Board, config: Config) -> GraphView:
    """The jobs and externals, and which makes what another needs."""
    catalog = board.recipes.catalog
    owners: list[Job | External] = [*catalog.jobs.values(), *catalog.externals.values()]
    patterns = {owner.name: [parse_pattern(text) for text in owner.outputs] for owner in owners}
    edges = [
        Edge(source, name, "needs")
        for name, inputs in declared_inputs(config).items()
        for source in _makers_of(inputs, patterns[name], patterns)
    ]
    jobs = (GraphNode(name, "job", "Configured") for name in catalog.jobs)
    externals = (GraphNode(name, "external", "Configured") for name in catalog.externals)
    return GraphView(None, (*jobs, *externals), tuple(edges))


class _Walk:
    """The edges at refs, each looked up once. Of very many at one ref the first are known."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._sources: dict[Ref, tuple[Edge, ...]] = {}

    def sources(self, ref: Ref) -> Iterator[Edge]:
        """The edges to what a ref needs or was made from."""
        found = self._sources.get(ref)
        if found is None:
            edges = _sources(self._board, peek(self._board, ref))
            found = self._sources[ref] = tuple(islice(edges, NODES_MAX))
        return iter(found)

    def targets(self, ref: Ref) -> Iterator[Edge]:
        """The edges to those who need it or were made from it."""
        node, told = peek(self._board, ref), set[Node]()
        near = islice(chain(self._board.graph.readers_of(node), tuple(node.dependents)), NODES_MAX)
        for other in near:
            if other not in told:
                told.add(other)
                yield from (edge for edge in self.sources(other.ref) if edge.source == ref)

    def is_cut(self, drawn: Collection[Ref]) -> Pausing[bool]:
        """Whether something that is drawn is connected with something that is not."""
        for number, ref in enumerate(drawn, start=1):
            edges = chain(self.sources(ref), self.targets(ref))
            if any(edge.source not in drawn or edge.target not in drawn for edge in edges):
                return True
            if number % SHOWN_AT_ONCE == 0:
                yield
        return False


def _sources(board: Board, node: Node) -> Iterator[Edge]:
    needs = needs_of(board, node)
    for need, kind in needs.items():
        yield Edge(need, node.ref, kind)
    for read in node.reads:
        if read.ref not in needs:
            yield Edge(read.ref, node.ref, "read")


def _ref_node(board: Board, ref: Ref) -> GraphNode:
    node = peek(board, ref)
    state = "Absent" if node.newest is None else type(node.newest).__name__
    return GraphNode(ref, "ref", state, maker_name(node.maker))


def _makers_of(inputs: Iterable[str], outputs: list[Pattern], patterns: dict[str, list[Pattern]]) -> Iterator[str]:
    """Whose outputs the input texts of a job can name."""
    found: dict[str, None] = {}
    for text in inputs:
        forms = [parse_template(text, pattern.kinds()).segments() for pattern in outputs]
        for name, makes in patterns.items():
            made = [unbounded(pattern.segments) for pattern in makes]
            if any(witness(form, segments) is not None for form in forms for segments in made):
                found[name] = None
    yield from found
