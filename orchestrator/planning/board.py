"""The board: the world, and every view that is derived from it.

``apply`` takes in an event and keeps all views in step; ``load`` derives them from a world that was read back. What
is asked of jobs that want to be configured is the one thing that is neither state nor view: it is owed again after
a restart.
"""

from orchestrator.planning.clock_changes import ClockChanges
from orchestrator.planning.graph import Graph
from orchestrator.planning.node import Node
from orchestrator.planning.queue import Queue
from orchestrator.planning.recipes import Recipes
from orchestrator.planning.standing import Standing
from orchestrator.planning.timers import Timers
from statemachines import jobrun, want
from statemachines.events import AnyEvent
from statemachines.ids import LOCAL, RunId, Timestamp, WantId
from statemachines.partition import PartitionFact, UpForRetry
from statemachines.refs import Ref
from statemachines.world import World


class Board:
    """Everything a turn looks at."""

    def __init__(self, world: World, recipes: Recipes, clock_changes: ClockChanges | None = None) -> None:
        """Look at a world. Without ``clock_changes`` its deadlines are taken as they were written."""
        self.world = world
        self.recipes = recipes
        self.holdings = world.holdings(LOCAL)
        self.graph = Graph(world, recipes, LOCAL)
        self.queue = Queue(recipes)
        self.timers = Timers()
        self.clock_changes = clock_changes or ClockChanges(Timestamp(0), 0)
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
        """Derive all views from the world. O(what is open)."""
        for instance in self.holdings.unfinished:
            self.graph.touch(self.world.partitions[instance].spec.ref)
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

    def clock_was_set(self, by_us: int) -> None:
        """Let every wait that has begun last as long as it was to. The world must be as committed."""
        self.clock_changes.note(by_us, self.world.seq, self.open_batches.values())
        self.timers.clock_was_set(by_us)

    def retry_at(self, node: Node) -> Timestamp:
        """From when on a ref may be tried again."""
        newest = node.newest
        if not isinstance(newest, UpForRetry):
            return Timestamp(0)
        return self.clock_changes.by_clock_of_now(newest.not_before, newest.since, node.newest_seq)

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
            self.timers.set(self._from_creation(spec, spec.expires_at), "want_expires", spec.id)
        if spec.late_at is not None and not state.late:
            if spec.data_timestamp is None:
                self.timers.set(self._from_creation(spec, spec.late_at), "want_late", spec.id)
            else:
                self.timers.set(spec.late_at, "want_late", spec.id, fixed=True)

    def _from_creation(self, spec: want.WantSpec, deadline: Timestamp) -> Timestamp:
        return self.clock_changes.by_clock_of_now(deadline, spec.created_at, self.world.opened[spec.id])

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
            case jobrun.Buffering():
                self._see_batch(state)
            case jobrun.Queued():
                self.enqueue(state)
            case _:
                pass

    def _see_batch(self, batch: jobrun.Buffering) -> None:
        if self.open_batches.get(batch.job) != batch.id:
            self.open_batches[batch.job] = batch.id
            seq = self.world.seqs[batch.id]
            until = self.clock_changes.by_clock_of_now(batch.until, batch.since, seq, batch.id)
            self.timers.set(until, "batch", batch.id)
        self.buffered.update(dict.fromkeys(batch.refs, batch.id))

    def enqueue(self, run: jobrun.Queued) -> None:
        """Give a queued JobRun the place that the demand on its refs gives it now."""
        priority = max(self.graph.node(output.ref).priority for output in run.spec.outputs)
        self.queue.push(run.spec, priority, self.world.seqs[run.spec.id])

    def _close_batch(self, batch: jobrun.Buffering) -> None:
        del self.open_batches[batch.job]
        for ref in batch.refs:
            del self.buffered[ref]
            self.graph.touch(ref)
