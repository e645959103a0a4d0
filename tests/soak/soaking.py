"""A daemon that works for a long time, at a rate, while everything of ours is killed now and then.

Ends with everything served and the daemon drained; then the witness judges what ran, as after a hunt.
"""

import asyncio
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.acceptance import verdict
from tests.acceptance.commands import Wantd
from tests.acceptance.crowd_verdict import Evidence, every_exit_code_is_right, nothing_goes_on_twice
from tests.acceptance.hunting import Hunter, Kind
from tests.acceptance.waiting import wait_until
from tests.soak.findings import MIB, Findings, Steady, findings
from tests.soak.load import Load
from tests.soak.sampling import Sample, Sampler
from tests.soak.world import growth

CROWD = Path(__file__).parents[1] / "acceptance" / "crowd"
REFS_A_SECOND = 20.0
KILL_EACH_S = 10.0
WEIGHTS: dict[Kind, int] = {"daemon": 2, "keeper": 1, "job": 4, "worker": 3}
_SERVED_S = 900.0

UNEXPLAINED_BYTES_A_RUN_MAX = 4000.0
TIMES_ITS_WORLD_MAX = 2.5
PROCESS_MIB_AN_HOUR_MAX = 2.0
DESCRIPTORS_MORE_MAX = 2
WAL_BYTES_MAX = 64 * MIB


class Soaked(NamedTuple):
    """What was seen."""

    samples: list[Sample]
    found: Findings
    ends: dict[str, int]
    ready_s: list[float]


def soak(application: Path, minutes: float, tell: Callable[[str], None] = print) -> Soaked:
    """Let a daemon work for so long, in a new folder, and judge what ran."""
    shutil.copytree(CROWD, application)
    wantd, chance = Wantd(application / "wantd.toml"), random.Random(7)
    hunter = Hunter(wantd, chance)
    hunter.stand()
    load, sampler = Load(wantd, REFS_A_SECOND), Sampler(wantd, hunter)
    load.begin()
    sampler.begin()
    try:
        _kill_now_and_then(hunter, chance, minutes * 60, lambda: tell(_so_far(sampler, load)))
    finally:
        load.end()
        sampler.end()
    life = hunter.stand()
    wait_until(lambda: life.must_live() and load.is_served(), "all wants are closed", _SERVED_S)
    assert life.end() == 0
    wantd.run("bel", "verify", patience_s=_SERVED_S)
    ends = _judge(wantd, hunter)
    return Soaked(sampler.samples, findings(sampler.samples, growth(wantd.state)), ends, hunter.ready_s)


def grows_without_cause(found: Findings) -> list[str]:
    """Name what takes more and more, though nothing that it has to remember grows."""
    amounts = {
        "the daemon's bytes a JobRun beyond its world": (found.unexplained_bytes_a_run, UNEXPLAINED_BYTES_A_RUN_MAX),
        "the daemon's memory beside its world": (found.daemon_mib_most / found.world_mib_most, TIMES_ITS_WORLD_MAX),
        "a keeper's MiB an hour": (found.keeper_mib_an_hour, PROCESS_MIB_AN_HOUR_MAX),
        "a worker's MiB an hour": (found.worker_mib_an_hour, PROCESS_MIB_AN_HOUR_MAX),
        "the WAL's bytes": (found.wal_bytes_most, WAL_BYTES_MAX),
    }
    counts = {
        "the daemon's descriptors": found.daemon_descriptors,
        "a keeper's descriptors": found.keeper_descriptors,
        "a worker's descriptors": found.worker_descriptors,
        "the daemon's threads": found.daemon_threads,
    }
    return [
        *(f"{what}: {amount:.1f}, at most {most:g}" for what, (amount, most) in amounts.items() if amount > most),
        *(f"{what}: {of.before:g}, later {of.after:g}" for what, of in counts.items() if _more(of)),
    ]


def _more(of: Steady) -> bool:
    return of.after > of.before + DESCRIPTORS_MORE_MAX


def _kill_now_and_then(hunter: Hunter, chance: random.Random, seconds: float, tell: Callable[[], None]) -> None:
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    end_at = time.monotonic() + seconds
    while (left := end_at - time.monotonic()) > 0:
        time.sleep(min(left, chance.expovariate(1 / KILL_EACH_S)))
        hunter.strike(chance.choices(kinds, weights)[0])
        hunter.stand()
        tell()


def _so_far(sampler: Sampler, load: Load) -> str:
    now = sampler.samples[-1]
    return (
        f"{now.at_s:.0f} s: {load.made} made, {now.runs} JobRuns, {now.kills} kills, "
        f"daemon {now.daemon.rss_bytes / MIB:.0f} MiB, WAL {now.wal_bytes / MIB:.0f} MiB"
    )


def _judge(wantd: Wantd, hunter: Hunter) -> dict[str, int]:
    world = asyncio.run(verdict.replay(wantd.state))
    evidence = Evidence(wantd.folder, world, hunter.victims)
    nothing_goes_on_twice(evidence)
    return dict(every_exit_code_is_right(evidence))
