"""The overview: what is wrong, what runs, what is late, how full the pools are, what happened last.

Looks at counts that the world keeps, at the first of some lists, and at the oldest open wants.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import get_args

import msgspec

from orchestrator.catalog import Catalog
from orchestrator.console.happenings import Happening, happenings
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import (
    JobRunFilter,
    JobRunStateName,
    JobRunView,
    Status,
    WantFilter,
    WantStateName,
    WantView,
)
from orchestrator.views.wants import want_view
from statemachines import jobrun, partition, want
from statemachines.world import World

LOOKED_AT = 5_000
"""How many open wants are looked at to find those that are late."""

SHOWN = 8

OPEN = msgspec.convert([state.__name__ for state in get_args(want.Open)], tuple[WantStateName, ...])
STARTED = msgspec.convert([state.__name__ for state in get_args(jobrun.Started)], tuple[JobRunStateName, ...])


class Pool(msgspec.Struct, frozen=True):
    """A pool: its slots, how many of them JobRuns hold, and how many JobRuns wait for some."""

    name: str
    slots: int
    used: int
    queued: int

    @property
    def parts(self) -> Mapping[str, int]:
        """Its slots by what they do."""
        return {"Running": min(self.used, self.slots), "free": max(0, self.slots - self.used)}


class Overview(msgspec.Struct, frozen=True):
    """Everything at a glance."""

    status: Status
    wants: dict[str, int]
    partitions: dict[str, int]
    jobruns: dict[str, int]
    failed_wants: tuple[WantView, ...]
    failed_runs: tuple[JobRunView, ...]
    open_wants: tuple[WantView, ...]
    late: list[WantView]
    running: tuple[JobRunView, ...]
    pools: list[Pool]
    entries: list[Happening]

    @property
    def tainted(self) -> int:
        """How many instances must not be used."""
        return self.partitions.get("Tainted", 0)


async def overview(visit: Visit) -> Overview:
    """Take the overview of a moment."""
    reads = visit.reads
    failed = WantFilter(states=("Failed", "UpstreamFailed"), order="newest", limit=SHOWN)
    failed_runs = JobRunFilter(states=("Failed", "Lost"), order="newest", limit=SHOWN)
    entries = (await happenings(visit, before=visit.upto + 1, limit=12)).items
    board = await reads.board()
    world = board.world
    late = islice((world.wants[one] for one in islice(world.opened, LOOKED_AT) if world.wants[one].late), SHOWN)
    return Overview(
        wants=counts(world, get_args(want.Want)),
        partitions=counts(world, get_args(partition.Partition)),
        jobruns=counts(world, get_args(jobrun.JobRun)),
        late=[want_view(board, one) for one in late],
        pools=list(pools(world, board.recipes.catalog)),
        status=await visit.door.status(),
        failed_wants=await reads.wants(failed),
        failed_runs=await reads.jobruns(failed_runs),
        open_wants=await reads.wants(WantFilter(states=OPEN, limit=SHOWN)),
        running=await reads.jobruns(JobRunFilter(states=STARTED, limit=SHOWN)),
        entries=entries,
    )


def counts(world: World, states: tuple[type, ...], job: str | None = None) -> dict[str, int]:
    """How many entities there are in each of some states, of one job or of all; states without any are left out."""
    found: Counter[type] = Counter()
    for (state, owner), number in world.numbers.items():
        if job is None or owner == job:
            found[state] += number
    return {state.__name__: found[state] for state in states if found[state]}


def pools(world: World, catalog: Catalog) -> Iterator[Pool]:
    """How full each pool is."""
    used: Counter[str] = Counter()
    queued: Counter[str] = Counter()
    for job in catalog.jobs.values():
        used[job.pool] += world.slots_held.get(job.name, 0) * job.slots
        queued[job.pool] += world.numbers.get((jobrun.Queued, job.name), 0)
    return (Pool(name, slots, used[name], queued[name]) for name, slots in catalog.pools.items())
