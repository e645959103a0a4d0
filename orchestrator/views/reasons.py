"""Single reasons of ``why`` for what is not there, or not fresh: what is behind a situation, each with its evidence."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import get_args

from orchestrator.catalog import Job
from orchestrator.planning.board import Board
from orchestrator.planning.freshness import fingerprint_of
from orchestrator.planning.node import Node
from orchestrator.planning.queue import free_slots
from orchestrator.views.codes import Code
from orchestrator.views.jobruns import outputs_of
from orchestrator.views.looking import is_changed, iso, peek
from orchestrator.views.shapes import WhyNode
from orchestrator.views.situation import failed, newest_want_for
from statemachines import jobrun, partition, want
from statemachines.ids import WantId
from statemachines.jobrun import RunState
from statemachines.partition import Live, Tainted
from statemachines.refs import Ref
from statemachines.rolls import RUN_CODES

SHOWN_MAX = 20
"""How many inputs, wants or JobRuns are named side by side."""

PLACES_MAX = 2_000
"""Of how many queued JobRuns at most it is worked out who is before whom."""

_DIGEST_CHARS = 16


# ---------------------------------------------------------------------------------------------------- what is not there


def absence(board: Board, node: Node) -> Iterator[WhyNode]:
    """Of something that nobody asks for: what became of it the last time."""
    last = failed(node)
    if last is not None:
        yield WhyNode(last.code, last.text, node.ref, last.evidence)
    match node.newest:
        case None:
            yield WhyNode(Code.NEVER_BUILT, "it was never built", node.ref)
        case partition.Canceled(since=since):
            text = f"its last build was given up at {iso(since)}: nobody wanted it any more"
            yield WhyNode(Code.CANCELED, text, node.ref, node.newest_seq)
        case partition.Collected(since=since):
            yield WhyNode(Code.COLLECTED, f"its bytes were collected at {iso(since)}", node.ref, node.newest_seq)
        case _:
            pass
    state = newest_want_for(board, node.ref)
    if last is None and isinstance(state, want.Failed | want.UpstreamFailed):
        said = (failure for failure in state.failures if failure.ref == node.ref)
        yield from (WhyNode(Code.UPSTREAM_FAILED, failure.reason, node.ref, failure.evidence) for failure in said)


def unfreshness(board: Board, node: Node) -> Iterator[WhyNode]:
    """What is wrong with the instance that is there, if one is."""
    if isinstance(node.canonical, Tainted):
        yield tainted(board, node.canonical)
    elif isinstance(node.canonical, Live):
        stale, evidence = node.canonical, board.world.seqs[node.canonical.spec.id]
        if node.stale:
            text = f"instance {stale.spec.id} is stale: {node.stale} of {len(node.reads)} inputs changed since"
            yield WhyNode(Code.STALE, text, node.ref, evidence, tuple(_changed_inputs(node)))
        else:
            yield from _changed_code(board, node, stale, evidence)


def tainted(board: Board, state: Tainted) -> WhyNode:
    """Who said that an instance must not be used, and why."""
    text = f"instance {state.spec.id} was tainted by {state.actor} at {iso(state.since)}: {state.reason}"
    return WhyNode(Code.TAINTED, text, state.spec.ref, board.world.seqs[state.spec.id])


def _changed_inputs(node: Node) -> Iterator[WhyNode]:
    changed = (source for source, digest in node.reads.items() if is_changed(source, digest))
    for source in islice(changed, SHOWN_MAX):
        then = short(node.reads[source])
        if source.digest != node.reads[source]:
            text = f"{source.ref} changed: {then} -> {short(source.digest or '')}"
        elif isinstance(source.canonical, Tainted):
            text = f"{source.ref} ({then}) was tainted by {source.canonical.actor}: {source.canonical.reason}"
        else:
            text = f"{source.ref} ({then}) is itself not fresh"
        yield WhyNode(Code.INPUT_CHANGED, text, source.ref, source.newest_seq)


def _changed_code(board: Board, node: Node, live: Live, evidence: int) -> Iterator[WhyNode]:
    run = board.world.maker_of(live.origin)
    if run is None or not isinstance(node.maker, Job) or fingerprint_of(run) == node.maker.fingerprint:
        return
    then, now = short(fingerprint_of(run)), short(node.maker.fingerprint)
    yield WhyNode(Code.CODE_CHANGED, f"job {node.maker.name} changed: {then} -> {now}", node.ref, evidence)


# -------------------------------------------------------------------------------------------------------- who is asking


def wanted(board: Board, ref: Ref, want_id: WantId) -> WhyNode:
    """Which want, and who."""
    state = board.world.wants[want_id]
    name, spec = type(state).__name__, state.spec
    text = f"want {want_id} ({name}) of {spec.actor}, made at {iso(spec.created_at)}"
    return WhyNode(Code.WANTED, text, ref, board.world.seqs[want_id])


def demand(board: Board, node: Node) -> Iterator[WhyNode]:
    """Which open wants name it, or on whose behalf it is wanted."""
    for want_id in islice(reversed([*node.roots]), SHOWN_MAX):
        yield wanted(board, node.ref, want_id)
    if not node.roots and node.opened and not node.building:
        needed_by = next(other.ref for other in node.dependents if other.passed[0] == node.opened)
        text = f"needed by {needed_by}, for want {board.want_for(node)}"
        yield WhyNode(Code.WANTED, text, needed_by, board.world.seqs[board.want_for(node)])
    elif not node.roots and isinstance(node.newest, partition.Building):
        run = board.world.runs[node.newest.attempt.run]
        assert isinstance(run, RunState), "what builds it was queued"
        yield wanted(board, node.ref, run.spec.want)


def holders(board: Board, node: Node, job: Job) -> WhyNode:
    """The pool that a queued JobRun waits for, and who holds its slots."""
    size = board.recipes.pool_size(job.pool)
    held = size - free_slots(job.pool, size, board.world.slots_held, board.recipes.catalog.jobs)
    text = f"pool {job.pool}: {held} of {size} slots held; job {job.name} needs {job.slots}{_before(board, node, job)}"
    return WhyNode(Code.POOL_FULL, text, node.ref, node.newest_seq, tuple(_runs_in(board, job.pool)))


def _before(board: Board, node: Node, job: Job) -> str:
    """How many JobRuns are started before the one for this ref, in words; of very many, how many wait in all."""
    assert isinstance(node.newest, partition.Building), "a JobRun is queued for it"
    jobs = [other.name for other in board.recipes.catalog.jobs.values() if other.pool == job.pool]
    waiting = sum(board.world.numbers.get((jobrun.Queued, name), 0) for name in jobs)
    if waiting > PLACES_MAX:
        return f"; {waiting} JobRuns wait for it"
    queued = [run for run in _in_states(board, jobs, jobrun.Queued) if isinstance(run, jobrun.Queued)]
    places = {run.spec.id: _place(board, run) for run in queued}
    own = places[node.newest.attempt.run]
    number = sum(place < own for place in places.values())
    return f", and {number} JobRun{'s are' if number > 1 else ' is'} before it" if number else ""


def _in_states(board: Board, jobs: Iterable[str], *states: type) -> Iterator[jobrun.JobRun]:
    """The JobRuns of some jobs that are in one of these states, those of each job in the order in which they came."""
    rolls = (board.world.run_rolls.of_job[job] for job in jobs if job in board.world.run_rolls.of_job)
    for roll in rolls:
        yield from (board.world.runs[roll.ids[place]] for place in roll.places([RUN_CODES[one] for one in states]))


def _place(board: Board, run: jobrun.Queued) -> tuple[int, int, int]:
    """What says who is started first: the most wanted, then the job's own priority, then the oldest."""
    job = board.recipes.job(run.spec.job)
    priority = max(peek(board, output.ref).priority for output in run.spec.outputs)
    return -priority, 0 if job is None else -job.priority, board.world.seqs[run.spec.id]


def _runs_in(board: Board, pool: str) -> Iterator[WhyNode]:
    jobs = [job.name for job in board.recipes.catalog.jobs.values() if job.pool == pool]
    active = _in_states(board, jobs, *get_args(jobrun.Started))
    inside = (run for run in active if isinstance(run, jobrun.Started))
    for run in islice(inside, SHOWN_MAX):
        first = outputs_of(run)[0][0]
        text = f"JobRun {run.spec.id} of job {run.spec.job} holds a slot since {iso(run.since)}, for {first}"
        yield WhyNode(Code.RUNNING, text, first, board.world.seqs[run.spec.id])


def short(digest: str) -> str:
    """As much of a digest as tells it from others."""
    return digest if len(digest) <= _DIGEST_CHARS else digest[:_DIGEST_CHARS]
