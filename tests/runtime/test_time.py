"""Timers are reminders: what they remind of survives a restart, and comes though nobody asks for anything."""

import asyncio
from pathlib import Path

import pytest

from orchestrator.runtime import loop
from orchestrator.runtime.clock import SystemClock
from statemachines.ids import SECOND_US
from tests.runtime.rig import BAD, Died, Life, Rig

APPLICATION = """
[application]
name = "time"
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
retry = { tries = 2, backoff = "100s" }
[[job]]
name = "batch"
outputs = ["batch/{n:int}"]
command = ["batch"]
batch = { max = 10, wait = "30s" }
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, APPLICATION)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.asyncio
async def test_a_wait_between_tries_is_kept_to_also_over_a_restart(rig: Rig, *, restart: bool) -> None:
    """If this fails, a restart forgets a try, makes it at once, or counts the tries anew."""
    async with rig.ended_by(Died) as life:
        await life.want("raw/1")
        await life.started(1)
        rig.end(rig.executor.running[0], BAD)
        rig.executor.deliver()
        await life.until(lambda board: not board.world.open_runs)
        if not restart:
            await see_second_try(rig, life)
        life.die()
    if restart:
        async with rig.life() as life:
            await see_second_try(rig, life)
    assert len(rig.executor.starts) == 2


async def see_second_try(rig: Rig, life: Life) -> None:
    """The second try comes when its time has come, and is the last."""
    life.wait(99)
    await life.turn()
    assert len(rig.executor.starts) == 1
    life.wait(2)
    await life.started(2)
    rig.end(rig.executor.running[0], BAD)
    rig.executor.deliver()
    await life.until(lambda board: not board.world.opened)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.asyncio
async def test_a_batch_closes_when_its_time_has_come(rig: Rig, *, restart: bool) -> None:
    """If this fails, a batch that is not full waits for ever, or forgets after a restart what it had collected."""
    async with rig.ended_by(Died) as life:
        await life.want("batch/1")
        await life.want("batch/2")
        if restart:
            life.die()
        life.wait(31)
        await life.play()
        life.die()
    async with rig.life() as life:
        life.wait(31)
        await life.play()
        assert sorted(await life.live()) == ["batch/1", "batch/2"]
    assert len(rig.executor.starts) == 1


@pytest.mark.asyncio
async def test_a_want_expires_and_is_late_though_nothing_happens(rig: Rig) -> None:
    """If this fails, an idle daemon does not notice that time passes."""
    rig.clock = SystemClock()  # type: ignore[assignment]  # the loop has to wake by itself here
    async with rig.life() as life:
        want = await life.want("batch/1", ttl_us=SECOND_US // 10, sla_us=SECOND_US // 20)
        await life.until(lambda board: not board.world.opened)
        assert await life.state(want) == "Expired"
        kinds = [type(entry.event).__name__ for batch in life.log.asked for entry in batch]
        assert kinds.index("WantLate") < kinds.index("WantExpired")


@pytest.mark.asyncio
async def test_a_clock_that_goes_back_delays_and_breaks_nothing(rig: Rig) -> None:
    """If this fails, a corrected clock ends the daemon or makes it spin."""
    async with rig.life() as life:
        want = await life.want("raw/1", ttl_us=50 * SECOND_US)
        await life.started(1)
        life.wait(-900)
        await life.turn()
        assert await life.state(want) == "Building"
        life.wait(400 * 86_400)
        await life.until(lambda board: not board.world.opened)
        assert await life.state(want) == "Expired"


@pytest.mark.asyncio
async def test_a_clock_set_forward_is_seen_by_a_daemon_that_sleeps(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, what is due after the clock was set forward waits as long as it would have by the old clock."""
    monkeypatch.setattr(loop, "LOOK_AGAIN_S", 0.01)
    async with rig.life() as life:
        want = await life.want("batch/1", ttl_us=86_400 * SECOND_US)
        for _ in range(10):
            await asyncio.sleep(0)  # the loop goes to sleep by the old clock
        rig.clock.at += 400 * 86_400 * SECOND_US
        await life.until(lambda board: not board.world.opened)
        assert await life.state(want) == "Expired"
