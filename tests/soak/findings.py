"""What the samples say: how much each amount grows.

The first tenth is warm-up and does not count, nor do the first seconds of each daemon. The world of a daemon grows by
rights, with each JobRun that it has to remember; how much that is, is measured on the same log (``world``). What a
daemon grows beyond that is looked for within the lives of single daemons, since a new one begins without it. When it
makes a snapshot its memory leaps, and is not given back: leaps are told apart from steady growth.
"""

import statistics
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from tests.soak.sampling import Sample, Taken

MIB = 1 << 20
WARM_UP = 0.1
_SETTLED_S = 15.0
"""How long a new daemon may take to reach its size."""
_LEAP_BYTES = 2 * MIB
"""More than this in a second is a leap."""

Role = Literal["daemon", "keeper", "worker"]


class Steady(NamedTuple):
    """Medians: in the first third of what counts, and in the last."""

    before: float
    after: float


class Findings(NamedTuple):
    """The figures of one soak. Those of keepers and workers are of one."""

    minutes: float
    runs: int
    lives: int
    kills: int
    daemon_bytes_a_run: float
    world_bytes_a_run: float
    keeper_mib_an_hour: float
    worker_mib_an_hour: float
    daemon_mib: Steady
    daemon_mib_most: float
    world_mib_most: float
    leap_mib_most: float
    """In three seconds."""
    keeper_mib: Steady
    worker_mib: Steady
    daemon_descriptors: Steady
    keeper_descriptors: Steady
    worker_descriptors: Steady
    daemon_threads: Steady
    wal_bytes_most: int
    log_bytes_a_run: float
    run_folders: Steady

    @property
    def runs_a_second(self) -> float:
        """JobRuns, those that failed or were killed included."""
        return self.runs / self.minutes / 60

    @property
    def unexplained_bytes_a_run(self) -> float:
        """How much faster the daemon grew than its world, leaps aside."""
        return self.daemon_bytes_a_run - self.world_bytes_a_run


def findings(samples: Sequence[Sample], world: Sequence[tuple[int, int]]) -> Findings:
    """Work out the figures, from the samples and from what the world took by itself."""
    last = samples[-1]
    warm = [one for one in samples if one.at_s >= last.at_s * WARM_UP]
    served = settled(warm)
    return Findings(
        minutes=(last.at_s - samples[0].at_s) / 60,
        runs=last.runs,
        lives=last.life,
        kills=last.kills,
        daemon_bytes_a_run=steady_bytes_a_run(served),
        world_bytes_a_run=slope([(runs, rss) for runs, rss in world if runs >= last.runs * WARM_UP]),
        keeper_mib_an_hour=_mib_an_hour(warm, "keeper"),
        worker_mib_an_hour=_mib_an_hour(warm, "worker"),
        daemon_mib=_steady(served, "daemon", "rss_bytes", MIB),
        daemon_mib_most=max(one.daemon.rss_bytes for one in samples) / MIB,
        world_mib_most=max(rss for _, rss in world) / MIB,
        leap_mib_most=max(b.daemon.rss_bytes - a.daemon.rss_bytes for a, b in _within_lives(served, apart=3)) / MIB,
        keeper_mib=_steady(warm, "keeper", "rss_bytes", MIB),
        worker_mib=_steady(warm, "worker", "rss_bytes", MIB),
        daemon_descriptors=_steady(served, "daemon", "descriptors"),
        keeper_descriptors=_steady(warm, "keeper", "descriptors"),
        worker_descriptors=_steady(warm, "worker", "descriptors"),
        daemon_threads=_steady(served, "daemon", "threads"),
        wal_bytes_most=max(one.wal_bytes for one in samples),
        log_bytes_a_run=slope([(one.runs, one.log_bytes) for one in warm]),
        run_folders=_thirds([one.run_folders for one in warm]),
    )


def settled(samples: Sequence[Sample]) -> list[Sample]:
    """Leave out the moments in which there was no daemon, or a young one."""
    began: dict[int, float] = {}
    for one in samples:
        began.setdefault(one.life, one.at_s)
    return [one for one in samples if one.daemon.processes and one.at_s - began[one.life] >= _SETTLED_S]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line that fits best."""
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def steady_bytes_a_run(served: Sequence[Sample]) -> float:
    """How many bytes a JobRun the daemons grew while each of them lived, leaps aside."""
    runs = grown = 0
    for before, after in _within_lives(served, apart=1):
        more = after.daemon.rss_bytes - before.daemon.rss_bytes
        if abs(more) < _LEAP_BYTES:
            runs += after.runs - before.runs
            grown += more
    return grown / runs


def _within_lives(served: Sequence[Sample], apart: int) -> Iterator[tuple[Sample, Sample]]:
    pairs = zip(served, served[apart:], strict=False)
    return ((before, after) for before, after in pairs if before.life == after.life)


def _mib_an_hour(samples: Sequence[Sample], role: Role) -> float:
    return slope([(one.at_s, a_process(one, role, "rss_bytes")) for one in _with(samples, role)]) * 3600 / MIB


def _steady(samples: Sequence[Sample], role: Role, what: str, unit: int = 1) -> Steady:
    return _thirds([a_process(one, role, what) / unit for one in _with(samples, role)])


def _thirds(amounts: Sequence[float]) -> Steady:
    third = len(amounts) // 3
    return Steady(statistics.median(amounts[:third]), statistics.median(amounts[-third:]))


def _with(samples: Sequence[Sample], role: Role) -> list[Sample]:
    return [one for one in samples if getattr(one, role).processes]


def a_process(sample: Sample, role: Role, what: str) -> float:
    """What one process of this kind takes."""
    taken: Taken = getattr(sample, role)
    return float(getattr(taken, what) / taken.processes)
