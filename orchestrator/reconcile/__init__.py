"""What follows from the state of things: reconciling, rule by rule, to a fixpoint.

The rules look at states, never at the event that woke them. ``step.reconcile`` is the page to read first.
"""

from orchestrator.reconcile.step import reconcile

__all__ = ["reconcile"]
