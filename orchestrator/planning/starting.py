"""A JobRun is queued: who it is, what it makes, which tries it continues."""

from collections.abc import Sequence

from orchestrator.catalog import Job
from orchestrator.planning.board import Board
from orchestrator.planning.cases import is_buildable
from orchestrator.planning.node import Node
from orchestrator.planning.turn import Turn
from statemachines.failure import Failure
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Buffering, JobRunQueued, Output, Reason, RunSpec
from statemachines.partition import (
    Attempt,
    Building,
    PartitionBuilding,
    PartitionSpec,
    Tainted,
    UpForRetry,
    UpstreamBuilding,
)

UNVERSIONED = "unversioned"
"""The version of an application whose code is the folder its configuration lies in."""


def may_be_queued(board: Board, node: Node) -> bool:
    """Whether a ref is demanded, has all it needs, and nothing is under way for it. Its retry may still have to wait.

    What happened to its instances in this very turn counts, also before the graph was refreshed.
    """
    if isinstance(node.newest, (Building, UpstreamBuilding)) or node.ref in board.buffered:
        return False
    return node.expanded and node.unmet == 0 and node.demanded and is_buildable(node)


def queue_run(turn: Turn, job: Job, nodes: Sequence[Node], run: RunId) -> None:
    """Queue one JobRun that makes these refs, and their instances. Ends the batch that ``run`` names, if it is one."""
    board = turn.board
    first = nodes[0]
    spec = RunSpec(
        id=run,
        job=job.name,
        environment=board.graph.environment,
        want=board.want_for(first),
        outputs=tuple(Output(node.ref, turn.ids.instance()) for node in nodes),
        reason=reason_for(first),
        retries=first.newest.attempt.run if isinstance(first.newest, UpForRetry) else None,
    )
    batch = board.world.runs.get(run)
    cause = max(evidence_for(node) for node in nodes)
    event = batch.queue(spec, at=turn.now) if isinstance(batch, Buffering) else JobRunQueued(turn.now, spec)
    queued = turn.record(event, cause=cause, want=spec.want)
    for node, output in zip(nodes, spec.outputs, strict=True):
        _begin(turn, node, output, spec, queued)


def _begin(turn: Turn, node: Node, output: Output, run: RunSpec, queued: int) -> None:
    before = node.newest
    attempt = _attempt(node, output.instance, run.id)
    spec = PartitionSpec(output.instance, node.ref, run.environment)
    if isinstance(before, UpForRetry):
        turn.record(before.replace(at=turn.now), cause=queued, want=run.want)
    turn.record(PartitionBuilding(turn.now, spec, attempt), cause=queued, want=run.want)


def _attempt(node: Node, instance: InstanceId, run: RunId) -> Attempt:
    """The next try: it continues the chain where the last one may be retried, else it begins one."""
    if not isinstance(node.newest, UpForRetry):
        return Attempt(run, chain=instance)
    last, after = node.newest.attempt, node.newest.after
    lost = isinstance(after, Failure) and after.kind == "lost"
    failed = isinstance(after, Failure) and not lost
    return Attempt(run, last.chain, last.tries + failed, last.lost + lost, last.needs)


def reason_for(node: Node) -> Reason:
    """Why it is built, as a code."""
    if isinstance(node.newest, UpForRetry):
        return "retry" if isinstance(node.newest.after, Failure) else "inputs_arrived"
    if node.canonical is None:
        return "missing"
    return "tainted" if isinstance(node.canonical, Tainted) else "stale"


def evidence_for(node: Node) -> int:
    """The seq of the entry that made it ready: the newest among what it needs, its own past, and the want."""
    return (
        max(node.opened, node.newest_seq, *(need.newest_seq for need in node.needs))
        if node.needs
        else max(node.opened, node.newest_seq)
    )
