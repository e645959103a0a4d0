"""The overview: what is wrong, what runs, what is late, how full the pools are, what happened last.

Looks at counts that the world keeps, and at no more than LOOKED_AT of its newest or open entities.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import get_args

import msgspec

from orchestrator.catalog import Catalog
from orchestrator.console.happenings import Happening, happenings
from orchestrator.console.newest import newest
from orchestrator.console.visits import Visit
from orchestrator.planning.board import Board
from orchestrator.views.jobruns import jobrun_view
from orchestrator.views.shapes import JobRunView, Status, WantView
from orchestrator.views.wants import want_view
from statemachines import jobrun, partition, want
from statemachines.world import World

LOOKED_AT = 5_000
SHOWN = 8


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
    failed_wants: list[WantView]
    failed_runs: list[JobRunView]
    open_wants: list[WantView]
    late: list[WantView]
    running: list[JobRunView]
    pools: list[Pool]
    entries: list[Happening]

    @property
    def tainted(self) -> int:
        """How many instances must not be used."""
        return self.partitions.get("Tainted", 0)


async def overview(visit: Visit) -> Overview:
    """Take the overview of a moment."""
    entries = (await happenings(visit, before=visit.upto + 1, limit=12)).items
    status = await visit.door.status()
    board = await visit.reads.board()
    world = board.world
    opened = [world.wants[one] for one in islice(world.opened, LOOKED_AT)]
    failed_wants = newest(world.wants, lambda one: isinstance(one, want.Failed | want.UpstreamFailed), limit=SHOWN)
    failed_runs = newest(world.runs, lambda one: isinstance(one, jobrun.Failed | jobrun.Lost), limit=SHOWN)
    return Overview(
        status=status,
        wants=counts(world, get_args(want.Want)),
        partitions=counts(world, get_args(partition.Partition)),
        jobruns=counts(world, get_args(jobrun.JobRun)),
        failed_wants=[want_view(board, one) for one in failed_wants.items],
        failed_runs=[jobrun_view(board, one) for one in failed_runs.items],
        open_wants=[want_view(board, one) for one in opened[:SHOWN]],
        late=[want_view(board, one) for one in islice((one for one in opened if one.late), SHOWN)],
        running=list(_running(board)),
        pools=list(pools(world, board.recipes.catalog)),
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


def _running(board: Board) -> Iterator[JobRunView]:
    """The JobRuns that hold slots, those that began first before the others."""
    world = board.world
    runs = (world.runs[one] for one in islice(world.open_runs, LOOKED_AT))
    started = (run for run in runs if isinstance(run, jobrun.Started))
    return (jobrun_view(board, run) for run in islice(started, SHOWN))
