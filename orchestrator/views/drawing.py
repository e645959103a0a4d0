"""Graphs as text for a terminal, and as Mermaid for documents. JSON is the graph itself."""

from collections.abc import Iterable

from orchestrator.views.shapes import GraphNode, GraphView

LINES_MAX = 2_000

_SHAPES = {"ref": '["{}"]', "job": '(["{}"])', "external": '[/"{}"/]'}


def as_text(graph: GraphView) -> str:
    """An indented list: under each node what it is made from. What was listed before is only named again."""
    sources: dict[str, list[str]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    nodes = {node.id: node for node in graph.nodes}
    made_into = {edge.source for edge in graph.edges}
    tops = [node.id for node in graph.nodes if node.id not in made_into] or list(nodes)
    lines: list[str] = []
    seen: set[str] = set()
    stack = [(top, 0) for top in reversed(tops)]
    while stack and len(lines) < LINES_MAX:
        name, depth = stack.pop()
        again = name in seen and name in sources
        lines.append("  " * depth + _line(nodes[name]) + (" (see above)" if again else ""))
        if name not in seen:
            seen.add(name)
            stack.extend((source, depth + 1) for source in reversed(sources.get(name, [])))
    rest = ["..."] if stack or graph.cut else []
    return "\n".join((*lines, *rest)) + "\n"


def as_mermaid(graph: GraphView) -> str:
    """A flowchart, from what is read to what is made."""
    keys = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    nodes = (f"    {keys[node.id]}{_SHAPES[node.kind].format(_escaped(_line(node)))}" for node in graph.nodes)
    edges = (f"    {keys[edge.source]} --> {keys[edge.target]}" for edge in graph.edges)
    return _joined("flowchart LR", nodes, edges)


def _line(node: GraphNode) -> str:
    if node.kind != "ref":
        return node.id if node.kind == "job" else f"{node.id} (from outside)"
    made_by = f", {node.job}" if node.job else ""
    return f"{node.id} [{node.state}{made_by}]"


def _escaped(text: str) -> str:
    """Mermaid reads entities inside quotes; everything that could end them or begin markup is written as one."""
    return "".join(char if char.isalnum() or char in " /-_=.,:[]()" else f"#{ord(char)};" for char in text)


def _joined(first: str, *parts: Iterable[str]) -> str:
    return "\n".join((first, *(line for part in parts for line in part))) + "\n"
