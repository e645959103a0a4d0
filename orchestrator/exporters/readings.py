"""How things stand, looked at when somebody scrapes: read off the counts that the world keeps, and off the disk.

Cost: proportional to the jobs and pools of the configuration and to the open wants, not to what exists.
"""

import platform
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, get_args

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from bel.driver import sqlite_facts
from orchestrator.catalog import Catalog
from orchestrator.runtime.layout import Layout
from statemachines import jobrun, partition, want
from statemachines.ids import SECOND_US, Timestamp
from statemachines.world import World

_KINDS: tuple[tuple[str, str, tuple[type, ...]], ...] = (
    ("wantd_wants", "Wants, by state.", get_args(want.Want)),
    ("wantd_partitions", "Partition instances, by state.", get_args(partition.Partition)),
    ("wantd_jobruns", "JobRuns, by state.", get_args(jobrun.JobRun)),
)

_OPEN_RUNS: tuple[type[jobrun.JobRun], ...] = get_args(jobrun.Open)


class Outlet(Protocol):
    """How far somebody outside has been told what happens."""

    @property
    def outlet(self) -> str:
        """Its name."""
        ...

    @property
    def done(self) -> int:
        """The entry up to which all has been told."""
        ...

    @property
    def waiting_since(self) -> int | None:
        """When the oldest entry that has not been told was written."""
        ...

    @property
    def delivered(self) -> int: ...

    @property
    def failed(self) -> int: ...

    @property
    def unwanted(self) -> int: ...


class Moment(msgspec.Struct, frozen=True):
    """What one scrape looks at. The world shows committed state only."""

    world: World
    catalog: Catalog
    now: Timestamp
    read_only: bool
    newest_snapshot: int
    """The seq that it was taken at; 0 where there is none."""
    snapshot_at: Timestamp
    """When the entry with that seq was written."""
    outlets: Sequence[Outlet]


class Readings(Collector):
    """The gauges of one engine."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.moment: Moment | None = None
        """What the next scrape looks at."""

    def collect(self) -> Iterator[Metric]:
        """Yield everything, as of ``moment``."""
        yield _build_info()
        moment = self.moment
        if moment is None:
            return  # asked by the registry for names, before anything runs
        yield from _entities(moment.world)
        yield from _runs_and_pools(moment.world, moment.catalog)
        yield from _wants(moment.world, moment.now)
        yield _gauge("wantd_log_head", "The seq of the newest entry of the log.", moment.world.seq)
        yield _gauge("wantd_snapshot_head", "The seq of the newest snapshot; 0 without any.", moment.newest_snapshot)
        yield _gauge(
            "wantd_snapshot_timestamp_seconds",
            "When the newest entry in the newest snapshot was written; 0 without any.",
            moment.snapshot_at / SECOND_US,
        )
        yield from _outward(moment)
        yield _gauge("wantd_read_only", "1 while nothing can be written because the disk is full.", moment.read_only)
        yield from self._disk()

    def _disk(self) -> Iterator[Metric]:
        log = self._layout.log
        size = GaugeMetricFamily("wantd_log_bytes", "Size of the log's files.", labels=["file"])
        size.add_metric(["log"], _size(log))
        size.add_metric(["wal"], _size(log.with_name(f"{log.name}-wal")))
        yield size
        free = GaugeMetricFamily("wantd_free_bytes", "Free space of a file system, by what lies on it.", labels=["of"])
        free.add_metric(["log"], _free(log.parent))
        free.add_metric(["store"], _free(self._layout.store))
        yield free


def _runs_and_pools(world: World, catalog: Catalog) -> Iterator[Metric]:
    runs = GaugeMetricFamily("wantd_open_jobruns", "JobRuns that have not ended, by job.", labels=["job_name", "state"])
    used: Counter[str] = Counter(dict.fromkeys(catalog.pools, 0))
    queued: Counter[str] = Counter(dict.fromkeys(catalog.pools, 0))
    for job in catalog.jobs.values():
        for state in _OPEN_RUNS:
            number = world.numbers.get((state, job.name), 0)
            runs.add_metric([job.name, state.__name__], number)
            if state is jobrun.Queued:
                queued[job.pool] += number
            elif issubclass(state, jobrun.Started):
                used[job.pool] += number * job.slots
    yield runs
    yield _by_pool("wantd_pool_slots", "Slots of a pool.", catalog.pools)
    yield _by_pool("wantd_pool_slots_used", "Slots that JobRuns hold.", used)
    yield _by_pool("wantd_pool_queued_jobruns", "JobRuns that wait for slots.", queued)


def _entities(world: World) -> Iterator[Metric]:
    found: Counter[type] = Counter()
    for (state, _), number in world.numbers.items():
        found[state] += number
    for name, text, states in _KINDS:
        family = GaugeMetricFamily(name, text, labels=["state"])
        for state in states:
            family.add_metric([state.__name__], found[state])
        yield family


def _wants(world: World, now: Timestamp) -> Iterator[Metric]:
    opened = [world.wants[one] for one in world.opened]
    oldest = min((state.spec.created_at for state in opened), default=now)
    late = sum(state.late for state in opened if isinstance(state, want.Open))
    yield _gauge("wantd_oldest_open_want_seconds", "Age of the oldest open want.", max(0, now - oldest) / SECOND_US)
    yield _gauge("wantd_late_wants", "Open wants whose sla has passed.", late)


def _outward(moment: Moment) -> Iterator[Metric]:
    entries = GaugeMetricFamily(
        "wantd_outward_behind_entries", "Entries that somebody outside has not been told of.", labels=["outlet"]
    )
    seconds = GaugeMetricFamily(
        "wantd_outward_behind_seconds", "Age of the oldest entry that he has not been told of.", labels=["outlet"]
    )
    messages = CounterMetricFamily(
        "wantd_outward_messages",
        "Messages delivered and unwanted, and tries that failed.",
        labels=["outlet", "outcome"],
    )
    for one in moment.outlets:
        entries.add_metric([one.outlet], max(0, moment.world.seq - one.done))
        waits_us = 0 if one.waiting_since is None else max(0, moment.now - one.waiting_since)
        seconds.add_metric([one.outlet], waits_us / SECOND_US)
        for outcome, number in (("delivered", one.delivered), ("failed", one.failed), ("unwanted", one.unwanted)):
            messages.add_metric([one.outlet, outcome], number)
    yield from (entries, seconds, messages)


def _build_info() -> Metric:
    sqlite = sqlite_facts()
    facts = {"version": version("wantd"), "python": platform.python_version(), "sqlite": sqlite.version}
    return InfoMetricFamily("wantd_build", "What runs here.", value=facts)


def _by_pool(name: str, text: str, numbers: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["pool"])
    for pool, number in numbers.items():
        family.add_metric([pool], number)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free if folder.exists() else 0
