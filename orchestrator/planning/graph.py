"""The graph of demand in one environment: what is done, what is wanted, what stands in its way.

Everything here is derived from the world and the catalog and can be thrown away and derived again (``load``). While
the daemon runs it is kept up to date instead: ``touch`` names what changed, ``refresh`` carries the change as far as
it reaches and no further; ``take_changed`` returns the nodes whose standing changed. An incremental refresh leaves
exactly what deriving it all again would leave; a test holds it to that.

Cost of a refresh: proportional to the changed nodes and their direct neighbours.
Source: design section 3 (laws 5, 6, 9) and section 4; performance reference, section 6 (dirty set, counters).
"""

from collections import deque
from collections.abc import Iterable, Iterator

from orchestrator.catalog import CatalogError, Job
from orchestrator.planning.cycles import waiting_cycles
from orchestrator.planning.node import NEVER, NO_PRIORITY, Node
from orchestrator.planning.recipes import Recipe, Recipes
from statemachines.ids import WantId
from statemachines.jobrun import JobRun, RunState
from statemachines.partition import Building, Live, Partition, Tainted, UpForRetry, UpstreamBuilding
from statemachines.refs import Ref
from statemachines.traits import live_of
from statemachines.world import World

ROUNDS = 16
"""How often each changed node is settled again, on average, before cycles are looked for."""


class Graph:
    """The nodes of one environment over a world and the recipes of its refs."""

    def __init__(self, world: World, recipes: Recipes, environment: str) -> None:
        self._world = world
        self._recipes = recipes
        self._holdings = world.holdings(environment)
        self._nodes: dict[Ref, Node] = {}
        self._dirty: deque[Node] = deque()
        self._queued: set[Node] = set()
        self._changed: dict[Node, None] = {}
        self._linked: dict[Node, None] = {}
        self._left: dict[Node, None] = {}
        """Nodes that somebody needs or wants no longer, and that may have to be let go."""
        self._cycles: dict[Node, list[tuple[Node, ...]]] = {}
        """The cycles that each node is in."""
        self.environment = environment

    def load(self) -> None:
        """Take in every ref that the environment holds. O(instances and what they read)."""
        for ref in self._holdings.newest:
            self.touch(ref)

    def node(self, ref: Ref) -> Node:
        """The node of a ref, made where there is none yet."""
        found = self._nodes.get(ref)
        if found is None:
            found = self._nodes[ref] = Node(ref, self._recipes.maker(ref))
        return found

    def find(self, ref: Ref) -> Node | None:
        """The node of a ref, if there is one."""
        return self._nodes.get(ref)

    def drop(self, refs: Iterable[Ref]) -> None:
        """Forget the nodes of these refs that nothing and nobody refers to."""
        for ref in refs:
            node = self._nodes.get(ref)
            if node is not None and not (node.newest or node.readers or node.dependents or node.roots or node.expanded):
                self._changed.pop(node, None)
                del self._nodes[ref]

    def nodes(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def touch(self, ref: Ref) -> None:
        """The instances of this ref changed in the world."""
        node = self.node(ref)
        newest = self._holdings.newest.get(ref)
        if newest is not None:
            node.newest = self._world.partitions[newest]
            node.newest_seq = self._world.seqs[newest]
        canonical = self._holdings.canonical.get(ref)
        if canonical is not None:
            self._see_canonical(node, self._world.partitions[canonical])
        node.refit = True
        self._mark(node)

    def want(self, want: WantId, refs: Iterable[Ref], opened: int, priority: int) -> None:
        """An open want names these refs."""
        for ref in refs:
            node = self.node(ref)
            node.roots[want] = (opened, priority)
            node.rescan = True
            self._mark(node)

    def unwant(self, want: WantId, refs: Iterable[Ref]) -> None:
        """The want names them no longer, or is no longer open."""
        for ref in refs:
            node = self.node(ref)
            if node.roots.pop(want, None) is not None:
                node.rescan = True
                self._left[node] = None
                self._mark(node)

    def is_done(self, ref: Ref) -> bool:
        """Whether readers get something fresh for this ref. Up to date after a refresh."""
        node = self._nodes.get(ref)
        return node is not None and node.done

    def refresh(self) -> None:
        """Carry all changes through.

        What is to be let go comes first: else letting go could run after expanding, round a circle, and never reach it.
        What is settled again and again is in a cycle that is not found yet: look for it.
        """
        settled = 0
        while self._left or self._dirty:
            if self._left:
                self._let_go(self._left.popitem()[0])
                continue
            node = self._dirty.popleft()
            self._queued.discard(node)
            self._settle(node)
            settled += 1
            if not self._dirty or settled > ROUNDS * len(self._changed):
                self._find_cycles()
                settled = 0

    def take_changed(self) -> tuple[Node, ...]:
        """The nodes whose standing changed since the last time, in the order it was noticed."""
        self.refresh()
        changed = tuple(self._changed)
        self._changed.clear()
        return changed

    # -- one node -----------------------------------------------------------------------------------------------

    def _settle(self, node: Node) -> None:
        self._changed[node] = None
        self._settle_done(node)
        if node.rescan:
            self._rescan_demand(node)
        self._settle_expansion(node)
        self._settle_blocked(node)
        self._hand_on_demand(node)

    def _settle_done(self, node: Node) -> None:
        done = isinstance(node.canonical, Live) and node.stale == 0 and self._is_current_code(node, node.canonical)
        if done is node.done:
            return
        node.done = done
        node.recipe = None
        for reader, digest in node.readers.items():
            if digest == node.digest:
                reader.stale += -1 if done else 1
                self._mark(reader)
        for dependent in node.dependents:
            dependent.unmet += -1 if done else 1
            self._mark(dependent)

    def _is_current_code(self, node: Node, live: Live) -> bool:
        """Whether the code it was made by still counts; by default a change of the code keeps past data."""
        maker = node.maker
        if not isinstance(maker, Job) or maker.on_code_change == "keep":
            return True
        run = self._world.maker_of(live.origin)
        return run is None or fingerprint_of(run) == maker.fingerprint

    def _see_canonical(self, node: Node, state: Partition) -> None:
        """Take in which instance readers get, and what it was made from."""
        assert isinstance(state, (Live, Tainted)), "a canonical instance is Live or Tainted"
        newly_made = node.canonical is None or node.canonical.spec.id != state.spec.id
        node.canonical = state
        live = live_of(state)
        assert live is not None, "a canonical instance was Live before it was tainted"
        if newly_made:
            self._change_digest(node, live.content.digest)
            self._change_reads(node, live)

    def _change_digest(self, node: Node, digest: str) -> None:
        if digest == node.digest:
            return
        if node.done:
            for reader, read in node.readers.items():
                reader.stale += (read == node.digest) - (read == digest)
                self._mark(reader)
        node.digest = digest

    def _change_reads(self, node: Node, live: Live) -> None:
        for old in node.reads:
            del old.readers[node]
        node.reads = {}
        node.stale = 0
        for instance in self._world.reads_of(live):
            read = self._world.partitions[instance]
            source = self.node(read.spec.ref)
            digest = content_digest(read)
            node.reads[source] = digest
            source.readers[node] = digest
        node.stale = sum(not (source.done and source.digest == digest) for source, digest in node.reads.items())

    # -- what it needs --------------------------------------------------------------------------------------------

    def _settle_expansion(self, node: Node) -> None:
        if node.cycle and not node.roots:
            self._collapse_circle(node)
        wanted = bool(node.roots) or any(node.dependents.values())
        if not wanted or node.done or node.building:
            if node.expanded:
                self._collapse(node)
        elif node.refit or not node.expanded:
            node.refit = False
            self._fit(node, self.needs_of(node))

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
                self._mark(member)

    def _fit(self, node: Node, needs: dict[Node, bool]) -> None:
        if node.expanded and needs == node.needs:
            return
        if node.expanded:
            self._collapse(node)
        self._expand(node, needs)

    def needs_of(self, node: Node) -> dict[Node, bool]:
        """What it needs, and whether that is built for the asking.

        Declared or configured inputs, what the jobs of its chain missed, and for a dynamic job what the instance that
        it is to follow was made from: a hint that saves a start, verified by the job itself.
        """
        recipe = self.recipe_of(node)
        if recipe is None:
            return {}
        needs = {self.node(need.ref): need.kind == "materialize" for need in recipe.inputs}
        if isinstance(node.newest, (Building, UpstreamBuilding, UpForRetry)):
            for missed in node.newest.attempt.needs:
                needs.setdefault(self.node(missed), True)
        if recipe.job.dynamic:
            for source in node.reads:
                if source.maker is not None:
                    needs.setdefault(source, True)
        return needs

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

    def _expand(self, node: Node, needs: dict[Node, bool]) -> None:
        node.expanded = True
        node.needs = needs
        node.unmet = node.bars = 0
        for need, build in needs.items():
            need.dependents[node] = build
            node.unmet += not need.done
            node.bars += need.blocked > 0
            if need.expanded:
                self._linked[node] = None
            elif build:
                self._mark(need)

    def _collapse(self, node: Node) -> None:
        for need in node.needs:
            del need.dependents[node]
            need.rescan = True
            if not need.done:
                self._left[need] = None
                self._mark(need)
        self._open_cycles(node)
        node.expanded = False
        node.needs = {}
        node.unmet = node.bars = 0
        node.passed = (0, NO_PRIORITY)

    def _let_go(self, node: Node) -> None:
        """Collapse a node that lost some demand, if that was the last."""
        if node.roots:
            return
        if node.cycle or node.blocked == NEVER:
            self._collapse_circle(node)
        elif node.expanded and not any(node.dependents.values()):
            self._collapse(node)

    # -- what stands in its way -----------------------------------------------------------------------------------

    def _settle_blocked(self, node: Node) -> None:
        before, after = node.blocked, self._bar(node)
        if after == before:
            return
        node.blocked = after
        for dependent in node.dependents:
            dependent.bars += (after > 0) - (before > 0)
            self._mark(dependent)

    def _bar(self, node: Node) -> int:
        if node.done or node.building:
            return 0
        if node.maker is None or node.cycle or node.impossible:
            return NEVER
        if not node.bars:
            return node.failed_at
        return max(node.failed_at, *(need.blocked for need in node.needs))

    def _find_cycles(self) -> None:
        """Mark what needs itself, looking from the nodes that were newly linked to something already waiting."""
        if not self._linked:
            return
        linked = [node for node in self._linked if node.expanded]
        self._linked.clear()
        for cycle in map(tuple, waiting_cycles(linked)):
            way = tuple(member.ref for member in cycle)
            for member in cycle:
                self._cycles.setdefault(member, []).append(cycle)
                member.cycle = way
                self._mark(member)

    def _open_cycles(self, node: Node) -> None:
        """The node leaves all cycles it is in: the others are in those no longer, but may be in one not found yet."""
        for cycle in self._cycles.pop(node, ()):
            for member in cycle:
                others = [other for other in self._cycles.pop(member, ()) if other is not cycle]
                if others:
                    self._cycles[member] = others
                member.cycle = tuple(one.ref for one in others[-1]) if others else ()
                self._linked[member] = None
                self._mark(member)

    # -- what is demanded -----------------------------------------------------------------------------------------

    def _rescan_demand(self, node: Node) -> None:
        node.rescan = False
        opened, priority = 0, NO_PRIORITY
        for root_opened, root_priority in node.roots.values():
            opened, priority = max(opened, root_opened), max(priority, root_priority)
        for dependent, build in node.dependents.items():
            if build:
                opened, priority = max(opened, dependent.passed[0]), max(priority, dependent.passed[1])
        node.opened, node.priority = opened, priority

    def _hand_on_demand(self, node: Node) -> None:
        passed = (node.opened, node.priority) if node.expanded and node.demanded else (0, NO_PRIORITY)
        if passed == node.passed:
            return
        node.passed = passed
        for need, build in node.needs.items():
            if build:
                need.rescan = True
                self._mark(need)

    def _mark(self, node: Node) -> None:
        if node not in self._queued:
            self._queued.add(node)
            self._dirty.append(node)


def fingerprint_of(run: JobRun) -> str:
    """The fingerprint of the code that a JobRun which made something was started with."""
    assert isinstance(run, RunState), "only a JobRun that was launched makes something"
    activation = getattr(run, "activation", None)
    return "" if activation is None else activation.fingerprint


def content_digest(state: Partition) -> str:
    """The digest of what an instance holds, or held before it was tainted or collected."""
    live = live_of(state)
    assert live is not None, "only what was Live has a digest"
    return live.content.digest
