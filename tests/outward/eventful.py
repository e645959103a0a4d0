"""A build in which everything happens that can happen to wants and JobRuns."""

from __future__ import annotations

from pathlib import Path

from orchestrator.commands import CancelWant, PauseWant, ResumeWant, RetryWant
from orchestrator.daemon import Application, Engine
from statemachines.ids import Timestamp
from statemachines.jobrun import Launching, Running
from tests.outward.rig import application, build, closed, until, want

MORE = """
[limits]
grace = "1s"
[[job]]
name = "misses"
outputs = ["misses/{n:int}"]
python = "told_jobs:misses"
executor = "inline"
dynamic = true
description = "finds out while it runs"
[[job]]
name = "slow"
outputs = ["slow"]
command = ["sh", "-c", "exec sleep 600"]
[[job]]
name = "half"
outputs = ["half/{n:int}"]
python = "told_jobs:half"
executor = "inline"
batch = { max = 2, wait = "200ms" }
"""


def eventful(folder: Path, more: str) -> Application:
    """Write the application into a folder, and load it."""
    application(folder, "")
    with (folder / "wantd.toml").open("a") as file:
        file.write(MORE + more)
    return Application.load(folder / "wantd.toml")


async def everything(engine: Engine) -> None:
    """Build until there is one of everything: a backoff, a missed input, half a batch, a retry, a pause, a cancel."""
    await want(engine, "sum/1", data_timestamp=Timestamp(1_357_344_000_000_000))
    failed = await build(engine, "bad/1", "again/1", "misses/1", "half/1", "half/2")
    await engine.submit(RetryWant("cli:test", failed))
    await closed(engine, failed)
    slow = await want(engine, "slow")
    world = (await engine.board()).world
    await until(lambda: any(job == "slow" and issubclass(kind, Launching | Running) for kind, job in world.numbers))
    for command in (PauseWant, ResumeWant, CancelWant):
        await engine.submit(command("cli:test", slow))
    await until(lambda: not world.open_runs)
    await engine.board()  # the world runs ahead of the log within a turn: here it is over
