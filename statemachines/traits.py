"""What can be said of an entity whatever state it is in: also of one that was tainted, collected or canceled since.

Each state holds what is meaningful in it; the questions here are those whose answer outlives a state.
"""

from statemachines import jobrun, partition
from statemachines.jobrun import Activation, Buffering, JobRun, RunSpec, RunState
from statemachines.partition import Attempt, Live, Partition


def live_of(state: Partition) -> Live | None:
    """The Live state an instance is in or was tainted or collected from, if it ever was Live."""
    if isinstance(state, Live):
        return state
    return live_of(state.was) if isinstance(state, partition.Tainted | partition.Collected) else None


def attempt_of(state: Partition | None) -> Attempt | None:
    """How an instance, if there is one, is or was being made; not where it was Live: then its origin says it."""
    match state:
        case None | Live():
            return None
        case partition.Tainted(was=was) | partition.Collected(was=was):
            return attempt_of(was)
        case _:
            return state.attempt


def head_of(run: JobRun) -> Buffering | RunSpec:
    """Where a JobRun says who it is, of which job, and which want led to it."""
    if isinstance(run, RunState):
        return run.spec
    return run if isinstance(run, Buffering) else head_of(run.was)


def activation_of(run: JobRun) -> Activation | None:
    """What a JobRun was started with, if its start was ever decided."""
    if isinstance(run, jobrun.Canceled):
        return activation_of(run.was)
    return None if isinstance(run, Buffering | jobrun.Queued) else run.activation
