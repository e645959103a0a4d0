"""Boards of the past: nothing is derived but what somebody looks at, and what that follows from.

A board of the present holds every ref and follows changes. One of the past never changes and is looked at in a few
places, so its graph takes in a ref when it is looked for, with all that it was made from; and, where it matters who
wants what, the open wants of then with all that they still needed. What it says is what a whole graph would say.

It is changed by looking at it: whoever has it looks from one thread.
"""

from collections.abc import Iterable

from orchestrator.planning.board import Board
from orchestrator.planning.graph import Graph
from orchestrator.planning.node import Node
from orchestrator.planning.recipes import Recipes
from statemachines.ids import LOCAL
from statemachines.refs import Ref
from statemachines.world import World

INSTANCES_AT_ONCE = 100_000
"""How many instances are looked through for what they read at a time."""


class NearGraph(Graph):
    """A graph that takes in what is looked for."""

    def __init__(self, world: World, recipes: Recipes, environment: str) -> None:
        super().__init__(world, recipes, environment)
        self._untouched: list[Ref] = []
        """Refs of which there are nodes, whose instances were not looked at yet."""

    def load(self) -> None:
        """Take in nothing yet."""

    def node(self, ref: Ref) -> Node:
        if ref not in self._nodes and ref in self._holdings.newest:
            self._untouched.append(ref)
        return super().node(ref)

    def find(self, ref: Ref) -> Node | None:
        """The node of a ref, if there is one in a whole graph: taken in when it is looked for."""
        if ref not in self._nodes and ref in self._holdings.newest:
            self.node(ref)
            self.refresh()
        return super().find(ref)

    def readers_of(self, node: Node) -> Iterable[Node]:
        """Take in who was made from it first: only they know."""
        while (readers := self._world.readers(INSTANCES_AT_ONCE)) is None:
            pass
        for instance in self._holdings.instances(node.ref):
            for reader in readers.of(instance):
                self.node(self._world.partitions[reader].spec.ref)
        self.refresh()
        return node.readers

    def refresh(self) -> None:
        self._touch_all()
        super().refresh()

    def _settle(self, node: Node) -> None:
        super()._settle(node)
        self._touch_all()

    def _touch_all(self) -> None:
        """Look at the instances of all nodes, before anything is concluded from there being none."""
        while self._untouched:
            self.touch(self._untouched.pop())


class PastBoard(Board):
    """A world of the past. Without ``demand`` nobody wants anything on it: for what does not tell of wants."""

    def __init__(self, world: World, recipes: Recipes, *, demand: bool) -> None:
        super().__init__(world, recipes)
        self.graph = NearGraph(world, recipes, LOCAL)
        if demand:
            self.load()
            self.graph.refresh()
