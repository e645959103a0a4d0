"""Partitions as readers see them: one instance a ref in lists, all of them for one ref."""

import re
from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest

from orchestrator.planning.board import Board
from orchestrator.views.looking import iso, maker_name, peek
from orchestrator.views.shapes import ContentView, InstanceView, OriginView, PartitionDetail, PartitionFilter
from statemachines import jobrun, partition
from statemachines.ids import InstanceId
from statemachines.partition import Adopted, Built, BuiltReading, Content, Failure, Live, Origin, Partition, Reported
from statemachines.refs import Ref
from statemachines.traits import attempt_of, live_of

Places = Callable[[Partition], str]
"""Says where the bytes of an instance are, or would be."""


def partitions(board: Board, places: Places, chosen: PartitionFilter) -> Iterator[InstanceView]:
    """One instance of each ref that a filter chooses, ordered by ref."""
    held = board.holdings.newest if chosen.which == "newest" else board.holdings.canonical
    matching = (ref for ref in held if _is_chosen(board, held[ref], ref, chosen))
    for ref in _ordered(matching, chosen.limit):
        yield instance_view(board, places, held[ref])


def partition_detail(board: Board, places: Places, ref: Ref, shown: InstanceId | None = None) -> PartitionDetail:
    """One ref with all its instances; ``shown`` is the one that was asked for. Raises KeyError where it has none."""
    newest, canonical = board.holdings.newest[ref], board.holdings.canonical.get(ref)
    views = {one: instance_view(board, places, one) for one in board.holdings.instances(ref)}
    asked = views[shown or newest]
    node = peek(board, ref)
    return PartitionDetail(
        id=asked.id,
        state=asked.state,
        ref=ref,
        environment=asked.environment,
        maker=maker_name(node.maker),
        done=node.done,
        canonical=None if canonical is None else views[canonical],
        newest=views[newest],
        instances=tuple(views.values()),
        wanted_by=tuple(node.roots),
    )


def instance_view(board: Board, places: Places, instance: InstanceId) -> InstanceView:
    """One instance."""
    state = board.world.partitions[instance]
    live, attempt, spec = live_of(state), attempt_of(state), state.spec
    canonical = board.holdings.canonical.get(spec.ref) == instance
    return InstanceView(
        id=instance,
        state=type(state).__name__,
        ref=spec.ref,
        environment=spec.environment,
        since=iso(state.since),
        seq=board.world.seqs[instance],
        canonical=canonical,
        fresh=canonical and peek(board, spec.ref).done,
        location=places(state),
        run=_run_of(board, state),
        tries=None if attempt is None else attempt.tries + attempt.lost,
        not_before=iso(state.not_before) if isinstance(state, partition.UpForRetry) else None,
        needs=() if attempt is None else attempt.needs,
        failure=_failure_kind(state),
        reason=_reason(state),
        content=None if live is None else _content(live.content),
        origin=None if live is None else _origin(board, live),
    )


def _is_chosen(board: Board, instance: InstanceId, ref: Ref, chosen: PartitionFilter) -> bool:
    if ref <= chosen.after or not ref.startswith(chosen.prefix):
        return False
    if chosen.pattern and _glob(chosen.pattern).fullmatch(ref) is None:
        return False
    return not chosen.states or type(board.world.partitions[instance]).__name__ in chosen.states


def _glob(pattern: str) -> re.Pattern[str]:
    """``*`` stands for any text within a segment, ``**`` for any text. The re module remembers what it compiled."""
    pieces = re.split(r"(\*+)", pattern)
    return re.compile("".join(_glob_piece(piece) for piece in pieces))


def _glob_piece(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    return ".*" if piece.startswith("**") else re.escape(piece)


def _ordered(refs: Iterable[Ref], limit: int | None) -> Iterable[Ref]:
    return sorted(refs) if limit is None else nsmallest(limit, refs)


def _run_of(board: Board, state: Partition) -> str | None:
    """The JobRun that makes, made or tried to make it."""
    attempt = attempt_of(state)
    if attempt is not None:
        return attempt.run
    live = live_of(state)
    if live is None:
        return None
    made_by = board.world.maker_of(live.origin)
    return made_by.spec.id if isinstance(made_by, jobrun.RunState) else None


def _failure_kind(state: Partition) -> str | None:
    match state:
        case partition.Failed(failure=failure) | partition.UpForRetry(after=Failure() as failure):
            return failure.kind
        case _:
            return None


def _reason(state: Partition) -> str:
    match state:
        case partition.Failed(failure=failure) | partition.UpForRetry(after=Failure() as failure):
            return failure.reason
        case partition.UpstreamFailed(reason=reason):
            return reason
        case partition.Tainted(reason=reason, actor=actor):
            return f"tainted by {actor}: {reason}"
        case partition.Collected(was=partition.Tainted(reason=reason, actor=actor)):
            return f"tainted by {actor}: {reason}"
        case _:
            return ""


def _content(content: Content) -> ContentView:
    return ContentView(content.digest, content.size_bytes, content.files, dict(content.metadata))


def _origin(board: Board, live: Live) -> OriginView:
    found: Origin = live.origin
    match found:
        case Built(run) | BuiltReading(run, _):
            return OriginView("built", run=run)
        case Adopted(source, _):
            made_by = board.world.maker_of(found)
            first = made_by.spec.id if isinstance(made_by, jobrun.RunState) else None
            return OriginView("adopted", run=first, source=source)
        case Reported(actor, _):
            return OriginView("reported", actor=actor)
