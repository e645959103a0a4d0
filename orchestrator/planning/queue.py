"""Queued JobRuns, by pool: highest priority first, then the oldest.

How many slots are free is not kept here: it is computed from the JobRuns that hold some (``World.slots_held``), so
no crash can leak one. The order is by the priority inherited from the wants, then the job's own, then by the seq of
being queued. A JobRun is pushed again when its priority changes; whoever pops looks whether it is still queued.
"""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from orchestrator.catalog import Job
from orchestrator.planning.recipes import Recipes
from statemachines.ids import RunId
from statemachines.jobrun import RunSpec

_Place = tuple[int, int, int, RunId]


class Queue:
    """The JobRuns that wait for slots."""

    def __init__(self, recipes: Recipes) -> None:
        self._recipes = recipes
        self._waiting: dict[str, list[_Place]] = {}
        self._places: dict[RunId, _Place] = {}
        """Where each stands now; other entries of it in a heap are from before and count no more."""

    def push(self, spec: RunSpec, priority: int, queued: int) -> None:
        """Give a JobRun its place. ``queued`` is the seq since which it waits."""
        job = self._recipes.job(spec.job)
        pool, own = ("default", 0) if job is None else (job.pool, job.priority)
        place = (-priority, -own, queued, spec.id)
        if place != self._places.get(spec.id):
            self._places[spec.id] = place
            heappush(self._waiting.setdefault(pool, []), place)

    def pools(self) -> Iterator[str]:
        """The pools in which something may be waiting."""
        return iter([pool for pool, places in self._waiting.items() if places])

    def first(self, pool: str) -> RunId | None:
        """Who is next in a pool."""
        places = self._waiting[pool]
        while places and self._places.get(places[0][3]) != places[0]:
            heappop(places)
        return places[0][3] if places else None

    def pop(self, pool: str) -> None:
        """Take out who is first."""
        del self._places[heappop(self._waiting[pool])[3]]


def free_slots(pool: str, size: int, held: Mapping[str, int], jobs: Mapping[str, Job]) -> int:
    """How many slots of a pool no JobRun holds. ``held`` counts the JobRuns that hold slots, by job."""
    used = sum(number * jobs[name].slots for name, number in held.items() if name in jobs and jobs[name].pool == pool)
    return size - used
