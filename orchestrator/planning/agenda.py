"""What the graph has still to look at: nodes that something happened to, each once, in the order it happened."""

from collections import deque

from orchestrator.planning.node import Node


class Agenda:
    """Nodes to be settled, and nodes to be looked at for one reason."""

    def __init__(self) -> None:
        self._marked: deque[Node] = deque()
        self.changed: dict[Node, None] = {}
        """Nodes that were settled since somebody took note of them."""
        self.left: dict[Node, None] = {}
        """Nodes that somebody needs or wants no longer, and that may have to be let go."""
        self.linked: dict[Node, None] = {}
        """Nodes that were linked to something already waiting, and may have closed a cycle."""

    @property
    def is_empty(self) -> bool:
        return not self._marked and not self.left

    def mark(self, node: Node) -> None:
        """Have a node settled."""
        if not node.marked:
            node.marked = True
            self._marked.append(node)

    def next_marked(self) -> Node | None:
        """Take the node that was marked first."""
        if not self._marked:
            return None
        node = self._marked.popleft()
        node.marked = False
        return node

    def leave(self, node: Node) -> None:
        """Somebody needs or wants this node no longer."""
        self.left[node] = None
        self.mark(node)

    def forget(self, node: Node) -> None:
        """Nobody will ask what became of this node: it is dropped."""
        self.changed.pop(node, None)
