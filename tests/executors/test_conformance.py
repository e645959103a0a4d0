"""The laws of the executor port, checked against every executor there is."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.executors.base import Executor, Exit, RunEnded, StopRun
from tests.executors.rigs import PATIENCE_S, LocalRig, Rig, ScriptedRig, Seen


@pytest.fixture(params=["process", "worker", "inline", "scripted"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "scripted":
        yield ScriptedRig()
        return
    local = LocalRig(tmp_path, request.param)
    yield local
    local.release()


async def pumped(rig: Rig, seen: Seen, run: str) -> Exit:
    async with asyncio.timeout(PATIENCE_S):
        while run not in seen.ends():
            rig.pump()
            await asyncio.sleep(0.001)
    return seen.ends()[run]


async def opened(rig: Rig, epoch: int = 1) -> tuple[Executor, Seen]:
    executor, seen = rig.make(epoch), Seen()
    await executor.open(seen)
    return executor, seen


@pytest.mark.asyncio
async def test_a_run_ends_as_it_does(rig: Rig) -> None:
    """Broken: exit codes get lost or mixed up on the way."""
    executor, seen = await opened(rig)
    executor.start([rig.ending("good", 0), rig.ending("bad", 3)])
    good, bad = await pumped(rig, seen, "good"), await pumped(rig, seen, "bad")
    assert (good.kind, good.code, bad.kind, bad.code) == ("exit", 0, "exit", 3)
    await executor.close()


@pytest.mark.asyncio
async def test_facts_come_later_and_on_the_thread_of_the_loop(rig: Rig) -> None:
    """Broken: a caller of start is re-entered by its own sink, or a sink runs beside the loop."""
    executor, seen = await opened(rig)
    executor.start([rig.ending("a", 0)])
    assert seen.facts == []
    await pumped(rig, seen, "a")
    assert seen.threads == {threading.get_ident()}
    await executor.close()


@pytest.mark.asyncio
async def test_what_begins_ends_once(rig: Rig) -> None:
    """Broken: a run is told to begin after its end, or to end in two ways. Of a short one only its end may be told."""
    executor, seen = await opened(rig)
    runs = [f"r{number}" for number in range(20)]
    executor.start([rig.ending(run, 0) for run in runs])
    for run in runs:
        await pumped(rig, seen, run)
    for run in runs:
        kinds = [isinstance(fact, RunEnded) for fact in seen.facts if fact.run == run]
        assert kinds in ([True], [False, True])
    await executor.close()


@pytest.mark.asyncio
async def test_a_second_start_only_repeats_the_end(rig: Rig) -> None:
    """Broken: a start that was sent twice runs a job twice."""
    executor, seen = await opened(rig)
    executor.start([rig.ending("a", 3), rig.ending("a", 3)])
    first = await pumped(rig, seen, "a")
    seen.forget()
    executor.start([rig.ending("a", 3)])
    assert await pumped(rig, seen, "a") == first
    assert seen.begun() == []
    await executor.close()


@pytest.mark.asyncio
async def test_a_stopped_run_says_so(rig: Rig) -> None:
    """Broken: stopping is not confirmed, or an unknown run makes trouble."""
    executor, seen = await opened(rig)
    executor.start([rig.endless("a"), rig.endless("b")] if rig.outlives_the_daemon else [rig.ending("b", 0)])
    executor.stop([StopRun("b"), StopRun("never heard of")])
    end = await pumped(rig, seen, "b")
    assert (end.kind, end.stop_requested) in {("canceled", True), ("exit", True), ("exit", False)}
    if rig.outlives_the_daemon:
        assert end.kind == "canceled"
        assert "a" not in seen.ends()
    assert "never heard of" not in {fact.run for fact in seen.facts}
    await executor.close()


@pytest.mark.asyncio
async def test_the_next_daemon_finds_everything_that_is_not_settled(rig: Rig) -> None:
    """Broken: a daemon that comes back starts something twice, or waits for ever for what has ended."""
    executor, seen = await opened(rig)
    if not rig.outlives_the_daemon:
        await executor.close()
        assert await rig.make(2).open(Seen()) == {}
        return
    executor.start([rig.endless("runs"), rig.ending("ended", 3), rig.ending("settled", 0)])
    await pumped(rig, seen, "ended")
    await pumped(rig, seen, "settled")
    executor.settled(["settled", "runs"])
    await executor.close()
    second, again = rig.make(2), Seen()
    assert await second.open(again) == {"runs": "running", "ended": seen.ends()["ended"]}
    second.start([rig.endless("runs"), rig.ending("ended", 0)])
    assert (await pumped(rig, again, "ended")).code == 3
    second.stop([StopRun("runs")])
    assert (await pumped(rig, again, "runs")).kind == "canceled"
    await second.close()
