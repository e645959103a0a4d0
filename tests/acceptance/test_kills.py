"""wantd survives kill -9 at any moment: real commands, real jobs, a year of real data, a witness outside.

Issue 2, section 6, point 3. ``killing`` says when it is killed, ``notes`` reads the witness, ``verdict`` judges.
"""

from pathlib import Path

import pytest

from statemachines.want import Successful
from tests.acceptance import verdict
from tests.acceptance.commands import Life, Wantd
from tests.acceptance.copies import How, copy_flights
from tests.acceptance.killing import Killer, moments
from tests.acceptance.living import finish
from tests.acceptance.verdict import YEAR

KEY = "the year"
OUTLIVED = 2
"""So many runs at least must have been adopted, or the kills did not say what they should."""


class Serving:
    """A daemon that is begun again and again, and is asked for the year until it has said yes."""

    def __init__(self, wantd: Wantd) -> None:
        self._wantd = wantd
        self._asked = False

    def __call__(self) -> Life:
        if self._asked:
            life = self._wantd.begin("serve")
            life.wait_for_lock()
            return life
        life = self._wantd.serve()
        self._wantd.run("want", "create", "--idempotency-key", KEY, YEAR)
        self._asked = True
        return life


class Building:
    """A build without a daemon that is begun again and again. Each begin is a want of its own."""

    def __init__(self, wantd: Wantd) -> None:
        self._wantd = wantd

    def __call__(self) -> Life:
        life = self._wantd.begin("build", YEAR)
        life.wait_for_lock()
        return life


async def killed_serving(application: Path, how: How, kills: int, seed: int) -> None:
    """Kill a daemon again and again while it builds the year; the last life is that of this process."""
    wantd, killer = Wantd(copy_flights(application, how, batch=16 if how == "process" else 8)), Killer(application)
    killer.kill_all(Serving(wantd), moments(kills, seed, keepers=True))
    want, digest, seq = await finish(wantd.config, YEAR, key=KEY)
    assert isinstance(want, Successful)
    world = await verdict.replay(wantd.state)
    assert (world.seq, world.digest()) == (seq, digest)
    assert len(world.wants) == 1
    wantd.run("bel", "verify")
    verdict.everything_is_there(wantd.state, world)
    verdict.nothing_ran_twice(application, world, killer.keepers_died)
    assert killer.outlived() >= OUTLIVED


@pytest.mark.timeout(400)
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "how", ["mixed", pytest.param("worker", marks=pytest.mark.long), pytest.param("process", marks=pytest.mark.long)]
)
async def test_a_daemon_killed_twenty_times_builds_the_year(application: Path, how: How) -> None:
    """Broken: a daemon that dies at the wrong moment loses, doubles or falsifies work."""
    await killed_serving(application, how, kills=20, seed=1)


@pytest.mark.timeout(400)
@pytest.mark.asyncio
async def test_a_build_without_a_daemon_killed_twenty_times_builds_the_year(application: Path) -> None:
    """Broken: what holds for the daemon does not hold for ``build``, or its jobs die with it."""
    wantd, killer = Wantd(copy_flights(application, "mixed", batch=8)), Killer(application)
    killer.kill_all(Building(wantd), moments(20, seed=2, keepers=False))
    wantd.run("build", YEAR)
    world = await verdict.replay(wantd.state)
    assert {type(want) for want in world.wants.values()} == {Successful}
    wantd.run("bel", "verify")
    verdict.everything_is_there(wantd.state, world)
    verdict.nothing_ran_twice(application, world, killer.keepers_died)
    assert killer.outlived() >= OUTLIVED


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["mixed", "worker", "process"])
async def test_a_daemon_killed_two_hundred_times_builds_the_year(application: Path, how: How) -> None:
    """Broken: what holds for twenty kills was luck."""
    await killed_serving(application, how, kills=200, seed=3)
