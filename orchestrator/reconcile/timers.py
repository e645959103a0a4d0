"""Timers that have rung: look at what they are about. A timer says when to look, the state says what is so."""

from orchestrator.planning.turn import Turn
from statemachines import want
from statemachines.ids import WantId
from statemachines.refs import Ref


def ring(turn: Turn) -> None:
    """Deal with everything that has become due."""
    for timer in turn.board.timers.due(turn.now):
        match timer.kind:
            case "want_expires":
                _expire(turn, WantId(timer.about))
            case "want_late":
                _mark_late(turn, WantId(timer.about))
            case "retry":
                turn.board.graph.touch(Ref(timer.about))
            case "batch":
                turn.board.due_batches.add(timer.about)


def _expire(turn: Turn, want_id: WantId) -> None:
    state = turn.board.world.wants[want_id]
    if isinstance(state, want.Open):
        turn.record(state.expire(at=turn.now), cause=turn.board.world.seqs[want_id], want=want_id)


def _mark_late(turn: Turn, want_id: WantId) -> None:
    state = turn.board.world.wants[want_id]
    if isinstance(state, want.Open) and not state.late:
        turn.record(state.mark_late(at=turn.now), cause=turn.board.world.seqs[want_id], want=want_id)
