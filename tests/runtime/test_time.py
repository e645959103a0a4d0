"""Timers are reminders: what they remind of survives a restart, and comes though nobody asks for anything."""

import asyncio
from pathlib import Path

import pytest

from bel.errors import LogFull
from orchestrator.commands import CreateWant
from orchestrator.runtime import loop
from orchestrator.runtime.clock import SystemClock, Watch
from statemachines.ids import SECOND_US, Timestamp
from tests.runtime.rig import BAD, Died, HandClock, Life, Rig

SET_BY_S = (3_600, -3_600, 400 * 86_400, -400 * 86_400, 1.5, -1.5)

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


@pytest.mark.parametrize("by_s", SET_BY_S)
@pytest.mark.asyncio
async def test_a_wait_between_tries_lasts_as_long_though_the_clock_is_set(rig: Rig, by_s: float) -> None:
    """If this fails, a clock that is corrected makes a retry come at once, or an hour or a year late."""
    async with rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
        rig.end(rig.executor.running[0], BAD)
        rig.executor.deliver()
        await life.until(lambda board: not board.world.open_runs)
        life.wait(40)
        await life.turn()
        rig.clock.set(by_s)
        life.wait(59)
        await life.turn()
        assert len(rig.executor.starts) == 1
        life.wait(2)
        await life.started(2)


@pytest.mark.parametrize("by_s", SET_BY_S)
@pytest.mark.asyncio
async def test_a_batch_waits_as_long_though_the_clock_is_set(rig: Rig, by_s: float) -> None:
    """If this fails, a clock that is corrected closes a batch early or late, also one that was joined since."""
    async with rig.life() as life:
        await life.want("batch/1")
        life.wait(10)
        await life.turn()
        rig.clock.set(by_s)
        await life.want("batch/2")
        life.wait(19)
        await life.turn()
        assert rig.executor.starts == []
        life.wait(2)
        await life.started(1)
        await life.play()
        assert sorted(await life.live()) == ["batch/1", "batch/2"]
    assert len(rig.executor.starts) == 1


@pytest.mark.parametrize("by_s", SET_BY_S)
@pytest.mark.asyncio
async def test_a_want_lives_and_becomes_late_as_if_the_clock_had_not_been_set(rig: Rig, by_s: float) -> None:
    """If this fails, a clock that is corrected ends wishes, or keeps them for ever."""
    async with rig.life() as life:
        want = await life.want("raw/1", ttl_us=50 * SECOND_US, sla_us=20 * SECOND_US)
        await life.started(1)
        rig.clock.set(by_s)
        life.wait(19)
        await life.turn()
        assert not (await life.engine.board()).world.wants[want].late
        life.wait(2)
        await life.turn()
        assert (await life.engine.board()).world.wants[want].late
        life.wait(28)
        await life.turn()
        assert await life.state(want) == "Building"
        life.wait(2)
        await life.turn()
        assert await life.state(want) == "Expired"


@pytest.mark.asyncio
async def test_what_is_late_by_the_calendar_follows_the_clock(rig: Rig) -> None:
    """If this fails, data that is due at six is late at seven, once a clock that was an hour behind is corrected."""
    async with rig.life() as life:
        midnight = rig.clock.now()
        want = await life.want("raw/1", data_timestamp=midnight, sla_us=3_600 * SECOND_US)
        await life.started(1)
        rig.clock.set(3_601)
        await life.turn()
        assert (await life.engine.board()).world.wants[want].late


@pytest.mark.parametrize("by_s", SET_BY_S)
@pytest.mark.asyncio
async def test_waits_are_remembered_right_when_a_full_disk_made_the_daemon_read_the_log_again(
    rig: Rig, by_s: float
) -> None:
    """If this fails, what was known of the clock is forgotten with the world, and waits end early or late after all."""
    async with rig.life() as life:
        await life.want("batch/1")
        rig.clock.set(by_s)
        life.wait(1)
        await life.turn()
        life.log.troubles.append(LogFull(Path("bel.sqlite"), "the script says so"))
        assert (await life.submit(CreateWant("test", ("raw/1",)))).code == "log_full"  # type: ignore[union-attr]
        life.wait(28)
        await life.turn()
        assert rig.executor.starts == []
        life.wait(2)
        await life.started(1)


@pytest.mark.parametrize("by_s", SET_BY_S)
@pytest.mark.asyncio
async def test_a_batch_that_was_joined_keeps_its_wait_when_the_log_is_read_again(rig: Rig, by_s: float) -> None:
    """If this fails, a batch that was joined after the clock was set is begun at once, or a year late."""
    async with rig.life() as life:
        await life.want("batch/1")
        rig.clock.set(by_s)
        life.wait(1)
        await life.want("batch/2")
        life.log.troubles.append(LogFull(Path("bel.sqlite"), "the script says so"))
        assert (await life.submit(CreateWant("test", ("raw/1",)))).code == "log_full"  # type: ignore[union-attr]
        life.wait(28)
        await life.turn()
        assert rig.executor.starts == []
        life.wait(2)
        await life.started(1)


@pytest.mark.parametrize(("by_s", "waits_s"), [(-3_600, 30), (-400 * 86_400, 30), (20, 0), (400 * 86_400, 0)])
@pytest.mark.asyncio
async def test_a_clock_set_between_two_lives_never_makes_a_wait_longer_than_it_was_to_be(
    rig: Rig, by_s: float, waits_s: int
) -> None:
    """If this fails, a daemon that is started with a wrong clock does nothing for a year."""
    async with rig.ended_by(Died) as life:
        await life.want("batch/1")
        life.wait(11)
        await life.turn()
        life.die()
    rig.clock.set(by_s)
    async with rig.life() as life:
        life.wait(waits_s - 1)
        await life.turn()
        assert rig.executor.starts == [] or waits_s == 0
        life.wait(2)
        await life.started(1)


@pytest.mark.asyncio
async def test_a_process_that_is_stopped_between_its_two_clocks_sees_none_that_was_set() -> None:
    """If this fails, a daemon that was stopped for an hour may take that for a clock set by an hour."""

    class Stopped(HandClock):
        def now(self) -> Timestamp:
            now = super().now()
            if self.at < 5_000 * SECOND_US:
                self.at += 3_600 * SECOND_US
            return now

    clock = Stopped()
    clock.at = 10_000 * SECOND_US
    watch = Watch(clock)
    clock.at = 1_000 * SECOND_US
    assert watch.look().set_by_us == 0
    clock.set(7)
    assert watch.look().set_by_us == 7 * SECOND_US


@pytest.mark.asyncio
async def test_a_daemon_that_sleeps_notices_that_the_machine_slept(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, what became due while the machine slept waits as long as if it had not."""
    monkeypatch.setattr(loop, "LOOK_AGAIN_S", 0.01)
    async with rig.life() as life:
        want = await life.want("batch/1", ttl_us=86_400 * SECOND_US)
        for _ in range(10):
            await asyncio.sleep(0)  # the loop goes to sleep
        rig.clock.at += 400 * 86_400 * SECOND_US
        await life.until(lambda board: not board.world.opened)
        assert await life.state(want) == "Expired"
