"""The board: the world, and every view that is derived from it.

``apply`` takes in an event and keeps all views in step; ``load`` derives them from a world that was read back. What
is asked of jobs that want to be configured is the one thing that is neither state nor view: it is owed again after
a restart.
"""

from orchestrator.planning.graph import Graph
from orchestrator.planning.node import Node
from orchestrator.planning.queue import Queue
from orchestrator.planning.recipes import Recipes
from orchestrator.planning.standing import Standing
from orchestrator.planning.timers import Timers
from statemachines import jobrun, want
from statemachines.events import AnyEvent
from statemachines.ids import LOCAL, RunId, WantId
from statemachines.partition import PartitionFact
from statemachines.refs import Ref
from statemachines.world import World


class Board:
    """Everything a turn looks at."""

    def __init__(self, world: World, recipes: Recipes) -> None:
        self.world = world
        self.recipes = recipes
        self.holdings = world.holdings(LOCAL)
        self.graph = Graph(world, recipes, LOCAL)
        self.queue = Queue(recipes)
        self.timers = Timers()
        self.arrived: dict[WantId, None] = {}
        """Wants that were opened and not looked at yet."""
        self.standings: dict[WantId, Standing] = {}
        self.buffered: dict[Ref, RunId] = {}
        """Refs that wait in an open batch."""
        self.open_batches: dict[str, RunId] = {}
        """The batch of each job that still takes refs."""
        self.joining: dict[str, list[Node]] = {}
        """Ready nodes set aside for a batch within this pass."""
        self.due_batches: set[str] = set()
        self.pending: dict[Node, None] = {}
        """Changed nodes that the rules have still to look at."""
        self.unsettled: dict[Standing, None] = {}
        """Wants of which a ref changed its case."""
        self.to_ask: dict[str, dict[Ref, None]] = {}
        """Refs whose job has to be asked how to make them, by job."""
        self.left_over: dict[WantId, dict[Ref, None]] = {}
        """Refs left unfinished that nobody demands, by the open want that led to them: looked at when it closes."""
        self._wants_by_opening: dict[int, WantId] = {}

    def load(self) -> None:
        """Derive all views from the world. O(entities)."""
        self.graph.load()
        for want_id in self.world.opened:
            state = self.world.wants[want_id]
            self._remind(state)
            if isinstance(state, want.Movable):
                self.link(want_id)
        for run_id in self.world.open_runs:
            self._see_run(self.world.runs[run_id])

    def apply(self, event: AnyEvent, seq: int) -> None:
        """Take in an event: the world first, then what is derived from it."""
        if isinstance(event, jobrun.JobRunFact):
            before = self.world.runs.get(event.id)
            self.world.apply(event, seq)
            after = self.world.runs[event.id]
            if isinstance(before, jobrun.Buffering) and not isinstance(after, jobrun.Buffering):
                self._close_batch(before)
            self._see_run(after)
        elif isinstance(event, PartitionFact):
            self.world.apply(event, seq)
            self.graph.touch(self.world.partitions[event.id].spec.ref)
        else:
            self.world.apply(event, seq)
            self._see_want(self.world.wants[event.id])

    def want_for(self, node: Node) -> WantId:
        """The newest of the open wants that demand a node."""
        return self._wants_by_opening[node.opened]

    # -- wants ----------------------------------------------------------------------------------------------------

    def link(self, want_id: WantId) -> None:
        """Let an open want demand what it names."""
        spec, opened = self.world.wants[want_id].spec, self.world.opened[want_id]
        self.standings[want_id] = Standing(want_id, opened)
        self._wants_by_opening[opened] = want_id
        self.graph.want(want_id, spec.refs, opened, spec.priority)

    def _remind(self, state: want.Want) -> None:
        """Look at an open want again when it expires and when it is late."""
        spec = state.spec
        if spec.expires_at is not None:
            self.timers.set(spec.expires_at, "want_expires", spec.id)
        if spec.late_at is not None and not state.late:
            self.timers.set(spec.late_at, "want_late", spec.id)

    def _see_want(self, state: want.Want) -> None:
        want_id = state.spec.id
        if isinstance(state, want.Movable):
            if want_id not in self.standings:
                self.arrived[want_id] = None
                self._remind(state)
            return
        self.arrived.pop(want_id, None)
        standing = self.standings.pop(want_id, None)
        if standing is not None:
            self.graph.unwant(want_id, state.spec.refs)
            del self._wants_by_opening[standing.opened]
        if not isinstance(state, want.Open):
            for ref in self.left_over.pop(want_id, ()):
                self.graph.touch(ref)

    # -- JobRuns --------------------------------------------------------------------------------------------------

    def _see_run(self, state: jobrun.JobRun) -> None:
        match state:
            case jobrun.Buffering(id=run_id, job=job, refs=refs, until=until):
                self.open_batches[job] = run_id
                self.buffered.update(dict.fromkeys(refs, run_id))
                self.timers.set(until, "batch", run_id)
            case jobrun.Queued():
                self.enqueue(state)
            case _:
                pass

    def enqueue(self, run: jobrun.Queued) -> None:
        """Give a queued JobRun the place that the demand on its refs gives it now."""
        priority = max(self.graph.node(output.ref).priority for output in run.spec.outputs)
        self.queue.push(run.spec, priority, self.world.seqs[run.spec.id])

    def _close_batch(self, batch: jobrun.Buffering) -> None:
        del self.open_batches[batch.job]
        for ref in batch.refs:
            del self.buffered[ref]
            self.graph.touch(ref)
