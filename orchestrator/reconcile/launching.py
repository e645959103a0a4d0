"""Rule: queued JobRuns are launched as far as the slots of their pools go, the most wanted first.

A few more may be launched than there are slots, where runs end so fast that slots would stand idle between them: these
wait in line where they run, which is where the size of a pool is kept.

Launching freezes what a JobRun will run with. If an input was lost while it waited, it is canceled instead, and its
refs wait again.

Source: design section 4 (JobRun); complaints C5 and C10.
"""

from orchestrator.catalog import Job
from orchestrator.planning.queue import free_slots
from orchestrator.planning.starting import UNVERSIONED
from orchestrator.planning.turn import Turn
from orchestrator.reconcile.instances import release
from statemachines.ids import InstanceId
from statemachines.jobrun import Activation, Queued, RunSpec
from statemachines.partition import Building, Live


def launch(turn: Turn, events_max: int) -> None:
    """Launch what may be launched now, pool by pool, while there is room for events."""
    full = len(turn.facts) + events_max
    for pool in turn.board.queue.pools():
        _launch_from(turn, pool, full)


def _launch_from(turn: Turn, pool: str, full: int) -> None:
    board = turn.board
    jobs = board.recipes.catalog.jobs
    size = board.recipes.pool_size(pool) + turn.ahead.get(pool, 0)
    free = free_slots(pool, size, board.world.slots_held, jobs)
    while free > 0 and len(turn.facts) < full:
        run_id = board.queue.first(pool)
        if run_id is None:
            return
        run = board.world.runs[run_id]
        if isinstance(run, Queued):
            job = board.recipes.job(run.spec.job)
            slots = 1 if job is None else min(job.slots, board.recipes.pool_size(pool))
            if slots > free:
                return
            if _launch(turn, run, job):
                free -= slots
        board.queue.pop(pool)


def _launch(turn: Turn, run: Queued, job: Job | None) -> bool:
    """Launch one JobRun, or cancel it where its inputs are gone."""
    world = turn.board.world
    cause = world.seqs[run.spec.id]
    inputs = None if job is None else _inputs(turn, run.spec)
    wanted = any(isinstance(world.partitions[output.instance], Building) for output in run.spec.outputs)
    if job is None or inputs is None or not wanted:
        why = "its job is no longer configured" if job is None else "its inputs or outputs are no longer what they were"
        turn.record(run.cancel(why, at=turn.now), cause=cause, want=run.spec.want)
        release(turn, run.spec, cause)
        return False
    recipe = turn.board.graph.recipe_of(turn.board.graph.node(run.spec.outputs[0].ref))
    activation = Activation(
        version=UNVERSIONED,
        fingerprint=job.fingerprint,
        inputs=inputs,
        args=None if recipe is None else recipe.args,
        env=() if recipe is None else recipe.env,
        timeout_us=job.timeout_us,
    )
    turn.record(run.launch(activation, at=turn.now), cause=cause, want=run.spec.want)
    return True


def _inputs(turn: Turn, spec: RunSpec) -> tuple[InstanceId, ...] | None:
    """The canonical instances of all it needs, or None if one of them is not done any more."""
    graph = turn.board.graph
    found: dict[InstanceId, None] = {}
    for output in spec.outputs:
        for need in graph.needs_of(graph.node(output.ref)):
            if not need.done or not isinstance(need.canonical, Live):
                return None
            found[need.canonical.spec.id] = None
    return tuple(found)
