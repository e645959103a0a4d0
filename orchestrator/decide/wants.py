"""Commands about wants."""

from collections.abc import Iterable
from itertools import chain

from orchestrator.catalog import CatalogError, NobodyMakes, find_cycle, is_plain
from orchestrator.commands import (
    Accepted,
    Answer,
    CancelWant,
    CreateWant,
    PauseWant,
    Refused,
    ResumeWant,
    RetryWant,
)
from orchestrator.decide.environments import no_such_environment
from orchestrator.planning.board import Board
from orchestrator.planning.turn import Turn
from statemachines import want
from statemachines.ids import WantId
from statemachines.refs import BadRef, Ref
from statemachines.want import AnyWantEvent, WantCreated, WantSpec

CLOSURE_MAX = 2_000_000
"""How many refs a want may hang together with."""

_CLOSED = "a closed want keeps its state"


def create(turn: Turn, command: CreateWant) -> Answer:
    """Take the wish, if all its refs can be made; the same key again gives the same want."""
    elsewhere = no_such_environment(command.environment)
    if elsewhere is not None:
        return elsewhere
    key = command.idempotency_key
    known = None if key is None else turn.board.world.wants_by_key.get(key)
    if known is not None:
        return _again(turn, known, command)
    if command.as_of is not None and command.as_of != turn.board.world.seq:
        why = f"something has happened since entry {command.as_of}, as of which it was planned"
        return Refused("stale_plan", why, "plan again")
    refs = _refs(turn, command.refs)
    if isinstance(refs, Refused):
        return refs
    refused = _impossible(turn, refs)
    if refused is not None:
        return refused
    spec = _spec(turn, command, refs)
    seq = turn.record(WantCreated(turn.now, spec), want=spec.id, actor=command.actor)
    return Accepted(spec.id, seq)


def cancel(turn: Turn, command: CancelWant) -> Answer:
    """Take the wish back."""
    state = turn.board.world.wants.get(command.want)
    if not isinstance(state, want.Open):
        return _not_possible(turn, command.want, "canceled", _CLOSED)
    return _taken(turn, command, state.cancel(command.reason, at=turn.now))


def pause(turn: Turn, command: PauseWant) -> Answer:
    """Demand nothing for now; what runs may finish."""
    state = turn.board.world.wants.get(command.want)
    if not isinstance(state, want.Movable):
        return _not_possible(turn, command.want, "paused", "only a want that is worked on can be paused")
    return _taken(turn, command, state.pause(command.reason, at=turn.now))


def resume(turn: Turn, command: ResumeWant) -> Answer:
    """Go on."""
    state = turn.board.world.wants.get(command.want)
    if not isinstance(state, want.Paused):
        return _not_possible(turn, command.want, "resumed", "only a paused want can be resumed")
    return _taken(turn, command, state.resume(at=turn.now))


def retry(turn: Turn, command: RetryWant) -> Answer:
    """Ask again: failures from before count no longer."""
    state = turn.board.world.wants.get(command.want)
    if not isinstance(state, want.Failed | want.UpstreamFailed):
        return _not_possible(turn, command.want, "retried", "only a want that failed can be retried; create a new one")
    return _taken(turn, command, state.retry(at=turn.now))


def _taken(turn: Turn, command: CancelWant | PauseWant | ResumeWant | RetryWant, event: AnyWantEvent) -> Accepted:
    seq = turn.record(event, cause=turn.board.world.seqs[command.want], want=command.want, actor=command.actor)
    return Accepted(command.want, seq)


def _not_possible(turn: Turn, want_id: WantId, what: str, hint: str) -> Refused:
    state = turn.board.world.wants.get(want_id)
    if state is None:
        return Refused("no_such_want", f"there is no want {want_id}", "wantd want list shows those there are")
    return Refused("not_now", f"want {want_id} is {type(state).__name__} and cannot be {what}", hint)


def _again(turn: Turn, known: WantId, command: CreateWant) -> Answer:
    """The answer to a command whose key was seen before."""
    spec = turn.board.world.wants[known].spec
    asked = _refs(turn, command.refs)
    if asked == spec.refs or (spec.patterns and spec.patterns == command.refs):
        return Accepted(known, turn.board.world.seqs[known])
    return Refused(
        "idempotency_conflict",
        f"the idempotency key {command.idempotency_key!r} was used for want {known}, which asks for something else",
        "use a new key for a new wish",
    )


def _refs(turn: Turn, texts: tuple[str, ...]) -> tuple[Ref, ...] | Refused:
    """The refs that the texts stand for, each once; all of them are made by somebody."""
    board, limit = turn.board, turn.board.recipes.catalog.limits.refs_per_want
    try:
        named = board.graph.named(texts) if is_plain("\n".join(texts)) else None
        found = dict.fromkeys(named or chain.from_iterable(_spelled(board, text) for text in texts))
    except NobodyMakes as error:
        return Refused("no_job_makes", error.why, error.hint)
    except CatalogError as error:
        return Refused("bad_ref", error.why, error.hint)
    except BadRef as error:
        return Refused("bad_ref", str(error))
    if not found:
        return Refused("empty_want", "a want needs at least one ref", "name what should exist")
    if len(found) > limit:
        return Refused("too_many_refs", f"{len(found)} refs are wanted, at most {limit} may be", "make several wants")
    return tuple(found)


def _spelled(board: Board, text: str) -> Iterable[Ref]:
    """The refs that one text stands for."""
    if is_plain(text) and (named := board.graph.named((text,))):
        return named
    found = board.recipes.catalog.expand(text, board.holdings.newest)
    return board.graph.named(found) or found


def _impossible(turn: Turn, refs: tuple[Ref, ...]) -> Refused | None:
    """Why the refs can never be there: nobody makes something they need, or one needs itself."""
    graph = turn.board.graph
    seen: list[Ref] = []

    def needs(ref: Ref) -> tuple[Ref, ...]:
        node = graph.node(ref)
        seen.append(ref)
        recipe = None if node.done else graph.recipe_of(node)
        if node.impossible:
            raise CatalogError(node.impossible, "change the inputs of its job, or say who makes what it needs")
        return () if recipe is None else tuple(need.ref for need in recipe.inputs)

    graph.refresh()
    try:
        cycle = find_cycle(graph.undone(refs), needs, CLOSURE_MAX)
    except CatalogError as error:
        graph.drop(seen)
        return Refused("bad_inputs", error.why, error.hint)
    if cycle is None:
        return None
    graph.drop(seen)
    return Refused("cycle", "a ref needs itself: " + " -> ".join(cycle), "change the inputs of one of these jobs")


def _spec(turn: Turn, command: CreateWant, refs: tuple[Ref, ...]) -> WantSpec:
    return WantSpec(
        id=turn.ids.want(),
        environment=command.environment,
        refs=refs,
        created_at=turn.now,
        actor=command.actor,
        source=command.source,
        patterns=() if command.refs == refs else command.refs,
        priority=command.priority,
        ttl_us=command.ttl_us,
        sla_us=command.sla_us,
        data_timestamp=command.data_timestamp,
        idempotency_key=command.idempotency_key,
        comment=command.comment,
    )
