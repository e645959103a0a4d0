"""Rule: the state of an open want follows from the cases of its refs.

A want that finds everything there is Successful at once, and demands nothing: asking again costs a look at each ref.

Source: design section 4, below the table of cases.
"""

from collections.abc import Iterable

from orchestrator.planning.node import Node
from orchestrator.planning.roots import failure_of
from orchestrator.planning.standing import Standing
from orchestrator.planning.turn import Turn
from statemachines import want
from statemachines.want import FAILURES_SHOWN_MAX, RefFailure


def greet_wants(turn: Turn) -> None:
    """Look at the wants that were opened in this turn: what they name is there, or is demanded from now on."""
    board = turn.board
    if board.arrived:
        board.graph.refresh()
    while board.arrived:
        want_id, _ = board.arrived.popitem()
        state = board.world.wants[want_id]
        assert isinstance(state, want.Movable), "what was paused or closed meanwhile is not new any more"
        if not any(board.graph.undone(state.spec.refs)):
            turn.record(state.settle(at=turn.now), cause=board.world.seqs[want_id], want=want_id)
        else:
            board.link(want_id)


def see_nodes(turn: Turn, nodes: Iterable[Node]) -> None:
    """Let the wants that name these refs take in how they stand now."""
    board = turn.board
    for node in nodes:
        for want_id in node.roots:
            standing = board.standings[want_id]
            standing.see(node)
            board.unsettled[standing] = None


def settle_wants(turn: Turn) -> bool:
    """Bring every want whose refs changed into the state it should be in. True if any moved."""
    unsettled = list(turn.board.unsettled)
    turn.board.unsettled.clear()
    moved = False
    for standing in unsettled:
        moved = _settle(turn, standing) or moved
    return moved


def _settle(turn: Turn, standing: Standing) -> bool:
    state = turn.board.world.wants[standing.want]
    if not isinstance(state, want.Movable) or turn.board.standings.get(standing.want) is not standing:
        return False
    event = _next(turn, standing, state)
    if event is None:
        return False
    turn.record(event, cause=turn.board.world.seq, want=standing.want)
    return True


def _next(turn: Turn, standing: Standing, state: want.Movable) -> want.AnyWantEvent | None:
    """The event that takes the want to its target, or None where it is there already."""
    match standing.target:
        case "Building":
            return state.build(at=turn.now) if isinstance(state, want.Idle | want.UpstreamBuilding) else None
        case "UpstreamBuilding":
            return state.wait_upstream(at=turn.now) if isinstance(state, want.Idle | want.Building) else None
        case "Idle":
            return state.idle(at=turn.now) if isinstance(state, want.Building | want.UpstreamBuilding) else None
        case "Successful":
            return state.settle(at=turn.now)
        case "Failed":
            return state.fail(_failures(standing), standing.failed_count, at=turn.now)
        case "UpstreamFailed":
            return state.fail_upstream(_failures(standing), standing.failed_count, at=turn.now)


def _failures(standing: Standing) -> tuple[RefFailure, ...]:
    shown: list[RefFailure] = []
    for node in standing.failed():
        if len(shown) == FAILURES_SHOWN_MAX:
            break
        why, evidence = failure_of(node)
        shown.append(RefFailure(node.ref, why, evidence))
    return tuple(shown)
