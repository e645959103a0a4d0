"""``wantd`` and ``python -m wantd``: where the command line meets the engine.

The command line knows doors only, and the composition root knows no commands; here the one is given the other.
"""

import gc
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.main import run

if TYPE_CHECKING:
    from orchestrator.api.door import Door
    from orchestrator.daemon import Application


class Parts:
    """What the command line needs of the composition root. Everything is imported when it is used."""

    def load(self, config: Path) -> "Application":
        from orchestrator.daemon import Application

        return Application.load(config)

    @asynccontextmanager
    async def reader(self, config: Path) -> "AsyncGenerator[Door]":
        from orchestrator.api.reading import open_reading_door

        door = await open_reading_door(self.load(config))
        try:
            yield door
        finally:
            await door.close()

    @asynccontextmanager
    async def engine(self, config: Path) -> "AsyncGenerator[Door]":
        from orchestrator.api.local import LocalDoor
        from orchestrator.daemon import open_engine

        _keep_private()
        async with open_engine(self.load(config)) as engine:
            yield LocalDoor(engine, _actor())

    @asynccontextmanager
    async def daemon(self, config: Path) -> "AsyncGenerator[Door]":
        from orchestrator.api.local import LocalDoor
        from orchestrator.api.server import serve
        from orchestrator.console.routes import console_routes
        from orchestrator.daemon import open_engine
        from orchestrator.exporters import Metrics
        from orchestrator.outward.outlets import telling

        _keep_private()
        application = self.load(config)
        metrics = Metrics(application.layout)
        async with (
            metrics.watching_lag(),
            open_engine(application, meter=metrics.meter) as engine,
            telling(engine) as told,
            serve(engine, metrics, console_routes(application.config, application.layout)),
        ):
            metrics.outlets = told.facts
            try:
                yield LocalDoor(engine, _actor())
            finally:
                engine.drain()  # before the server goes: nothing is started while open requests end


def _keep_private() -> None:
    """What a process with an engine writes is for its owner only, and its memory is never dumped."""
    import os
    import resource

    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _actor() -> str:
    """Who asks, where no socket tells."""
    import os
    import pwd

    user = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"cli:{user}"


NEW_OBJECTS = 50_000
"""How many objects are made before Python looks for garbage: modules, of which a start is full, make many and none."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(NEW_OBJECTS)
    sys.exit(run(sys.argv[1:], Parts()))


if __name__ == "__main__":
    main()
