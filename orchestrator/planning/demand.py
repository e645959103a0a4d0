"""Which wants lead to a node: by naming it, or by demanding something that needs it.

A node keeps the newest opening and the highest priority among all that demand it, and hands both on to what it needs.
What grows is carried as it is; only where something falls away are all sources looked at again.

Source: design section 4 (demand is open wants closed over what they need; priority is inherited the same way).
"""

from orchestrator.planning.agenda import Agenda
from orchestrator.planning.node import NO_DEMAND, Node, Pull, linked, unlinked
from statemachines.ids import WantId


class Demand:
    """Keeps ``roots``, ``opened``, ``priority`` and ``passed`` of the nodes."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def want(self, node: Node, want: WantId, pull: Pull) -> None:
        """An open want names this ref."""
        before = node.roots.get(want)
        node.roots = linked(node.roots, want, pull)
        self._change(node, before or NO_DEMAND, pull)

    def unwant(self, node: Node, want: WantId) -> None:
        """The want names it no longer, or is no longer open."""
        if want in node.roots:
            node.roots = unlinked(node.roots, want)
            node.rescan = True
            self._agenda.leave(node)

    def look_again(self, node: Node) -> None:
        """Look at all sources of demand, where one fell away."""
        if not node.rescan:
            return
        node.rescan = False
        opened, priority = NO_DEMAND
        for one_opened, one_priority in node.roots.values():
            opened, priority = max(opened, one_opened), max(priority, one_priority)
        for dependent, build in node.dependents.items():
            if build:
                opened, priority = max(opened, dependent.passed[0]), max(priority, dependent.passed[1])
        node.opened, node.priority = opened, priority

    def hand_on(self, node: Node) -> None:
        """Let what it needs know what is demanded of it now."""
        before = node.passed
        after = (node.opened, node.priority) if node.expanded and node.demanded else NO_DEMAND
        if after == before:
            return
        node.passed = after
        for need, build in node.needs.items():
            if build:
                self._change(need, before, after)

    def _change(self, node: Node, before: Pull, after: Pull) -> None:
        """One source of demand was ``before`` and is ``after``."""
        if after[0] >= before[0] and after[1] >= before[1]:
            node.opened, node.priority = max(node.opened, after[0]), max(node.priority, after[1])
        else:
            node.rescan = True
        self._agenda.mark(node)
