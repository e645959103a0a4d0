"""Wants as readers see them."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from orchestrator.planning.board import Board
from orchestrator.planning.cases import Case, case_of
from orchestrator.planning.node import Node
from orchestrator.planning.roots import failure_of
from orchestrator.views.codes import Code
from orchestrator.views.looking import iso, iso_or_none, needs_of, peek
from orchestrator.views.shapes import CaseName, RefFailureView, WantDetail, WantedRef, WantFilter, WantView
from orchestrator.views.situation import Situation, failed, situation
from statemachines import partition, want
from statemachines.ids import WantId
from statemachines.refs import Ref
from statemachines.want import FAILURES_SHOWN_MAX, RefFailure, Want

SEARCHED_MAX = 10_000
"""How many refs are looked at to find the JobRun behind a failure."""


def wants(board: Board, chosen: WantFilter) -> Iterator[WantView]:
    """The wants that a filter chooses, oldest first."""
    world = board.world
    begun = not chosen.after
    found = 0
    for want_id, state in world.wants.items():
        if not begun:
            begun = want_id == chosen.after
            continue
        if found == chosen.limit:
            return
        if chosen.states and type(state).__name__ not in chosen.states:
            continue
        if chosen.ref and chosen.ref not in state.spec.refs:
            continue
        found += 1
        yield want_view(board, state)


def want_view(board: Board, state: Want) -> WantView:
    """One want as a row."""
    spec = state.spec
    return WantView(
        id=spec.id,
        state=type(state).__name__,
        environment=spec.environment,
        since=iso(state.since),
        created_at=iso(spec.created_at),
        actor=spec.actor,
        source=spec.source,
        refs_count=len(spec.refs),
        first_ref=spec.refs[0],
        seq=board.world.seqs[spec.id],
        patterns=spec.patterns,
        priority=spec.priority,
        late=state.late,
        expires_at=iso_or_none(spec.expires_at),
        late_at=iso_or_none(spec.late_at),
        idempotency_key=spec.idempotency_key,
        comment=spec.comment,
        reason=_reason(state),
        failures_count=state.count if isinstance(state, want.Failed | want.UpstreamFailed) else 0,
    )


def want_detail(board: Board, want_id: WantId) -> WantDetail:
    """One want with all its refs. Raises KeyError."""
    state = board.world.wants[want_id]
    refs = tuple(_wanted_ref(board, state, peek(board, ref)) for ref in state.spec.refs)
    cases = Counter[str](ref.case for ref in refs)
    return WantDetail(
        id=want_id,
        state=type(state).__name__,
        want=want_view(board, state),
        cases=dict(cases),
        refs=refs,
        failures=failures(board, state),
    )


def failures(board: Board, state: Want) -> tuple[RefFailureView, ...]:
    """What failed of a want: as it closed with, or so far. At most FAILURES_SHOWN_MAX."""
    if isinstance(state, want.Failed | want.UpstreamFailed):
        return tuple(_failure_view(board, failure) for failure in state.failures)
    if not isinstance(state, want.Movable):
        return ()
    opened = board.world.opened[state.spec.id]
    nodes = (peek(board, ref) for ref in state.spec.refs)
    blocked = islice(
        (node for node in nodes if case_of(node, opened) in (Case.FAILED, Case.UPFAILED)), FAILURES_SHOWN_MAX
    )
    return tuple(_failure_view(board, RefFailure(node.ref, *failure_of(node))) for node in blocked)


def case_for(board: Board, state: Want, node: Node) -> CaseName:
    """How a ref stands for a want, open or not."""
    if not isinstance(state, want.Movable):
        return _case_without_demand(node)
    case = case_of(node, board.world.opened[state.spec.id])
    if case is Case.READY and isinstance(node.newest, partition.UpForRetry):
        return "backoff"
    return _CASE_NAMES[case]


_CASE_NAMES: dict[Case, CaseName] = {
    Case.DONE: "done",
    Case.BUILDING: "building",
    Case.FAILED: "failed",
    Case.UPFAILED: "upfailed",
    Case.WAITING: "waiting",
    Case.READY: "ready",
}


def _case_without_demand(node: Node) -> CaseName:
    """How a ref stands when the want does not ask for it (any more)."""
    match node.newest:
        case _ if node.done:
            return "done"
        case partition.Building():
            return "building"
        case partition.Failed():
            return "failed"
        case partition.UpstreamFailed():
            return "upfailed"
        case _:
            return "not_done"


def _wanted_ref(board: Board, state: Want, node: Node) -> WantedRef:
    code, text, _ = _situation_for(board, state, node)
    waits = code in (Code.WAITING, Code.MISSED, Code.UPSTREAM_FAILED)
    waits_for = tuple(ref for ref in needs_of(board, node) if not peek(board, ref).done) if waits else ()
    return WantedRef(node.ref, case_for(board, state, node), code, text, waits_for)


def _situation_for(board: Board, state: Want, node: Node) -> Situation:
    """Of a want that asks no more, how the ref failed says more than that the want has closed."""
    if isinstance(state, want.Movable):
        return situation(board, node, board.world.opened[state.spec.id])
    last = None if node.done else failed(node)
    return last or situation(board, node, node.opened, asked=state)


def _reason(state: Want) -> str:
    match state:
        case want.Paused(reason=reason) | want.Canceled(reason=reason):
            return reason
        case want.Superseded(by=by):
            return f"superseded by {by}"
        case _:
            return ""


def _failure_view(board: Board, failure: RefFailure) -> RefFailureView:
    return RefFailureView(failure.ref, failure.reason, failure.evidence, _run_behind(board, failure))


def _run_behind(board: Board, failure: RefFailure) -> str | None:
    """The JobRun whose failure is the evidence: of the ref itself, or of something that it needs."""
    waiting: list[Ref] = [failure.ref]
    seen = set(waiting)
    while waiting and len(seen) < SEARCHED_MAX:
        node = peek(board, waiting.pop())
        if isinstance(node.newest, partition.Failed) and node.newest_seq == failure.evidence:
            return node.newest.attempt.run
        new = [ref for ref in needs_of(board, node) if ref not in seen and not peek(board, ref).done]
        seen.update(new)
        waiting.extend(new)
    return None
