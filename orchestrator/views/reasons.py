"""Single reasons of ``why``: what is behind a situation, each with its evidence."""

from collections.abc import Iterator
from itertools import islice

from orchestrator.catalog import Job
from orchestrator.planning.board import Board
from orchestrator.planning.freshness import content_digest, fingerprint_of
from orchestrator.planning.node import Node
from orchestrator.planning.queue import free_slots
from orchestrator.views.codes import Code
from orchestrator.views.jobruns import outputs_of
from orchestrator.views.looking import is_changed, iso
from orchestrator.views.shapes import WhyNode
from orchestrator.views.situation import failed, newest_want_for
from statemachines import jobrun, partition, want
from statemachines.ids import InstanceId, WantId
from statemachines.jobrun import RunState
from statemachines.partition import Adopted, Live, Tainted
from statemachines.refs import Ref
from statemachines.traits import live_of

SHOWN_MAX = 20
"""How many inputs, wants or JobRuns are named side by side."""

_DIGEST_CHARS = 16

_REASONS = {
    "missing": "it was built because nothing was there",
    "tainted": "it was built because what was there had been tainted",
    "stale": "it was built because what was there had been made from something that has changed",
    "retry": "it was tried again after a failure",
    "inputs_arrived": "it was tried again when what its job had missed was there",
}


# -------------------------------------------------------------------------------------------------------- what is there


def provenance(board: Board, node: Node) -> Iterator[WhyNode]:
    """Of something that is there: why it was made, what of its inputs had changed, for whom, and from what."""
    live = node.canonical
    assert isinstance(live, Live), "what is done is Live"
    if isinstance(live.origin, Adopted):
        yield _adopted(board, node, live.origin.source)
    made_by = board.world.maker_of(live.origin)
    if isinstance(made_by, RunState):
        evidence = board.world.seqs[made_by.spec.id]
        yield WhyNode(Code.RUN_REASON, _REASONS[made_by.spec.reason], node.ref, evidence)
        if made_by.spec.reason == "stale":
            yield from changes_before(board, live)
        yield wanted(board, node.ref, made_by.spec.want)
    reads = board.world.reads_of(live)
    yield from (_read(board, instance) for instance in reads[:SHOWN_MAX])
    if len(reads) > SHOWN_MAX:
        yield WhyNode(Code.MORE, f"and {len(reads) - SHOWN_MAX} more inputs; see wantd partition lineage", node.ref)


def changes_before(board: Board, live: Live) -> Iterator[WhyNode]:
    """What it was made from that differs from what the instance before it was made from."""
    older = (board.world.partitions[one] for one in board.holdings.instances(live.spec.ref) if one != live.spec.id)
    before = next((found for found in map(live_of, older) if found is not None and found.since <= live.since), None)
    if before is None:
        return
    was, now = _digests(board, before), _digests(board, live)
    changed = [ref for ref in now if was.get(ref) != now[ref]]
    for ref in changed[:SHOWN_MAX]:
        instance, digest = now[ref]
        old = _short(was[ref][1]) if ref in was else "not read before"
        if ref in was and was[ref][1] == digest:
            continue
        yield WhyNode(Code.INPUT_CHANGED, f"{ref} changed: {old} -> {_short(digest)}", ref, board.world.seqs[instance])


def wanted(board: Board, ref: Ref, want_id: WantId) -> WhyNode:
    """Which want, and who."""
    state = board.world.wants[want_id]
    name, spec = type(state).__name__, state.spec
    text = f"want {want_id} ({name}) of {spec.actor}, made at {iso(spec.created_at)}"
    return WhyNode(Code.WANTED, text, ref, board.world.seqs[want_id])


def _digests(board: Board, live: Live) -> dict[Ref, tuple[InstanceId, str]]:
    found = ((instance, board.world.partitions[instance]) for instance in board.world.reads_of(live))
    return {state.spec.ref: (instance, content_digest(state)) for instance, state in found}


def _read(board: Board, instance: InstanceId) -> WhyNode:
    state = board.world.partitions[instance]
    text = f"made from {state.spec.ref} ({instance}, {_short(content_digest(state))})"
    return WhyNode(Code.READ, text, state.spec.ref, board.world.seqs[instance])


def _adopted(board: Board, node: Node, source: InstanceId) -> WhyNode:
    since = iso(board.world.partitions[source].since)
    text = f"its bytes are those of instance {source}, as of {since}"
    return WhyNode(Code.ADOPTED, text, node.ref, board.world.seqs[source])


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
        tainted = node.canonical
        text = f"instance {tainted.spec.id} was tainted by {tainted.actor} at {iso(tainted.since)}: {tainted.reason}"
        yield WhyNode(Code.TAINTED, text, node.ref, board.world.seqs[tainted.spec.id])
    elif isinstance(node.canonical, Live):
        stale, evidence = node.canonical, board.world.seqs[node.canonical.spec.id]
        if node.stale:
            text = f"instance {stale.spec.id} is stale: {node.stale} of {len(node.reads)} inputs changed since"
            yield WhyNode(Code.STALE, text, node.ref, evidence, tuple(_changed_inputs(node)))
        else:
            yield from _changed_code(board, node, stale, evidence)


def _changed_inputs(node: Node) -> Iterator[WhyNode]:
    changed = (source for source, digest in node.reads.items() if is_changed(source, digest))
    for source in islice(changed, SHOWN_MAX):
        then = _short(node.reads[source])
        if source.digest != node.reads[source]:
            text = f"{source.ref} changed: {then} -> {_short(source.digest or '')}"
        elif isinstance(source.canonical, Tainted):
            text = f"{source.ref} ({then}) was tainted by {source.canonical.actor}: {source.canonical.reason}"
        else:
            text = f"{source.ref} ({then}) is itself not fresh"
        yield WhyNode(Code.INPUT_CHANGED, text, source.ref, source.newest_seq)


def _changed_code(board: Board, node: Node, live: Live, evidence: int) -> Iterator[WhyNode]:
    run = board.world.maker_of(live.origin)
    if run is None or not isinstance(node.maker, Job) or fingerprint_of(run) == node.maker.fingerprint:
        return
    then, now = _short(fingerprint_of(run)), _short(node.maker.fingerprint)
    yield WhyNode(Code.CODE_CHANGED, f"job {node.maker.name} changed: {then} -> {now}", node.ref, evidence)


# -------------------------------------------------------------------------------------------------------- who is asking


def demand(board: Board, node: Node) -> Iterator[WhyNode]:
    """Which open wants name it, or on whose behalf it is wanted."""
    for want_id in islice(reversed(node.roots), SHOWN_MAX):
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
    text = f"pool {job.pool}: {held} of {size} slots held; job {job.name} needs {job.slots}"
    return WhyNode(Code.POOL_FULL, text, node.ref, node.newest_seq, tuple(_runs_in(board, job.pool)))


def _runs_in(board: Board, pool: str) -> Iterator[WhyNode]:
    jobs = board.recipes.catalog.jobs
    runs = (board.world.runs[run] for run in board.world.open_runs)
    active = (run for run in runs if isinstance(run, jobrun.Started))
    inside = (run for run in active if run.spec.job in jobs and jobs[run.spec.job].pool == pool)
    for run in islice(inside, SHOWN_MAX):
        first = outputs_of(run)[0][0]
        text = f"JobRun {run.spec.id} of job {run.spec.job} holds a slot since {iso(run.since)}, for {first}"
        yield WhyNode(Code.RUNNING, text, first, board.world.seqs[run.spec.id])


def _short(digest: str) -> str:
    return digest if len(digest) <= _DIGEST_CHARS else digest[:_DIGEST_CHARS]
