"""The application in which the same is done through every door, and the daemon that has all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrator.api.local import LocalDoor
from orchestrator.api.server import serve
from orchestrator.api.tokens import create_token
from orchestrator.console.routes import console_routes
from orchestrator.daemon import Application, Engine, open_engine
from orchestrator.views.shapes import JobRunFilter, JobRunStateName, Wish
from tests.api.tcp import Listener, free_port
from tests.console.story import Harbour
from tests.console.visitor import Visitor

CONFIG = """
[application]
name = "parity"
[pools]
default = 100
[api]
listen = "127.0.0.1:{port}"
[[external]]
name = "outside"
outputs = ["outside/{{n:int}}"]
[[job]]
name = "raw"
outputs = ["raw/{{n:int}}"]
python = "wantd_parity_test_jobs:make"
executor = "inline"
[[job]]
name = "top"
outputs = ["top/{{n:int}}"]
inputs = ["raw/{{n}}"]
python = "wantd_parity_test_jobs:make"
executor = "inline"
[[job]]
name = "inside"
outputs = ["inside/{{n:int}}"]
inputs = ["outside/{{n}}"]
python = "wantd_parity_test_jobs:make"
executor = "inline"
[[job]]
name = "bad"
outputs = ["bad/{{n:int}}"]
python = "wantd_parity_test_jobs:fail"
executor = "inline"
[[job]]
name = "slow"
outputs = ["slow/{{n:int}}"]
command = ["sh", "-c", "exec sleep 600"]
"""

JOBS = """
def make(ctx):
    for ref, location in ctx.outputs:
        location.write_text(ref)

def fail(ctx):
    raise ValueError("it is bad")
"""


class House(NamedTuple):
    """A running daemon, whom everybody may ask in his own way."""

    folder: Path
    engine: Engine
    listener: Listener
    anna: Visitor
    """Somebody at the console."""

    @property
    def door(self) -> LocalDoor:
        """Who prepares what the others then do something with."""
        return LocalDoor(self.engine, "cli:before")

    async def wanted(self, ref: str) -> str:
        """A want for one ref, once everything that follows by itself has happened."""
        made = await self.door.create_want(Wish((ref,)))
        await self.settled()
        return made.id

    async def slow_run(self, want: str) -> str:
        """The JobRun of a want for something slow."""
        (run,) = await self.door.jobruns(JobRunFilter(want=want))
        return run.id

    async def settled(self) -> int:
        """Wait until nothing but what is slow goes on, and that is seen running; say where the log ends then."""
        while True:
            world = (await self.engine.board()).world
            moving = [
                run for run in await self.door.jobruns(JobRunFilter(states=MOVING)) if not _lasts(run.job, run.state)
            ]
            if not moving:
                return world.seq
            await asyncio.sleep(0.01)


MOVING: tuple[JobRunStateName, ...] = ("Buffering", "Queued", "Launching", "Running", "Canceling")


def _lasts(job: str, state: str) -> bool:
    return job == "slow" and state == "Running"


@asynccontextmanager
async def parity_house(folder: Path) -> AsyncGenerator[House]:
    """The daemon, with everything that listens; what still runs at the end is stopped."""
    port = free_port()
    (folder / "wantd.toml").write_text(CONFIG.format(port=port))
    (folder / "wantd_parity_test_jobs.py").write_text(JOBS)
    told = Application.load(folder / "wantd.toml")
    token = create_token(told.layout.tokens, "op", "operate")
    async with open_engine(told) as engine, serve(engine, pages=console_routes(told.config, told.layout)):
        anna = Visitor(Harbour(folder, told, engine, port))
        await anna.log_in("operate", "anna")
        house = House(folder, engine, Listener(told, engine, port, {"operate": token}), anna)
        yield house
        for run in await house.door.jobruns(JobRunFilter(states=("Running",))):
            await house.door.cancel_jobrun(run.id)
        await house.settled()
