"""What needs what: around a ref as far as it is declared or known, or among the jobs of the configuration."""

from collections.abc import Iterable, Iterator

from orchestrator.catalog import External, Job
from orchestrator.catalog.mapping import parse_template
from orchestrator.catalog.overlap import witness
from orchestrator.catalog.patterns import Pattern, parse_pattern, unbounded
from orchestrator.config import Config
from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.views.jobs import declared_inputs
from orchestrator.views.looking import maker_name, needs_of, peek
from orchestrator.views.shapes import Edge, GraphNode, GraphView
from statemachines.refs import Ref

NODES_MAX = 5_000
"""How many nodes a graph around a ref has at most; beyond them it is cut."""


def graph_around(board: Board, ref: Ref, depth: int) -> GraphView:
    """What a ref needs, or was made from, and who needs it or was made from it, so many steps far."""
    seen: dict[Ref, None] = {ref: None}
    edges: dict[tuple[Ref, Ref], Edge] = {}
    for neighbours in (_sources, _targets):
        level, reached = [ref], {ref}
        for _ in range(depth):
            found = [edge for one in level for edge in neighbours(board, peek(board, one))]
            edges.update({(Ref(edge.source), Ref(edge.target)): edge for edge in found})
            ends = dict.fromkeys(Ref(end) for edge in found for end in (edge.source, edge.target))
            level = [end for end in ends if end not in reached][: max(0, NODES_MAX - len(seen))]
            reached.update(level)
            seen.update(dict.fromkeys(level))
    inside = tuple(edge for (source, target), edge in edges.items() if source in seen and target in seen)
    return GraphView(ref, tuple(_ref_node(board, one) for one in seen), inside, _is_cut(board, seen))


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


def _sources(board: Board, node: Node) -> Iterator[Edge]:
    needs = needs_of(board, node)
    for need, kind in needs.items():
        yield Edge(need, node.ref, kind)
    for read in node.reads:
        if read.ref not in needs:
            yield Edge(read.ref, node.ref, "read")


def _targets(board: Board, node: Node) -> Iterator[Edge]:
    known = {dependent.ref: dependent for dependent in (*node.readers, *node.dependents)}
    for dependent in known.values():
        yield from (edge for edge in _sources(board, dependent) if edge.source == node.ref)


def _is_cut(board: Board, seen: Iterable[Ref]) -> bool:
    """Whether something that is drawn is connected with something that is not."""
    drawn = set(seen)
    nodes = [peek(board, ref) for ref in drawn]
    return any(
        edge.source not in drawn or edge.target not in drawn
        for node in nodes
        for edge in (*_sources(board, node), *_targets(board, node))
    )


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
