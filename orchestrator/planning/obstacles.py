"""What stands in the way of a node: that it failed, that something it needs is blocked, that it needs itself.

``blocked`` is the newest seq at which that happened, so a want that was opened later tries again; NEVER where no want
can be so new. Cycles among nodes that wait are looked for when nothing else moves, starting from those that were
newly linked to something already waiting.

Source: design section 4 (failed, upfailed), section 3 (law 10: a cycle is printed).
"""

from orchestrator.planning.agenda import Agenda
from orchestrator.planning.cycles import waiting_cycles
from orchestrator.planning.node import NEVER, Node

_Cycle = tuple[Node, ...]


class Obstacles:
    """Keeps ``blocked``, ``barred`` and ``cycle`` of the nodes."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._cycles: dict[Node, list[_Cycle]] = {}
        """The cycles that each node is in."""

    def settle(self, node: Node) -> None:
        """Find out what blocks it, and tell who needs it."""
        before, after = node.blocked, _blocked(node)
        if after == before:
            return
        node.blocked = after
        for dependent in node.dependents:
            if after >= dependent.barred:
                dependent.barred = after
            elif before == dependent.barred:
                weigh(dependent)
            self._agenda.mark(dependent)

    def find_cycles(self) -> bool:
        """Mark what needs itself. True if anything does that was not known to."""
        linked = [node for node in self._agenda.linked if node.expanded]
        self._agenda.linked.clear()
        found = [tuple(cycle) for cycle in waiting_cycles(linked)]
        for cycle in found:
            way = tuple(member.ref for member in cycle)
            for member in cycle:
                self._cycles.setdefault(member, []).append(cycle)
                member.cycle = way
                self._agenda.mark(member)
        return bool(found)

    def open_cycles(self, node: Node) -> None:
        """The node leaves all cycles it is in: the others are in those no longer, but may be in one not found yet."""
        for cycle in self._cycles.pop(node, ()):
            for member in cycle:
                others = [other for other in self._cycles.pop(member, ()) if other is not cycle]
                if others:
                    self._cycles[member] = others
                member.cycle = tuple(one.ref for one in others[-1]) if others else ()
                self._agenda.linked[member] = None
                self._agenda.mark(member)


def weigh(node: Node) -> None:
    """Find the worst among what it needs. O(needs)."""
    node.barred = max((need.blocked for need in node.needs), default=0)


def _blocked(node: Node) -> int:
    if node.done or node.building:
        return 0
    if node.maker is None or node.cycle or node.impossible:
        return NEVER
    return max(node.failed_at, node.barred)
