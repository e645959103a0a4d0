"""What comes first is decided by what is known, never by where something happens to lie in memory."""

from statemachines.jobrun import JobRunQueued
from tests.kit.core import Core

JOBS = 12
APPLICATION = f"""
[application]
name = "order"
[pools]
default = {JOBS}
"""
JOB = """
[[job]]
name = "NAME"
outputs = ["NAME/{n:int}"]
command = ["job"]
batch = { max = 5, wait = "9s" }
"""


def test_batches_that_are_due_together_are_queued_in_order() -> None:
    """If this fails, two replicas with the same inputs write different logs, and no history can be played again."""
    names = [f"j{number}" for number in range(JOBS)]
    core = Core(APPLICATION + "".join(JOB.replace("NAME", name) for name in names))
    core.want(*(f"{name}/1" for name in names))
    assert core.active() == []
    core.wait(9)
    queued = [fact.event.id for fact in core.facts if isinstance(fact.event, JobRunQueued)]
    assert len(queued) == JOBS
    assert queued == sorted(queued)


def test_the_refs_of_a_want_keep_their_order() -> None:
    """If this fails, the same wish is logged otherwise each time, and its refs are built in no known order."""
    core = Core(f'[application]\nname = "order"\n{JOB.replace("NAME", "j")}')
    refs = [f"j/{number}" for number in (5, 3, 9, 1, 12, 7, 4, 11, 2, 8, 10, 6)]
    want = core.want(*refs)
    assert list(core.board.world.wants[want].spec.refs) == refs
