"""Inline runs: calls in this process, in batches."""

import threading

import pytest

from orchestrator.executors.base import InlineStart, StopRun
from orchestrator.executors.inline import InlineExecutor
from tests.executors.rigs import Seen


async def opened() -> tuple[InlineExecutor, Seen]:
    executor, seen = InlineExecutor(), Seen()
    await executor.open(seen)
    return executor, seen


@pytest.mark.asyncio
async def test_what_a_function_raises_is_how_it_ended() -> None:
    """Broken: an exception ends the helper thread, and every later run hangs."""
    executor, seen = await opened()

    def fail() -> None:
        raise ValueError("no such weather")

    def leave() -> None:
        raise SystemExit("enough")

    executor.start([InlineStart("a", fail), InlineStart("b", leave), InlineStart("c", lambda: None)])
    assert ((await seen.end_of("a")).code, seen.ends()["a"].message) == (1, "ValueError: no such weather")
    assert ((await seen.end_of("b")).code, seen.ends()["b"].message) == (1, "enough")
    assert (await seen.end_of("c")).code == 0
    await executor.close()


@pytest.mark.asyncio
async def test_what_waits_can_be_stopped_and_what_runs_goes_on() -> None:
    """Broken: a canceled run is started, or a finished one is called canceled."""
    executor, seen = await opened()
    began, go = threading.Event(), threading.Event()

    def hold() -> None:
        began.set()
        go.wait()

    executor.start([InlineStart("runs", hold), InlineStart("waits", lambda: None)])
    began.wait()
    executor.stop([StopRun("runs"), StopRun("waits")])
    go.set()
    assert (await seen.end_of("waits")).kind == "canceled"
    assert ((await seen.end_of("runs")).kind, seen.ends()["runs"].stop_requested) == ("exit", True)
    await executor.close()


@pytest.mark.asyncio
async def test_thousands_of_runs_are_told_in_few_batches() -> None:
    """Broken: each run costs a hop between threads, and the log a commit."""
    executor, seen = await opened()
    executor.start([InlineStart(f"r{number}", lambda: None) for number in range(5000)])
    await seen.end_of("r4999")
    assert len(seen.ends()) == 5000
    assert seen.batches <= 50
    await executor.close()


@pytest.mark.asyncio
async def test_closing_waits_for_the_call_in_progress_only() -> None:
    """Broken: a daemon that ends runs on through everything that was queued."""
    executor, _ = await opened()
    began, called = threading.Event(), threading.Event()
    gate = threading.Event()

    def hold() -> None:
        began.set()
        gate.wait()

    executor.start([InlineStart("hold", hold), InlineStart("waits", called.set)])
    began.wait()
    threading.Timer(0.05, gate.set).start()
    await executor.close()
    assert not called.is_set()
