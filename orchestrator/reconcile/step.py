"""One reconciliation: apply the rules until nothing more follows.

Each pass looks only at nodes whose standing changed, and at so many of them that what follows fits into the turn; the
rest waits for the next. What is launched is chosen when all that may be queued is, so that the most wanted comes
first. Wants are looked at last, so that a want changes its state at most once a turn; closing a want can end
demand, which is why the passes go on after it. Each rule makes progress along a finite machine, so the fixpoint
exists; the bound is there to turn a mistake into an error instead of a daemon that hangs.

Source: design section 3 (laws 5, 6, 9); seed 004 (orchestration logic); n2's main loop.
"""

from itertools import islice

from orchestrator.planning.node import Node
from orchestrator.planning.turn import Turn
from orchestrator.reconcile.batches import close_batches
from orchestrator.reconcile.instances import settle_instance
from orchestrator.reconcile.launching import launch
from orchestrator.reconcile.queueing import queue_ready, reorder_queued
from orchestrator.reconcile.timers import ring
from orchestrator.reconcile.wants import greet_wants, see_nodes, settle_wants

PASSES_MAX = 10_000
"""The most passes that leave as many nodes waiting as there were. Those that leave fewer come to their end anyhow."""
EVENTS_A_NODE = 4
"""The most that one node leads to in a pass: its last try replaced, a JobRun queued, an instance begun, one let go."""


def reconcile(turn: Turn, events_max: int) -> bool:
    """Record all that follows. True if the turn was cut short because it had become large; go on in the next."""
    ring(turn)
    greet_wants(turn)
    passes = waiting = 0
    while passes < PASSES_MAX:
        room = events_max - len(turn.facts)
        if room <= 0:
            return True
        before = len(turn.facts)
        _apply_rules(turn, _next_nodes(turn, room))
        passes += len(turn.board.pending) >= waiting
        waiting = len(turn.board.pending)
        if turn.board.pending or not turn.board.graph.is_settled or len(turn.facts) > before:
            continue
        launch(turn, room)
        if len(turn.facts) == before and not settle_wants(turn):
            return False
    raise AssertionError(f"no fixpoint after {PASSES_MAX} passes: a rule undoes what another does")


def _next_nodes(turn: Turn, room: int) -> list[Node]:
    """The changed nodes that one pass looks at: so many that what they lead to fits into the turn."""
    board = turn.board
    changed = board.graph.take_changed()
    see_nodes(turn, changed)
    board.pending.update(dict.fromkeys(changed))
    nodes = list(islice(board.pending, max(1, room // EVENTS_A_NODE)))
    for node in nodes:
        del board.pending[node]
    return nodes


def _apply_rules(turn: Turn, changed: list[Node]) -> None:
    for node in changed:
        settle_instance(turn, node)
    reorder_queued(turn, changed)
    queue_ready(turn, changed)
    close_batches(turn)
