"""Single reasons of ``why`` for what is there: the JobRun, what led to it, for whom, and from what it was made."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from orchestrator.planning.board import Board
from orchestrator.planning.freshness import content_digest
from orchestrator.planning.node import Node
from orchestrator.views.codes import Code
from orchestrator.views.looking import iso
from orchestrator.views.reasons import SHOWN_MAX, short, tainted, wanted
from orchestrator.views.shapes import WhyNode
from statemachines import jobrun
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Reason, RunState
from statemachines.partition import Adopted, Live, Replaced, Tainted
from statemachines.refs import Ref
from statemachines.traits import live_of

NAMED_MAX = 5
"""How many refs are named in one sentence."""

_REASONS: dict[Reason, str] = {
    "missing": "it was built because nothing was there",
    "tainted": "it was built because what was there had been tainted",
    "stale": "it was built because what was there had been made from something that has changed",
    "retry": "it was tried again after a failure",
    "inputs_arrived": "it was tried again when what its job had missed was there",
}


def provenance(board: Board, node: Node) -> Iterator[WhyNode]:
    """Of something that is there: why it was made, what of its inputs had changed, for whom, and from what."""
    live = node.canonical
    assert isinstance(live, Live), "what is done is Live"
    if isinstance(live.origin, Adopted):
        yield _adopted(board, node, live.origin.source)
    made_by = board.world.maker_of(live.origin)
    if isinstance(made_by, RunState):
        reason, evidence = _reason(board, live, made_by), board.world.seqs[made_by.spec.id]
        yield WhyNode(Code.RUN_REASON, _REASONS[reason], node.ref, evidence, tuple(_behind_run(board, live, reason)))
        yield wanted(board, node.ref, made_by.spec.want)
    reads = board.world.reads_of(live)
    yield from (_read(board, instance) for instance in reads[:SHOWN_MAX])
    if len(reads) > SHOWN_MAX:
        yield WhyNode(Code.MORE, f"and {len(reads) - SHOWN_MAX} more inputs; see wantd partition lineage", node.ref)


def _reason(board: Board, live: Live, made_by: RunState) -> Reason:
    """Why it was built. A JobRun was queued for the reason of its first output; others of a batch have their own."""
    if made_by.spec.outputs[0].instance == live.spec.id:
        return made_by.spec.reason
    if (run := _tried_before(board, live)) is not None:
        return "inputs_arrived" if isinstance(board.world.runs[run], jobrun.DepMiss) else "retry"
    older = [board.world.partitions[one] for one in _made_before(board, live.spec.id)]
    was = next((state for state in older if live_of(state) is not None), None)
    if was is None:
        return "missing"
    return "tainted" if isinstance(was, Tainted) else "stale"


def _behind_run(board: Board, live: Live, reason: Reason) -> Iterator[WhyNode]:
    """What led to the JobRun: the taint, the inputs that had changed, the try before, what had been missed."""
    match reason:
        case "missing":
            return
        case "tainted":
            older = (board.world.partitions[one] for one in _made_before(board, live.spec.id))
            yield from islice((tainted(board, state) for state in older if isinstance(state, Tainted)), 1)
        case "stale":
            yield from _changes_before(board, live)
        case "retry" | "inputs_arrived":
            if (run := _tried_before(board, live)) is not None:
                yield _try_before(board, live, run)


def _tried_before(board: Board, live: Live) -> RunId | None:
    """The JobRun of the try that this one continues."""
    for earlier in islice(_made_before(board, live.spec.id), 1):
        state = board.world.partitions[earlier]
        return state.attempt.run if isinstance(state, Replaced) else None
    return None


def _try_before(board: Board, live: Live, run: RunId) -> WhyNode:
    """How that try ended. Of a batch, one output may have failed though the JobRun did not."""
    evidence = board.world.seqs[run]
    match board.world.runs[run]:
        case jobrun.Failed(failure=failure):
            return WhyNode(
                Code.FAILED, f"JobRun {run} failed: {failure.kind}: {failure.reason}", live.spec.ref, evidence
            )
        case jobrun.Lost(reason=reason):
            return WhyNode(Code.FAILED, f"JobRun {run} was lost: {reason}", live.spec.ref, evidence)
        case jobrun.DepMiss(missing=missing):
            return WhyNode(Code.MISSED, f"JobRun {run} found missing: {_some(missing)}", live.spec.ref, evidence)
        case _:
            return WhyNode(Code.FAILED, f"JobRun {run} did not make it", live.spec.ref, evidence)


def _changes_before(board: Board, live: Live) -> Iterator[WhyNode]:
    """What it was made from that differs from what the instance before it was made from: old and new instance."""
    older = (live_of(board.world.partitions[one]) for one in _made_before(board, live.spec.id))
    before = next((found for found in older if found is not None), None)
    was, now = {} if before is None else _read_by(board, before), _read_by(board, live)
    changed = [ref for ref, read in now.items() if ref not in was or was[ref].digest != read.digest]
    for ref in changed[:SHOWN_MAX]:
        old, new = was.get(ref), now[ref]
        then = "not read before" if old is None else f"{old.instance} ({short(old.digest)})"
        text = f"{ref} changed: {then} -> {new.instance} ({short(new.digest)})"
        yield WhyNode(Code.INPUT_CHANGED, text, ref, board.world.seqs[new.instance])
    if len(changed) > SHOWN_MAX:
        yield WhyNode(Code.MORE, f"and {len(changed) - SHOWN_MAX} more inputs that changed", live.spec.ref)


def _made_before(board: Board, instance: InstanceId) -> Iterator[InstanceId]:
    """The instances of the same ref that were made before one, newest first."""
    while (earlier := board.holdings.earlier.get(instance)) is not None:
        yield earlier
        instance = earlier


class _ReadInstance(NamedTuple):
    """What was read of a ref."""

    instance: InstanceId
    digest: str


def _read_by(board: Board, live: Live) -> dict[Ref, _ReadInstance]:
    """What an instance was made from."""
    found = ((instance, board.world.partitions[instance]) for instance in board.world.reads_of(live))
    return {state.spec.ref: _ReadInstance(instance, content_digest(state)) for instance, state in found}


def _read(board: Board, instance: InstanceId) -> WhyNode:
    state = board.world.partitions[instance]
    text = f"made from {state.spec.ref} ({instance}, {short(content_digest(state))})"
    return WhyNode(Code.READ, text, state.spec.ref, board.world.seqs[instance])


def _adopted(board: Board, node: Node, source: InstanceId) -> WhyNode:
    since = iso(board.world.partitions[source].since)
    text = f"its bytes are those of instance {source}, as of {since}"
    return WhyNode(Code.ADOPTED, text, node.ref, board.world.seqs[source])


def _some(refs: Sequence[Ref]) -> str:
    """Some refs, as many as can be read."""
    more = len(refs) - NAMED_MAX
    return ", ".join(refs[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
