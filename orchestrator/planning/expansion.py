"""What a node needs, and its edges to it: there while somebody wants it and it is neither done nor being built."""

from collections.abc import Callable

from orchestrator.catalog import CatalogError, Job
from orchestrator.planning.agenda import Agenda
from orchestrator.planning.needs import needs_of
from orchestrator.planning.node import NEVER, NO_DEMAND, NO_NEEDS, Node, linked, unlinked
from orchestrator.planning.obstacles import Obstacles, weigh
from orchestrator.planning.recipes import Recipe, Recipes
from statemachines.refs import Ref


class Expansion:
    """Keeps ``expanded``, ``needs``, ``dependents`` and ``unmet`` of the nodes."""

    def __init__(self, agenda: Agenda, recipes: Recipes, obstacles: Obstacles, node_of: Callable[[Ref], Node]) -> None:
        self._agenda = agenda
        self._recipes = recipes
        self._obstacles = obstacles
        self._node_of = node_of

    def settle(self, node: Node) -> None:
        """Link it to what it needs, or let go of that, or take in that it needs something else now."""
        if node.cycle and not node.roots:
            self._collapse_circle(node)
        if not is_wanted(node) or node.done or node.building:
            if node.expanded:
                self._collapse(node)
        elif node.refit or not node.expanded:
            node.refit = False
            self._fit(node, self.needs_of(node))

    def let_go(self, node: Node) -> None:
        """Collapse a node that lost some demand, if that was the last."""
        if node.roots:
            return
        if node.cycle or node.blocked == NEVER:
            self._collapse_circle(node)
        elif node.expanded and not is_wanted(node):
            self._collapse(node)

    def needs_of(self, node: Node) -> dict[Node, bool]:
        """What it needs, and whether that is built for the asking."""
        recipe = self.recipe_of(node)
        if recipe is None:
            return {}
        return {self._node_of(ref): kind != "query" for ref, kind in needs_of(node, recipe).items()}

    def recipe_of(self, node: Node) -> Recipe | None:
        """How it is made; None where nobody here makes it, its job has not been asked, or nobody makes an input."""
        if not isinstance(node.maker, Job) or node.impossible:
            return None
        if node.maker.configure is not None:
            return self._recipes.answered(node.ref)
        if node.recipe is None:
            try:
                node.recipe = self._recipes.declared(node.maker, node.ref)
            except CatalogError as error:
                node.impossible = error.why
        return node.recipe

    def _fit(self, node: Node, needs: dict[Node, bool]) -> None:
        if node.expanded and needs == node.needs:
            return
        if node.expanded:
            self._collapse(node)
        self._expand(node, needs)

    def _expand(self, node: Node, needs: dict[Node, bool]) -> None:
        node.expanded = True
        node.needs = needs
        node.unmet = 0
        for need, build in needs.items():
            need.dependents = linked(need.dependents, node, build)
            node.unmet += not need.done
            if need.expanded:
                self._agenda.linked[node] = None
            elif build:
                self._agenda.mark(need)
        weigh(node)

    def _collapse(self, node: Node) -> None:
        for need in node.needs:
            need.dependents = unlinked(need.dependents, node)
            need.rescan = True
            if not need.done:
                self._agenda.leave(need)
        self._obstacles.open_cycles(node)
        node.expanded = False
        node.needs = NO_NEEDS
        node.unmet = node.barred = 0
        node.passed = NO_DEMAND

    def _collapse_circle(self, node: Node) -> None:
        """Collapse what only wants itself: a circle to which no want leads, and all that is needed for it alone."""
        circle, waiting = {node: None}, [node]
        while waiting:
            above = [user for user, builds in waiting.pop().dependents.items() if builds and user not in circle]
            if any(user.roots for user in above):
                return
            circle.update(dict.fromkeys(above))
            waiting.extend(above)
        for member in circle:
            if member.expanded:
                self._collapse(member)
                self._agenda.mark(member)


def is_wanted(node: Node) -> bool:
    """Whether a want names it, or something that is expanded has it built for the asking."""
    return bool(node.roots) or any(node.dependents.values())
