"""Everything of ours is killed at random while hundreds of small jobs run: 0 lost, 0 doubled, 0 wrong exit codes.

Issue 3. ``crowd`` is the application and its own witness, ``asking`` asks for its refs, ``hunting`` kills and
``crowd_verdict`` judges. Run with ``-s`` it says what it saw.
"""

import asyncio
import random
import shutil
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance import verdict
from tests.acceptance.asking import Asker
from tests.acceptance.commands import Wantd
from tests.acceptance.crowd_verdict import (
    Evidence,
    every_exit_code_is_right,
    nothing_goes_on_twice,
    nothing_is_lost,
    nothing_is_made_again,
)
from tests.acceptance.crowding import crowd, is_hopeless
from tests.acceptance.hunting import Hunter, Kind, Victim, strikes
from tests.acceptance.waiting import wait_until

CROWD = Path(__file__).with_name("crowd")
OF_EACH_KIND = 8
READY_S = 30.0
"""The goal is 2 s, and a quiet machine keeps it; this one may be very busy."""
SERVED_S = 900.0
"""What is left to be done after the last kill, and the log to be verified."""
LAST = 0.9
"""By then all kills are over: at the very end there is nobody left to be killed."""


def hunt(application: Path, size: int, weights: dict[Kind, int], seed: int) -> None:
    """Kill so many of each kind while so many refs are made, and judge."""
    shutil.copytree(CROWD, application)
    wantd, refs, chance = Wantd(application / "wantd.toml"), crowd(size), random.Random(seed)
    hunter = Hunter(wantd, chance)
    hopeful = sum(not is_hopeless(ref) for ref in refs)
    hunter.stand()
    with Asker(wantd, refs) as asker:
        hunter.hunt(strikes(weights, int(hopeful * LAST), chance))
        life = hunter.stand()
        wait_until(lambda: life.must_live() and asker.is_served(), "all wants are closed", SERVED_S)
    assert life.end() == 0
    wantd.run("bel", "verify", patience_s=SERVED_S)
    assert Counter(victim.kind for victim in hunter.victims) == weights
    judge(wantd, asker.answered, refs, hunter.victims)
    tell_ready(hunter.ready_s)


def judge(wantd: Wantd, answered: dict[str, str], refs: Sequence[str], victims: Sequence[Victim]) -> None:
    world = asyncio.run(verdict.replay(wantd.state))
    evidence = Evidence(wantd.folder, world, victims)
    nothing_is_lost(wantd.state, world, answered, refs)
    nothing_goes_on_twice(evidence)
    nothing_is_made_again(evidence)
    ends = every_exit_code_is_right(evidence)
    print(f"\n{len(victims)} kills, {len(world.runs)} JobRuns {dict(ends)}, {world.seq} entries")
    assert all(ends[how] for how in ("Succeeded", "exit_code", "signal", "Lost")), "not everything was tried"


def tell_ready(ready_s: Sequence[float]) -> None:
    """Say how fast daemons became ready; none may take for ever."""
    median, slowest = statistics.median(ready_s), max(ready_s)
    late = sum(one > 2.0 for one in ready_s)
    print(f"{len(ready_s)} starts, ready after: median {median:.2f} s, slowest {slowest:.2f} s, {late} over 2 s")
    assert slowest < READY_S


@pytest.mark.timeout(400)
def test_sixty_kills_over_five_hundred_jobs(application: Path) -> None:
    """Broken: a kill of the daemon, a keeper, a job or a worker loses, doubles or falsifies work."""
    weights: dict[Kind, int] = {"daemon": 18, "keeper": 12, "job": 15, "worker": 15}
    assert sum(weights.values()) == 60
    assert min(weights.values()) >= OF_EACH_KIND
    hunt(application, 500, weights, seed=1)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_two_thousand_kills_over_twenty_thousand_jobs(application: Path) -> None:
    """Broken: what holds for sixty kills was luck."""
    hunt(application, 20_000, {"daemon": 800, "keeper": 300, "job": 450, "worker": 450}, seed=2)


def test_the_dice_hit_every_kind() -> None:
    """Broken: a kind of kill is dealt less often than asked for, or all at one end."""
    dealt = list(strikes({"daemon": 30, "keeper": 10, "job": 10, "worker": 10}, 480, random.Random(3)))
    assert Counter(strike.kind for strike in dealt) == {"daemon": 30, "keeper": 10, "job": 10, "worker": 10}
    moments = [strike.refs for strike in dealt if strike.refs is not None]
    assert moments == sorted(moments)
    assert 10 <= len(dealt) - len(moments) <= 30
    assert moments[0] < 50
    assert 400 < moments[-1] < 480
