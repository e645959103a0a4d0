"""Partitions as readers see them: one instance a ref in lists, the newest of them for one ref."""

import math
import re
from collections.abc import Callable, Iterator
from os.path import commonprefix

from orchestrator.planning.board import Board
from orchestrator.views.looking import iso, maker_name, peek
from orchestrator.views.paging import LOOKED_AT_ONCE, Pausing, codes_of, page
from orchestrator.views.shapes import ContentView, InstanceView, OriginView, PartitionDetail, PartitionFilter
from statemachines import jobrun, partition, want
from statemachines.failure import Failure
from statemachines.ids import InstanceId, WantId
from statemachines.order import BLOCK_MAX, CODES
from statemachines.partition import Adopted, Built, BuiltReading, Content, Live, Origin, Partition, Reported
from statemachines.refs import Ref
from statemachines.traits import attempt_of, live_of

INSTANCES_MAX = 100
"""How many instances of a ref are listed at once."""

WANTS_MAX = 100
"""How many open wants that name a ref are listed."""

TAKEN_IN_AT_ONCE = 1_000
"""How many refs are put in order between two pauses: some 3 ms."""

LAST_CHAR = "\U0010ffff"
"""Comes after every character of a ref."""

Places = Callable[[Partition], str]
"""Says where the bytes of an instance are, or would be."""


def partitions(board: Board, places: Places, chosen: PartitionFilter) -> Pausing[tuple[InstanceView, ...]]:
    """One instance of each ref that a filter chooses, ordered by ref."""
    held = board.holdings.newest if chosen.which == "newest" else board.holdings.canonical
    return page(_chosen(board, chosen), lambda ref: instance_view(board, places, held[ref]), chosen.limit)


def partition_detail(board: Board, places: Places, ref: Ref, shown: InstanceId | None = None) -> PartitionDetail:
    """One ref with its instances; ``shown`` is the one that was asked for. Raises KeyError where it has none.

    The newest are listed; those from ``shown`` on, if it is not among them.
    """
    newest, canonical = board.holdings.newest[ref], board.holdings.canonical.get(ref)
    made = [*board.holdings.instances(ref)]
    asked = made.index(newest if shown is None else shown)
    listed = made[asked if asked >= INSTANCES_MAX else 0 :]
    view, node = instance_view(board, places, made[asked]), peek(board, ref)
    wanted_by = [*node.roots, *_not_linked(board, ref)]
    return PartitionDetail(
        id=view.id,
        state=view.state,
        ref=ref,
        environment=view.environment,
        maker=maker_name(node.maker),
        done=node.done,
        canonical=None if canonical is None else instance_view(board, places, canonical),
        newest=instance_view(board, places, newest),
        instances=tuple(instance_view(board, places, one) for one in listed[:INSTANCES_MAX]),
        wanted_by=tuple(wanted_by[:WANTS_MAX]),
        instances_count=len(made),
        wanted_by_count=len(wanted_by),
        earlier=listed[INSTANCES_MAX] if len(listed) > INSTANCES_MAX else None,
    )


def _not_linked(board: Board, ref: Ref) -> Iterator[WantId]:
    """The open wants that name a ref and are not in the graph: those that came just now, or all on a board without."""
    for want_id in board.world.opened:
        state = board.world.wants[want_id]
        if want_id not in board.standings and isinstance(state, want.Movable) and ref in state.spec.refs:
            yield want_id


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


def _chosen(board: Board, chosen: PartitionFilter) -> Iterator[Ref | None]:
    """The refs that a filter chooses, in order; None for a pause.

    Refs that begin alike are neighbours. How a glob goes on after its first star cannot be looked up, but of most
    neighbours it can be seen together that it names none of them.
    """
    while (order := board.world.refs_in_order(board.graph.environment, TAKEN_IN_AT_ONCE)) is None:
        yield None
    codes, lead = codes_of(chosen.states, CODES), chosen.pattern.partition("*")[0]
    matches, promises, looked_at = _glob(chosen.pattern or "**").fullmatch, _promises(chosen.pattern), 0
    begin: str | None = max(f"{chosen.after}\x00", chosen.prefix, lead)
    end = max(chosen.prefix, lead, key=len) + LAST_CHAR
    while begin is not None and begin < end:
        found, begin = order.block(begin, chosen.which, codes, promises)
        for ref in filter(matches, found) if chosen.pattern else found:
            if ref.startswith(chosen.prefix):
                yield ref
        looked_at += BLOCK_MAX // 8 + len(found)
        if looked_at > LOOKED_AT_ONCE:
            looked_at = 0
            yield None


def _glob(pattern: str) -> re.Pattern[str]:
    """``*`` stands for any text within a segment, ``**`` for any text. The re module remembers what it compiled."""
    pieces = re.split(r"(\*+)", pattern)
    return re.compile("".join(_glob_piece(piece) for piece in pieces))


def _promises(pattern: str) -> Callable[[list[Ref]], bool]:
    """What says of neighbours whether a glob may name one of them: they hold its longest text, and are not too deep."""
    _, *others = re.split(r"\*+", pattern)
    text = max(others, key=len, default="")
    slashes_max = math.inf if not pattern or "**" in pattern else pattern.count("/")

    def promises(refs: list[Ref]) -> bool:
        slashes = commonprefix((*refs[:1], *refs[-1:])).count("/")  # noqa: RUF071 - characters are what is meant
        return slashes <= slashes_max and (not text or text in "\n".join(refs))

    return promises


def _glob_piece(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    return ".*" if piece.startswith("**") else re.escape(piece)


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
