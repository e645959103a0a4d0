"""How an engine ends: jobs are left to the executor, and no failure inside is swallowed."""

import asyncio
from pathlib import Path

import pytest

from bel.errors import AppendUnknown, EpochTooOld
from orchestrator.commands import CreateWant
from orchestrator.executors.base import RunEnded, StaleEpoch
from orchestrator.runtime.collecting import Collector
from orchestrator.runtime.mailbox import NoAnswer
from orchestrator.store import MemoryStore
from tests.runtime.rig import GOOD, Life, Rig

APPLICATION = """
[application]
name = "ending"
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, APPLICATION)


def stumble(*_: object, **__: object) -> None:
    raise ZeroDivisionError


@pytest.mark.asyncio
async def test_closing_leaves_what_runs_to_the_executor(rig: Rig) -> None:
    """If this fails, ending the daemon stops jobs, waits for them, or starts them again afterwards."""
    async with rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
    assert (rig.executor.stops, len(rig.executor.running)) == ([], 1)
    async with rig.life() as life:
        await life.play()
    assert (len(rig.executor.starts), rig.executor.repeated) == (1, [])


@pytest.mark.asyncio
async def test_a_job_that_ends_while_the_engine_closes_is_left_to_the_next(rig: Rig) -> None:
    """If this fails, an end that comes at the last moment turns a clean ending into a failure, or is lost."""
    async with rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
        (run,) = rig.executor.running
        rig.end(run)
        life.executor.while_closing.append(RunEnded(run, GOOD))
    assert not life.runner.failure.done()
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]  # a test is a task
    async with rig.life() as life:
        await life.play()
        assert sorted(await life.live()) == ["raw/1"]


@pytest.mark.asyncio
async def test_an_exception_of_the_user_is_passed_on_and_everything_is_closed(rig: Rig) -> None:
    """If this fails, a mistake of whoever uses the engine leaves threads behind that keep the process alive."""
    async with rig.ended_by(ZeroDivisionError) as life:
        await life.want("raw/1")
        stumble()
    assert life.runner._threads._shutdown
    assert life.runner._hand._shutdown


@pytest.mark.asyncio
async def test_a_user_that_is_canceled_sees_the_turn_through(rig: Rig) -> None:
    """If this fails, Ctrl-C leaves a batch in the log whose effects and answers nobody knows of."""

    async def use() -> None:
        async with rig.life() as life:
            life.log.gate = gate
            asked.append(asyncio.create_task(life.want("raw/1")))
            await life.happens(lambda: len(life.log.asked) == 1)
            reached.set()
            try:
                await asyncio.Event().wait()
            finally:
                life.log.gate = None

    gate, reached = asyncio.Event(), asyncio.Event()
    asked: list[asyncio.Task[object]] = []
    using = asyncio.create_task(use())
    await reached.wait()
    using.cancel()
    await asyncio.sleep(0)
    using.cancel()
    await asyncio.sleep(0)
    assert not using.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await using
    await asked[0]
    assert (await rig.check()).seq > 0


@pytest.mark.asyncio
async def test_a_failure_in_a_thread_ends_the_engine(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, a bug in the runner is swallowed, and what it was doing is never done."""
    monkeypatch.setattr(Collector, "collect", stumble)
    async with rig.ended_by(ZeroDivisionError) as life:
        await life.want("raw/1")
        await life.started(1)
        rig.end(rig.executor.running[0])
        rig.executor.deliver()
        await asyncio.Event().wait()
    monkeypatch.undo()
    async with rig.life() as life:
        await life.play()
        assert sorted(await life.live()) == ["raw/1"]


@pytest.mark.asyncio
async def test_a_sync_that_fails_ends_the_engine_before_anything_is_live(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails, a partition becomes Live whose bytes the disk refused."""

    def refuse(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(MemoryStore, "sync", refuse)
    async with rig.ended_by(OSError) as life:
        await life.want("raw/1")
        await life.play()
    assert type(next(iter((await rig.world()).runs.values()))).__name__ == "Launching"


@pytest.mark.asyncio
async def test_an_executor_that_was_taken_over_ends_the_engine(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, a daemon that was replaced goes on."""

    def refuse(*_: object) -> None:
        raise StaleEpoch("a newer daemon is here")

    async with rig.ended_by(StaleEpoch) as life:
        monkeypatch.setattr(life.executor, "start", refuse)
        await life.want("raw/1")
        await asyncio.Event().wait()


@pytest.mark.asyncio
async def test_a_second_daemon_on_the_log_ends_the_first_at_its_next_append(rig: Rig) -> None:
    """If this fails, two daemons write one log."""
    async with rig.ended_by(EpochTooOld) as first:
        async with rig.life() as second:
            await second.turn()
        await first.want("raw/1")
    assert (await rig.world()).seq == 0


@pytest.mark.asyncio
async def test_who_is_canceled_still_hears_of_an_append_of_unknown_outcome(rig: Rig) -> None:
    """If this fails, a daemon that is interrupted in its last append ends as if all were well, not with 74."""
    begun: asyncio.Future[Life] = asyncio.get_running_loop().create_future()

    async def use() -> None:
        async with rig.life() as life:
            life.log.gate = asyncio.Event()
            life.log.troubles.append(AppendUnknown("the script says so"))
            begun.set_result(life)
            await asyncio.Event().wait()

    user = asyncio.ensure_future(use())
    life = await begun
    answer = life.ask(CreateWant("test", ("raw/1",)))
    await life.happens(lambda: bool(life.log.asked))
    user.cancel()
    with pytest.raises(AppendUnknown):
        await user
    with pytest.raises(NoAnswer):
        await answer
