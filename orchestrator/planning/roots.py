"""Why a ref cannot be had: from what was wished for down to the first thing that failed."""

from orchestrator.planning.node import Node
from statemachines import partition


def root_of(node: Node) -> Node:
    """The node that failed by itself, following what blocks what. The node itself where nothing below it failed."""
    seen = {node}
    while not (node.cycle or node.impossible or node.maker is None or node.failed_at == node.blocked):
        below = next((need for need in node.needs if need.blocked == node.blocked and need not in seen), None)
        if below is None:
            return node
        seen.add(below)
        node = below
    return node


def why_blocked(node: Node) -> str:
    """In words: what happened at the node that failed by itself."""
    if node.cycle:
        return "it needs itself: " + " -> ".join((*node.cycle, node.cycle[0]))
    if node.impossible:
        return node.impossible
    if node.maker is None:
        return f"no job makes {node.ref}"
    match node.newest:
        case partition.Failed(failure=failure):
            return f"{failure.kind}: {failure.reason}"
        case partition.UpstreamFailed(reason=reason):
            return reason
        case _:
            return "something it needs cannot be had"


def failure_of(node: Node) -> tuple[str, int]:
    """Why a ref failed, naming the root, and the seq of the evidence: the root's, or of who asked for it."""
    root = root_of(node)
    why = why_blocked(root)
    text = why if root is node else f"{root.ref} could not be had: {why}"
    return text, root.newest_seq or node.newest_seq or node.opened
