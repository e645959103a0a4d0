"""Rule: jobs that take many refs at once collect them in a batch, until it is full or its time has come.

A batch never holds two refs of which one needs the other: what joins is ready, so all it needs is done.
Source: design section 4 (Buffering); complaint C20.
"""

from orchestrator.catalog import Job
from orchestrator.planning.cases import is_buildable
from orchestrator.planning.node import Node
from orchestrator.planning.starting import evidence_for, queue_run
from orchestrator.planning.turn import Turn
from statemachines.ids import RunId, Timestamp
from statemachines.jobrun import Buffering, JobRunBuffering


def join_batch(turn: Turn, job: Job, node: Node) -> None:
    """Set a ready node aside for its job's batch of this turn."""
    turn.board.joining.setdefault(job.name, []).append(node)


def close_batches(turn: Turn) -> None:
    """Fill open batches with what joined, queue those that are full or due, and open a new one for the rest."""
    board = turn.board
    joining, board.joining = board.joining, {}
    for name, nodes in joining.items():
        job = board.recipes.job(name)
        assert job is not None, "what joined came from a job of the catalog"
        _fill(turn, job, nodes)
    due, board.due_batches = board.due_batches, set()
    for run in sorted(due):
        batch = board.world.runs[RunId(run)]
        if isinstance(batch, Buffering):
            _queue_batch(turn, batch)


def _fill(turn: Turn, job: Job, nodes: list[Node]) -> None:
    board = turn.board
    open_batch = board.open_batches.get(job.name)
    while nodes:
        if open_batch is None:
            chunk, nodes = nodes[: job.batch_max], nodes[job.batch_max :]
            if len(chunk) == job.batch_max or job.batch_wait_us == 0:
                queue_run(turn, job, chunk, turn.ids.run())
            else:
                _open(turn, job, chunk)
            continue
        batch = _buffering(turn, open_batch)
        room = job.batch_max - len(batch.refs)
        chunk, nodes = nodes[:room], nodes[room:]
        cause = max(evidence_for(node) for node in chunk)
        turn.record(batch.join(tuple(node.ref for node in chunk), at=turn.now), cause=cause, want=batch.want)
        if len(chunk) == room:
            _queue_batch(turn, _buffering(turn, open_batch))
            open_batch = None


def _open(turn: Turn, job: Job, nodes: list[Node]) -> None:
    board = turn.board
    want = board.want_for(nodes[0])
    until = Timestamp(turn.now + job.batch_wait_us)
    refs = tuple(node.ref for node in nodes)
    turn.record(
        JobRunBuffering(turn.now, turn.ids.run(), job.name, board.graph.environment, want, until, refs),
        cause=max(evidence_for(node) for node in nodes),
        want=want,
    )


def _buffering(turn: Turn, run: RunId) -> Buffering:
    batch = turn.board.world.runs[run]
    assert isinstance(batch, Buffering), "an open batch is Buffering"
    return batch


def _queue_batch(turn: Turn, batch: Buffering) -> None:
    """Queue a batch with those of its refs that may still be built; drop it where none may."""
    board = turn.board
    job = board.recipes.job(batch.job)
    nodes = [board.graph.node(ref) for ref in batch.refs]
    ready = [n for n in nodes if n.expanded and n.unmet == 0 and n.demanded and is_buildable(n) and n.maker is job]
    if job is None or not ready:
        turn.record(batch.cancel("nobody wants it any more", at=turn.now), want=batch.want)
    else:
        queue_run(turn, job, ready, batch.id)
