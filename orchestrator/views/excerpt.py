"""The part of a world that a plan for some refs is about, as a world of its own, to be played with.

Everything that is not done and that the refs hang together with is taken over as it is; what is done is taken over as
if it had been reported, so that nothing behind it has to be looked at. The cost follows what is not done, and what it
directly needs.

It is a world that never was: only ``plan`` uses it, and nothing of it ever reaches the log.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice

import msgspec

from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.planning.reuse import LOOKED_AT_MAX
from orchestrator.views.jobruns import outputs_of
from orchestrator.views.looking import needs_of, peek
from statemachines import jobrun
from statemachines.ids import InstanceId, RunId
from statemachines.partition import Adopted, Built, BuiltReading, Live, Reported
from statemachines.refs import Ref
from statemachines.traits import activation_of, attempt_of, head_of, live_of
from statemachines.world import World


class Excerpt:
    """Takes over what hangs together with some refs."""

    def __init__(self, board: Board, refs: Iterable[Ref]) -> None:
        self.world = World()
        self.world.seq = board.world.seq
        self._board = board
        self._holdings = self.world.holdings(board.graph.environment)
        self._waiting = deque(refs)
        self._taken: set[InstanceId] = set()
        self.refs: dict[Ref, None] = dict.fromkeys(self._waiting)
        while self._waiting:
            self._take_ref(peek(board, self._waiting.popleft()))
        self.world.recount()

    def _follow(self, refs: Iterable[Ref]) -> None:
        new = [ref for ref in dict.fromkeys(refs) if ref not in self.refs]
        self.refs.update(dict.fromkeys(new))
        self._waiting.extend(new)

    def _take_ref(self, node: Node) -> None:
        if node.done and isinstance(node.canonical, Live) and not node.building:
            self._take_done(node, node.canonical)
        else:
            self._take_open(node)

    def _take_done(self, node: Node, live: Live) -> None:
        instance = live.spec.id
        self.world.partitions[instance] = msgspec.structs.replace(live, origin=Reported("plan"))
        self.world.seqs[instance] = self._board.world.seqs[instance]
        self._holdings.canonical[node.ref] = self._holdings.newest[node.ref] = instance

    def _take_open(self, node: Node) -> None:
        holdings = self._board.holdings
        if node.ref in holdings.newest:
            self._holdings.newest[node.ref] = holdings.newest[node.ref]
        if node.ref in holdings.canonical:
            self._holdings.canonical[node.ref] = holdings.canonical[node.ref]
            self._take_instance(holdings.canonical[node.ref])
        for instance in islice(holdings.instances(node.ref), LOOKED_AT_MAX):
            self._take_instance(instance)
            if instance in holdings.earlier:
                self._holdings.earlier[instance] = holdings.earlier[instance]
                self._take_instance(holdings.earlier[instance])
        if node.ref in self._board.buffered:
            self._take_run(self._board.buffered[node.ref])
        self._follow(needs_of(self._board, node))
        if (attempt := attempt_of(node.newest)) is not None:
            self._follow(attempt.needs)

    def _take_instance(self, instance: InstanceId) -> None:
        """An instance with what it was made by and from; what it was made from is followed too."""
        if instance in self._taken:
            return
        self._taken.add(instance)
        state = self._board.world.partitions[instance]
        self.world.partitions[instance] = state
        self.world.seqs[instance] = self._board.world.seqs[instance]
        attempt = attempt_of(state)
        if attempt is not None:
            self._take_run(attempt.run)
        live = live_of(state)
        if live is not None:
            self._take_origin(live)

    def _take_origin(self, live: Live) -> None:
        match live.origin:
            case Built(run) | BuiltReading(run, _):
                self._take_run(run)
            case Adopted(source, _):
                self._take_instance(source)
            case Reported():
                pass
        for read in self._board.world.reads_of(live):
            self._take_fact(read)

    def _take_fact(self, instance: InstanceId) -> None:
        """An instance that something was made from: what it held, not where that came from."""
        state = self._board.world.partitions[instance]
        self.world.partitions.setdefault(instance, state)
        self.world.seqs.setdefault(instance, self._board.world.seqs[instance])
        self._follow([state.spec.ref])

    def _take_run(self, run_id: RunId) -> None:
        if run_id in self.world.runs:
            return
        world, state = self._board.world, self._board.world.runs[run_id]
        self.world.runs[run_id] = state
        self.world.seqs[run_id] = world.seqs[run_id]
        want_id = head_of(state).want
        self.world.wants[want_id] = world.wants[want_id]
        self.world.seqs[want_id] = world.seqs[want_id]
        activation = activation_of(state)
        for given in () if activation is None else activation.inputs:
            self._take_fact(given)
        if run_id in world.open_runs:
            self._take_open_run(run_id, state)

    def _take_open_run(self, run_id: RunId, state: jobrun.JobRun) -> None:
        self.world.open_runs[run_id] = 0  # recounted in the end
        if isinstance(state, jobrun.Started):
            job = head_of(state).job
            self.world.slots_held[job] = self.world.slots_held.get(job, 0) + 1
        self._follow(ref for ref, _ in outputs_of(state))
