"""Wants as readers see them."""

from collections import Counter
from collections.abc import Iterator

from orchestrator.planning.board import Board
from orchestrator.planning.cases import Case, case_of
from orchestrator.planning.node import Node
from orchestrator.planning.roots import failure_of
from orchestrator.views.codes import Code
from orchestrator.views.looking import iso, iso_or_none, needs_of, peek
from orchestrator.views.paging import LOOKED_AT_ONCE, Pausing, codes_of, enrolled, page
from orchestrator.views.shapes import CaseName, RefFailureView, WantDetail, WantedRef, WantFilter, WantView
from orchestrator.views.situation import Situation, failed, situation
from statemachines import partition, want
from statemachines.ids import WantId
from statemachines.refs import Ref
from statemachines.rolls import WANT_CODES
from statemachines.want import FAILURES_SHOWN_MAX, RefFailure, Want

REFS_MAX = 1_000
"""How many refs of a want are listed at once."""

WAITS_MAX = 100
"""How many refs that a ref waits for are listed."""

REFS_A_LOOK = 20
"""How many refs of a want are held against one in the time of a look."""

SEARCHED_MAX = 10_000
"""How many refs are looked at to find the JobRun behind a failure."""


def wants(board: Board, chosen: WantFilter) -> Pausing[tuple[WantView, ...]]:
    """The wants that a filter chooses."""
    found = board.world.wants
    return page(_chosen(board, chosen), lambda want_id: want_view(board, found[want_id]), chosen.limit)


def _chosen(board: Board, chosen: WantFilter) -> Iterator[WantId | None]:
    """The ids that a filter chooses; None for a pause. Which wants name a ref is known only of those that are open."""
    world, looked_at = board.world, 0
    if chosen.after and chosen.after not in world.wants:
        return
    codes = codes_of(chosen.states, WANT_CODES)
    for want_id in enrolled(world.want_roll, codes, WantId(chosen.after), chosen.order):
        refs = world.wants[want_id].spec.refs
        if not chosen.ref or chosen.ref in refs:
            yield want_id
        looked_at += 1 + (len(refs) // REFS_A_LOOK if chosen.ref else 0)
        if looked_at > LOOKED_AT_ONCE:
            looked_at = 0
            yield None


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


def want_detail(board: Board, want_id: WantId) -> Pausing[WantDetail]:
    """One want with the first of its refs. Raises KeyError."""
    state = board.world.wants[want_id]
    refs = yield from wanted_refs(board, state, "", REFS_MAX)
    return WantDetail(
        id=want_id,
        state=type(state).__name__,
        want=want_view(board, state),
        cases=(yield from cases(board, state)),
        refs=refs,
        failures=(yield from failures(board, state)),
    )


def wanted_refs(board: Board, state: Want, after: str, limit: int) -> Pausing[tuple[WantedRef, ...]]:
    """Some refs of a want, those that come after one of them in the order in which they were wished for."""
    refs = state.spec.refs
    begin = refs.index(Ref(after)) + 1 if after in refs else 0
    return (yield from page(iter(refs[begin:][:limit]), lambda ref: _wanted_ref(board, state, peek(board, ref)), limit))


def cases(board: Board, state: Want) -> Pausing[dict[str, int]]:
    """How many refs of a want there are in each case.

    Of a large one no ref is looked at where the answer is known: how it closed, or how the loop sees it, which counts
    what waits for a known time among what is ready.
    """
    refs = state.spec.refs
    known = _known_cases(board, state) if len(refs) > REFS_MAX else None
    if known is not None:
        return known
    counts = Counter[str]()
    for number, ref in enumerate(refs, start=1):
        counts[case_for(board, state, peek(board, ref))] += 1
        if number % LOOKED_AT_ONCE == 0:
            yield
    return dict(counts)


def _known_cases(board: Board, state: Want) -> dict[str, int] | None:
    size, standing = len(state.spec.refs), board.standings.get(state.spec.id)
    match state:
        case want.Successful():
            return {"done": size}
        case want.Failed(count=count):
            return {"done": size - count, "failed": count}
        case want.UpstreamFailed(count=count):
            return {"done": size - count, "upfailed": count}
        case _ if standing is not None and sum(standing.counts.values()) == size:
            return {_CASE_NAMES[case]: number for case, number in standing.counts.items() if number}
        case _:
            return None


def failures(board: Board, state: Want) -> Pausing[tuple[RefFailureView, ...]]:
    """What failed of a want: as it closed with, or so far. At most FAILURES_SHOWN_MAX."""
    if isinstance(state, want.Failed | want.UpstreamFailed):
        found = list(state.failures)
    elif isinstance(state, want.Movable):
        found = yield from _failed_so_far(board, state, board.world.opened[state.spec.id])
    else:
        found = []
    views: list[RefFailureView] = []
    for failure in found:
        views.append(_failure_view(board, failure))
        yield
    return tuple(views)


def _failed_so_far(board: Board, state: Want, opened: int) -> Pausing[list[RefFailure]]:
    standing, found = board.standings.get(state.spec.id), list[RefFailure]()
    refs = state.spec.refs
    if standing is not None and sum(standing.counts.values()) == len(refs) and not standing.failed_count:
        return found
    for number, ref in enumerate(refs, start=1):
        node = peek(board, ref)
        if case_of(node, opened) in (Case.FAILED, Case.UPFAILED):
            found.append(RefFailure(node.ref, *failure_of(node)))
        if len(found) == FAILURES_SHOWN_MAX:
            break
        if number % LOOKED_AT_ONCE == 0:
            yield
    return found


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
    case = case_for(board, state, node)
    return WantedRef(node.ref, case, code, text, waits_for[:WAITS_MAX], len(waits_for))


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
