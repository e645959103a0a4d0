"""How a ref stands for a want that was opened at some seq: the first case that applies.

Source: design section 4, the table of cases.
"""

from enum import Enum

from orchestrator.catalog import Job
from orchestrator.planning.node import Node
from statemachines import partition


class Case(Enum):
    """The cases, in the order in which they are tried."""

    DONE = "done"
    BUILDING = "building"
    FAILED = "failed"
    UPFAILED = "upfailed"
    WAITING = "waiting"
    READY = "ready"


def case_of(node: Node, opened: int) -> Case:
    """The case of a ref for a want opened at this seq. READY includes what waits for a known time."""
    if node.done:
        return Case.DONE
    if node.building:
        return Case.BUILDING
    if node.blocked > opened:
        failed_itself = isinstance(node.newest, partition.Failed) and node.newest_seq > opened
        return Case.FAILED if failed_itself else Case.UPFAILED
    if node.unmet or not is_buildable(node):
        return Case.WAITING
    return Case.READY


def is_buildable(node: Node) -> bool:
    """Whether a job makes it. What comes from outside can only be waited for."""
    return isinstance(node.maker, Job)


def moves(case: Case) -> bool:
    """Whether something may still happen to the ref by itself."""
    return case in (Case.BUILDING, Case.WAITING, Case.READY)
