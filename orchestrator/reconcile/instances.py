"""Rule: an unfinished instance follows what it waits for, and ends when nobody wants it any more.

What runs is stopped only where the want that led to it was taken back (canceled, expired, superseded). Where that want
failed or is paused, what runs may finish: its result is good, and stopping it would waste it.

Source: design section 4 (Partition instance, JobRun).
"""

from orchestrator.planning.node import NEVER, Node
from orchestrator.planning.roots import failure_of
from orchestrator.planning.turn import Turn
from statemachines import jobrun, want
from statemachines.ids import WantId
from statemachines.partition import Building, UpForRetry, UpstreamBuilding

_TAKEN_BACK = (want.Canceled, want.Expired, want.Superseded)
_CLOSED = (*_TAKEN_BACK, want.Successful, want.Failed, want.UpstreamFailed)


def settle_instance(turn: Turn, node: Node) -> None:
    """Move the newest instance of a ref along, where something follows for it."""
    match node.newest:
        case Building() as building if node.opened == 0:
            _leave_building(turn, building)
        case UpstreamBuilding() as waiting if node.cycle:
            _follow_needs(turn, node, waiting)
        case UpstreamBuilding() | UpForRetry() as waiting if node.opened == 0 or node.done:
            _leave_waiting(turn, waiting)
        case UpstreamBuilding() as waiting if node.expanded:
            _follow_needs(turn, node, waiting)
        case _:
            pass


def _follow_needs(turn: Turn, node: Node, waiting: UpstreamBuilding) -> None:
    if node.cycle or node.blocked > node.opened:
        reason, evidence = failure_of(node)
        turn.record(
            waiting.fail_upstream(reason, node.cycle, at=turn.now),
            cause=evidence if node.blocked < NEVER else node.newest_seq,
            want=_want_of(turn, waiting),
        )
    elif node.unmet == 0:
        arrived = max((need.newest_seq for need in node.needs), default=node.newest_seq)
        turn.record(waiting.retry(at=turn.now), cause=arrived, want=_want_of(turn, waiting))


def _leave_waiting(turn: Turn, waiting: UpstreamBuilding | UpForRetry) -> None:
    want_id = _want_of(turn, waiting)
    if isinstance(turn.board.world.wants[want_id], _CLOSED):
        turn.record(waiting.cancel(at=turn.now), cause=turn.board.world.seqs[want_id], want=want_id)
    else:
        _leave_to(turn, want_id, waiting)


def _leave_building(turn: Turn, building: Building) -> None:
    world = turn.board.world
    run = world.runs[building.attempt.run]
    assert isinstance(run, jobrun.RunState), "a Building instance belongs to a JobRun that was queued"
    if any(turn.board.graph.node(output.ref).opened for output in run.spec.outputs):
        return
    want_id = run.spec.want
    cause = world.seqs[want_id]
    if isinstance(run, jobrun.Queued):
        turn.record(run.cancel("nobody wants it any more", at=turn.now), cause=cause, want=want_id)
        release(turn, run.spec, cause)
    elif isinstance(run, jobrun.Active) and isinstance(world.wants[want_id], _TAKEN_BACK):
        turn.record(run.stop("nobody wants it any more", "", at=turn.now), cause=cause, want=want_id)
    elif isinstance(run, jobrun.Active):
        _leave_to(turn, want_id, building)


def _leave_to(turn: Turn, want_id: WantId, left: Building | UpForRetry | UpstreamBuilding) -> None:
    """Have it looked at again when the want that led to it is closed, since no demand leads there."""
    turn.board.left_over.setdefault(want_id, {})[left.spec.ref] = None


def release(turn: Turn, spec: jobrun.RunSpec, cause: int) -> None:
    """Cancel the instances that a canceled JobRun was to build."""
    for output in spec.outputs:
        instance = turn.board.world.partitions[output.instance]
        if isinstance(instance, Building):
            turn.record(instance.cancel(at=turn.now), cause=cause, want=spec.want)


def _want_of(turn: Turn, waiting: UpstreamBuilding | UpForRetry) -> WantId:
    run = turn.board.world.runs[waiting.attempt.run]
    assert isinstance(run, jobrun.RunState), "an instance that waits was built by a JobRun that ran"
    return run.spec.want
