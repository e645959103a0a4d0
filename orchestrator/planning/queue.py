"""Queued JobRuns, by pool: highest priority first, then the oldest.

How many slots are free is not kept here: it is computed from the JobRuns that hold some (``World.slots_held``), so
no crash can leak one. The order is by the priority inherited from the wants, then the job's own, then by age. A JobRun
may be pushed again when its priority changes; whoever pops looks whether it is still queued.
"""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from itertools import count

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
        self._age = count()

    def push(self, spec: RunSpec, priority: int) -> None:
        job = self._recipes.job(spec.job)
        pool, own = ("default", 0) if job is None else (job.pool, job.priority)
        heappush(self._waiting.setdefault(pool, []), (-priority, -own, next(self._age), spec.id))

    def pools(self) -> Iterator[str]:
        """The pools in which something may be waiting."""
        return iter([pool for pool, places in self._waiting.items() if places])

    def first(self, pool: str) -> RunId | None:
        """Who is next in a pool."""
        places = self._waiting[pool]
        return places[0][3] if places else None

    def pop(self, pool: str) -> None:
        heappop(self._waiting[pool])


def free_slots(pool: str, size: int, held: Mapping[str, int], jobs: Mapping[str, Job]) -> int:
    """How many slots of a pool no JobRun holds. ``held`` counts the JobRuns that hold slots, by job."""
    used = sum(number * jobs[name].slots for name, number in held.items() if name in jobs and jobs[name].pool == pool)
    return size - used
