"""One reconciliation: apply the rules until nothing more follows.

Each pass looks only at the nodes whose standing changed. What is launched is chosen when all that may be queued is, so
that the most wanted comes first. Wants are looked at last, when all that follows without
them has been drawn, so that a want changes its state at most once a turn; closing a want can end demand, which is why
the passes go on after it. Each rule makes progress along a finite machine, so the fixpoint exists; the bound is there
to turn a mistake into an error instead of a daemon that hangs.

Source: design section 3 (laws 5, 6, 9); seed 004 (orchestration logic); n2's main loop.
"""

from orchestrator.planning.node import Node
from orchestrator.planning.turn import Turn
from orchestrator.reconcile.batches import close_batches
from orchestrator.reconcile.instances import settle_instance
from orchestrator.reconcile.launching import launch
from orchestrator.reconcile.queueing import queue_ready, reorder_queued
from orchestrator.reconcile.timers import ring
from orchestrator.reconcile.wants import see_nodes, settle_wants

PASSES_MAX = 10_000


def reconcile(turn: Turn, events_max: int) -> bool:
    """Record all that follows. True if the turn was cut short because it had become large; go on in the next."""
    ring(turn)
    for _ in range(PASSES_MAX):
        if len(turn.facts) >= events_max:
            return True
        before = len(turn.facts)
        changed = turn.board.graph.take_changed()
        _apply_rules(turn, changed)
        if len(turn.facts) > before:
            continue
        launch(turn)
        if len(turn.facts) == before and not settle_wants(turn):
            return False
    raise AssertionError(f"no fixpoint after {PASSES_MAX} passes: a rule undoes what another does")


def _apply_rules(turn: Turn, changed: tuple[Node, ...]) -> None:
    see_nodes(turn, changed)
    for node in changed:
        settle_instance(turn, node)
    reorder_queued(turn, changed)
    queue_ready(turn, changed)
    close_batches(turn)
