"""The graph of demand in one environment: what is done, what is wanted, what stands in its way.

Everything here is derived from the world and the catalog and can be thrown away and derived again. A ref has a node
once somebody looked for it: then it is taken in, with all that it was made from. So what nobody asks about costs
nothing, at a start least of all; whether it is done is a matter of it and of what it was made from, never of who reads
it. From then on it is kept up to date: ``touch`` names what changed, ``refresh`` carries the change as far as it
reaches and no further; ``take_changed`` returns the nodes whose standing changed. An incremental refresh leaves exactly
what deriving it all again would leave; a test holds it to that.

Looking changes the graph, not what it says: whoever has one looks from one thread.

A node is settled in five steps, each at home in a module of its own: ``freshness``, ``demand``, ``expansion``,
``obstacles``. They tell each other through the counters of the nodes, and the ``agenda`` of nodes to settle next.

Cost of a refresh: proportional to the changed nodes and their direct neighbours.
Source: design section 3 (laws 5, 6, 9) and section 4; performance reference, section 6 (dirty set, counters).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import cast

from orchestrator.planning.agenda import Agenda
from orchestrator.planning.demand import Demand
from orchestrator.planning.expansion import Expansion
from orchestrator.planning.freshness import Freshness
from orchestrator.planning.node import Node
from orchestrator.planning.obstacles import Obstacles
from orchestrator.planning.recipes import Recipe, Recipes
from statemachines.ids import WantId
from statemachines.refs import Ref
from statemachines.world import World

_REF = cast("Callable[[Node], Ref]", attrgetter("ref"))
ROUNDS = 16
"""How often each changed node is settled again, on average, before cycles are looked for."""
INSTANCES_AT_ONCE = 100_000
"""How many instances are looked through for what they read at a time."""


class Graph:
    """The nodes of one environment over a world and the recipes of its refs."""

    def __init__(self, world: World, recipes: Recipes, environment: str) -> None:
        self.environment = environment
        self._world = world
        self._recipes = recipes
        self._holdings = world.holdings(environment)
        self._nodes: dict[Ref, Node] = {}
        self._unmade: set[Ref] = set()
        """Refs of which there are nodes, and that nobody makes."""
        self._untouched: list[Ref] = []
        """Refs of which there are nodes, whose instances were not looked at yet."""
        self._agenda = Agenda()
        self._freshness = Freshness(self._agenda, world, self._place)
        self._demand = Demand(self._agenda)
        self._obstacles = Obstacles(self._agenda)
        self._expansion = Expansion(self._agenda, recipes, self._obstacles, self._place)

    # -- nodes ----------------------------------------------------------------------------------------------------

    def node(self, ref: Ref) -> Node:
        """The node of a ref, made where there is none yet."""
        return self.find(ref) or self._place(ref)

    def find(self, ref: Ref) -> Node | None:
        """The node of a ref that the environment holds or that somebody wants or needs."""
        found = self._nodes.get(ref)
        if found is None and ref in self._holdings.newest:
            found = self._place(ref)
        if self._untouched:
            self.refresh()
        return found

    def _place(self, ref: Ref) -> Node:
        """The node of a ref; of one that is new nothing is known before the next refresh."""
        found = self._nodes.get(ref)
        if found is None:
            found = self._nodes[ref] = Node(ref, self._recipes.maker(ref))
            if found.maker is None:
                self._unmade.add(ref)
            if ref in self._holdings.newest:
                self._untouched.append(ref)
        return found

    def named(self, texts: Collection[str]) -> list[Ref] | None:
        """The refs with these names, or None where nobody makes one of them, or nobody looked for it before.

        They are the nodes' own: a want of ten thousand refs that kept other texts would hold half a megabyte more.
        """
        nodes: Mapping[str, Node] = cast("dict[str, Node]", self._nodes)
        try:
            found = list(map(_REF, map(nodes.__getitem__, texts)))
        except KeyError:
            return None
        return found if self._unmade.isdisjoint(found) else None

    def nodes(self) -> Iterator[Node]:
        """All nodes: of what is demanded, and of what somebody looked for."""
        return iter(self._nodes.values())

    def drop(self, refs: Iterable[Ref]) -> None:
        """Forget the nodes of these refs that nothing and nobody refers to."""
        for ref in refs:
            node = self._nodes.get(ref)
            if node is not None and not (node.newest or node.readers or node.dependents or node.roots or node.expanded):
                self._agenda.forget(node)
                self._unmade.discard(ref)
                del self._nodes[ref]

    # -- what changed ---------------------------------------------------------------------------------------------

    def touch(self, ref: Ref) -> None:
        """The instances of this ref changed in the world."""
        node = self._place(ref)
        newest = self._holdings.newest.get(ref)
        if newest is not None:
            node.newest = self._world.partitions[newest]
            node.newest_seq = self._world.seqs[newest]
        canonical = self._holdings.canonical.get(ref)
        if canonical is not None:
            self._freshness.see_canonical(node, self._world.partitions[canonical])
        node.refit = True
        self._agenda.mark(node)

    def want(self, want: WantId, refs: Iterable[Ref], opened: int, priority: int) -> None:
        """An open want names these refs."""
        for ref in refs:
            self._demand.want(self._place(ref), want, (opened, priority))

    def unwant(self, want: WantId, refs: Iterable[Ref]) -> None:
        """The want names them no longer, or is no longer open."""
        for ref in refs:
            self._demand.unwant(self._place(ref), want)

    # -- what follows ---------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Carry all changes through.

        What is to be let go comes first: else letting go could run after expanding, round a circle, and never reach it.
        What is settled again and again is in a cycle that is not found yet: look for it.
        """
        agenda, settled = self._agenda, 0
        self._touch_new()
        while True:
            if agenda.left:
                self._expansion.let_go(agenda.left.popitem()[0])
            elif (node := agenda.next_marked()) is not None:
                self._settle(node)
                settled += 1
                if settled > ROUNDS * len(agenda.changed):
                    self._obstacles.find_cycles()
                    settled = 0
            elif not self._obstacles.find_cycles():
                return

    @property
    def is_settled(self) -> bool:
        """Whether nothing changed since the last refresh."""
        return self._agenda.is_empty and not self._untouched

    def take_changed(self) -> tuple[Node, ...]:
        """The nodes whose standing changed since the last time, in the order it was noticed."""
        self.refresh()
        changed = tuple(self._agenda.changed)
        self._agenda.changed.clear()
        return changed

    def _settle(self, node: Node) -> None:
        self._agenda.changed[node] = None
        self._freshness.settle(node)
        self._demand.look_again(node)
        self._expansion.settle(node)
        self._obstacles.settle(node)
        self._demand.hand_on(node)
        self._touch_new()

    def _touch_new(self) -> None:
        """Look at the instances of new nodes, and of what they were made from, before anything follows from them."""
        while self._untouched:
            self.touch(self._untouched.pop())

    # -- answers, up to date after a refresh ----------------------------------------------------------------------

    def is_done(self, ref: Ref) -> bool:
        """Whether readers get something fresh for this ref."""
        node = self.find(ref)
        return node is not None and node.done

    def undone(self, refs: Iterable[Ref]) -> Iterator[Ref]:
        """Those of these refs that are not done; of a million all are, when they are asked for again."""
        nodes = self._nodes
        return (ref for ref in refs if (node := nodes.get(ref) or self.find(ref)) is None or not node.done)

    def needs_of(self, node: Node) -> dict[Node, bool]:
        """What a node needs, and whether that is built for the asking."""
        needs = self._expansion.needs_of(node)
        if self._untouched:
            self.refresh()
        return needs

    def readers_of(self, node: Node) -> Iterator[Node]:
        """Who was made from it, of those that readers get: taken in one by one, for only they know of it.

        Things may happen meanwhile. Looks through all instances where nobody had ``world.readers`` catch up before.
        """
        while (readers := self._world.readers(INSTANCES_AT_ONCE)) is None:
            pass
        told: set[Node] = set()
        for instance in self._holdings.instances(node.ref):
            for reader in readers.of(instance):
                found = self.node(self._world.partitions[reader].spec.ref)
                if found in node.readers and found not in told:
                    told.add(found)
                    yield found

    def recipe_of(self, node: Node) -> Recipe | None:
        """How a node is made, where that is known."""
        return self._expansion.recipe_of(node)
