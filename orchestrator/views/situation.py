"""How a ref stands, in one code and one sentence with its evidence: the first thing that is true, from the top.

What is there says where it comes from; what is not there says what it is waiting for right now. ``why`` adds what is
behind it.
"""

from typing import NamedTuple

from orchestrator.catalog import External
from orchestrator.planning.board import Board
from orchestrator.planning.node import NEVER, Node
from orchestrator.views.codes import Code
from orchestrator.views.looking import iso, peek, problem_of
from statemachines import jobrun, partition, want
from statemachines.failure import Failure
from statemachines.partition import Adopted, Built, BuiltReading, Live, Reported
from statemachines.refs import Ref
from statemachines.want import Want

REFS_SEARCHED_MAX = 1_000_000
"""How many refs of closed wants are looked through for one: some 10 ms."""


class Situation(NamedTuple):
    """One code, one sentence, and the seq that proves it (0: the configuration)."""

    code: Code
    text: str
    evidence: int


def situation(board: Board, node: Node, opened: int, asked: Want | None = None) -> Situation:
    """How a ref stands for whoever wants it since the seq ``opened``; 0 for nobody.

    What nobody wants is told by the want that ``asked`` for it, else by the newest that names it: that looks at all.
    """
    if node.done and isinstance(node.canonical, Live):
        return origin(board, node.canonical)
    if isinstance(node.newest, partition.Building):
        return _under_way(board, node.newest)
    never = _never(board, node)
    if never is not None:
        return never
    if 0 < opened < node.blocked:
        itself = failed(node) if node.failed_at > opened else None
        evidence = 0 if node.blocked == NEVER else node.blocked
        return itself or Situation(Code.UPSTREAM_FAILED, "something it needs could not be had", evidence)
    if node.ref in board.buffered:
        return _in_batch(board, node.ref)
    return _waiting(board, node) if opened else _unwanted(board, node, asked)


def origin(board: Board, live: Live) -> Situation:
    """Where what is there comes from."""
    evidence, at = board.world.seqs[live.spec.id], iso(live.since)
    match live.origin:
        case Built(run) | BuiltReading(run, _):
            job = board.world.runs[run]
            assert isinstance(job, jobrun.RunState), "what was built was queued first"
            return Situation(Code.BUILT, f"JobRun {run} of job {job.spec.job} made it at {at}", evidence)
        case Adopted(source, _):
            text = f"shown again at {at} from instance {source}: the same code and inputs gave these bytes before"
            return Situation(Code.ADOPTED, text, evidence)
        case Reported(actor, _):
            return Situation(Code.REPORTED, f"{actor} reported it at {at}", evidence)


def failed(node: Node) -> Situation | None:
    """How its newest instance failed for good, if it did."""
    match node.newest:
        case partition.Failed(failure=failure, attempt=attempt, since=since):
            text = f"JobRun {attempt.run} failed at {iso(since)}: {failure.kind}: {failure.reason}"
            return Situation(Code.FAILED, text, node.newest_seq)
        case partition.UpstreamFailed(reason=reason, since=since):
            return Situation(Code.UPSTREAM_FAILED, f"given up at {iso(since)}: {reason}", node.newest_seq)
        case _:
            return None


def newest_want_for(board: Board, ref: Ref) -> Want | None:
    """The newest want that names a ref, whatever became of it; one that is paused before those that are closed.

    Of the closed ones so many are looked through as name REFS_SEARCHED_MAX refs.
    """
    world = board.world
    for want_id in reversed(world.opened):
        state = world.wants[want_id]
        if isinstance(state, want.Paused) and ref in state.spec.refs:
            return state
    left = REFS_SEARCHED_MAX
    for want_id in reversed(world.want_roll.ids):
        state = world.wants[want_id]
        if ref in state.spec.refs:
            return state
        left -= len(state.spec.refs)
        if left < 0:
            return None
    return None


def _under_way(board: Board, building: partition.Building) -> Situation:
    run = board.world.runs[building.attempt.run]
    assert isinstance(run, jobrun.RunState), "a Building instance belongs to a JobRun that was queued"
    job, evidence, since = run.spec.job, board.world.seqs[run.spec.id], iso(run.since)
    match run:
        case jobrun.Queued():
            return Situation(Code.QUEUED, f"JobRun {run.spec.id} of job {job} is queued since {since}", evidence)
        case jobrun.Canceling(reason=reason):
            text = f"JobRun {run.spec.id} of job {job} is being stopped since {since}: {reason}"
            return Situation(Code.CANCELING, text, evidence)
        case jobrun.Launching():
            text = f"JobRun {run.spec.id} of job {job} is being started since {since}"
            return Situation(Code.LAUNCHING, text, evidence)
        case _:
            return Situation(Code.RUNNING, f"JobRun {run.spec.id} of job {job} runs since {since}", evidence)


def _in_batch(board: Board, ref: Ref) -> Situation:
    batch = board.world.runs[board.buffered[ref]]
    assert isinstance(batch, jobrun.Buffering), "an open batch is Buffering"
    text = f"batch {batch.id} of job {batch.job} is open until {iso(batch.until)}, with {len(batch.refs)} refs so far"
    return Situation(Code.BATCH_OPEN, text, board.world.seqs[batch.id])


def _never(board: Board, node: Node) -> Situation | None:
    """Why it cannot be made by anybody here, as things are."""
    if node.maker is None:
        return Situation(Code.NO_JOB_MAKES, f"no job or external makes {node.ref}", 0)
    if node.cycle:
        way = " -> ".join((*node.cycle, node.cycle[0]))
        return Situation(Code.CYCLE, f"it needs itself: {way}", node.newest_seq)
    problem = node.impossible or problem_of(board, node.ref)
    if problem:
        return Situation(Code.BAD_INPUTS, f"what it needs cannot be had: {problem}", 0)
    if isinstance(node.maker, External):
        evidence = max(node.newest_seq, node.opened)
        text = f"it comes from outside ({node.maker.name}); waiting for: wantd partition report {node.ref}"
        return Situation(Code.EXTERNAL_AWAITED, text, evidence)
    return None


def _unwanted(board: Board, node: Node, asked: Want | None) -> Situation:
    if node.dependents and not any(node.dependents.values()):
        text = "it has to be there for what queries it, but is not built for the asking; want it"
        return Situation(Code.NOT_BUILT_FOR_ASKING, text, node.newest_seq)
    state = asked or newest_want_for(board, node.ref)
    if state is None:
        return Situation(Code.NOBODY_WANTS, f"no open want asks for it; wantd build {node.ref} does", node.newest_seq)
    evidence, name = board.world.seqs[state.spec.id], state.spec.id
    match state:
        case want.Paused(reason=reason):
            said = f": {reason}" if reason else ""
            return Situation(Code.WANT_PAUSED, f"want {name} is paused since {iso(state.since)}{said}", evidence)
        case want.Successful():
            text = f"no open want asks for it; want {name} had it and was Successful at {iso(state.since)}"
            return Situation(Code.NOBODY_WANTS, text, evidence)
        case _:
            said = f": {state.reason}" if isinstance(state, want.Canceled) and state.reason else ""
            text = f"want {name} closed as {type(state).__name__} at {iso(state.since)}{said}"
            return Situation(Code.WANT_CLOSED, text, evidence)


def _waiting(board: Board, node: Node) -> Situation:
    since = max(node.opened, node.newest_seq)
    unmet = sum(not peek(board, need.ref).done for need in node.needs)
    match node.newest:
        case partition.UpstreamBuilding(needs=needs):
            text = f"its job found {len(needs)} refs missing while it ran; {unmet} of what it needs is not there yet"
            return Situation(Code.MISSED, text, node.newest_seq)
        case partition.UpForRetry(after=Failure(kind=kind), not_before=not_before, attempt=attempt) if not unmet:
            text = f"try {attempt.tries + attempt.lost} failed ({kind}); tried again at {iso(not_before)}"
            return Situation(Code.BACKOFF, text, node.newest_seq)
        case _ if unmet:
            return Situation(Code.WAITING, f"{unmet} of {len(node.needs)} needed refs not there yet", since)
        case _ if board.recipes.is_asked_for(node.ref):
            assert node.maker is not None, "somebody is asked"
            return Situation(Code.CONFIGURING, f"job {node.maker.name} is being asked how it makes it", since)
        case _:
            return Situation(Code.READY, "all it needs is there; it is queued next", since)
