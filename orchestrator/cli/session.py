"""Which application a command is about, and through which door it is asked.

Where a daemon listens on the socket of the state directory, everything goes to it. Otherwise reads go to the log, and
``build`` and statements about data open the engine in this process: the same engine, the same events. What the doors
are made of is not known here; ``wantd.__main__`` brings it as ``Parts``.
"""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.speech import readable, talk

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from orchestrator.api.door import Door, Reading
    from orchestrator.api.ports import Application
    from orchestrator.runtime.layout import Layout

T = TypeVar("T")


class Parts(Protocol):
    """What is put together outside the command line. Each takes the path of a configuration."""

    def load(self, config: Path) -> Application:
        """Read everything that the configuration names. Raises ConfigError."""
        ...

    def reader(self, config: Path) -> AbstractAsyncContextManager[Door]:
        """Open a door that reads the log and takes no commands."""
        ...

    def engine(self, config: Path) -> AbstractAsyncContextManager[Door]:
        """Run the engine in this process for as long as the door is open. Raises LogLocked."""
        ...

    def daemon(self, config: Path) -> AbstractAsyncContextManager[Door]:
        """The same, listening on the socket of the state directory too."""
        ...


class Session:
    """One run of the command line."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.named: Path | None = None
        """What ``--config`` says."""
        self.known_state: Path | None = None
        """The state directory, as soon as it is known."""
        self.moment: str | None = None
        """What ``--at`` says."""

    def config_path(self) -> Path:
        """Find the configuration. Raises ConfigError."""
        from orchestrator.config import find_config

        return find_config(self.named, os.environ, Path.cwd())

    def layout(self) -> Layout:
        """Say where the state lies; reads the configuration, and nothing that it names."""
        from orchestrator.config import load_config
        from orchestrator.runtime.layout import Layout

        layout = Layout(load_config(self.config_path(), cpus=os.cpu_count() or 1).state.absolute())
        self.known_state = layout.state
        return layout

    def application(self) -> Application:
        """Read the configuration and everything that it names."""
        application = self.parts.load(self.config_path())
        self.known_state = application.layout.state
        return application

    def ask(self, question: Callable[[Door], Awaitable[T]]) -> T:
        """Ask the daemon, or the log where none runs. A question waits for nothing but its answer."""
        return self._put(question, self.parts.reader)

    def converse(self, conversation: Callable[[Door], Awaitable[T]]) -> T:
        """Ask the daemon, or the log where none runs, again and again, with an event loop to wait in between."""
        return _run(self.door(), conversation)

    def read(self, question: Callable[[Reading], Awaitable[T]]) -> T:
        """Ask about the present, or about the moment that ``--at`` names, and say which that is."""

        async def asked(door: Door) -> T:
            if self.moment is None:
                return await question(door)
            past = await door.at(self.moment)
            talk(readable(f"as of entry {past.moment.at_seq}, {past.moment.at_time or 'before anything happened'}"))
            return await question(past)

        return self.ask(asked)

    def state(self, statement: Callable[[Door], Awaitable[T]]) -> T:
        """Say something about data, to the daemon or, where none runs, to an engine that is open only for that."""
        return self._put(statement, self._engine())

    def door(self) -> AbstractAsyncContextManager[Door]:
        """Open the door of the daemon, or one that reads the log."""
        return self._door_or(self.parts.reader)

    def working_door(self) -> AbstractAsyncContextManager[Door]:
        """Open the door of the daemon, or an engine in this process. Raises LogLocked."""
        return self._door_or(self._engine())

    def _engine(self) -> Callable[[Path], AbstractAsyncContextManager[Door]]:
        if sys.flags.optimize:
            raise CliError(Exit.USAGE, "the engine does not run without assertions", "drop -O and PYTHONOPTIMIZE")
        return self.parts.engine

    def _put(
        self, question: Callable[[Door], Awaitable[T]], other: Callable[[Path], AbstractAsyncContextManager[Door]]
    ) -> T:
        """Ask the daemon, without an event loop, whose import alone would double the time of a command."""
        socket = self.layout().socket
        if not socket.exists():
            return _run(other(self.config_path()), question)
        from orchestrator.api.client import HttpDoor
        from orchestrator.api.door import DoorError
        from orchestrator.api.wire import BlockingWire, answered

        try:
            return answered(question(HttpDoor(BlockingWire(socket))))
        except DoorError as error:
            if error.code != "no_daemon":
                raise
        return _run(other(self.config_path()), question)

    @asynccontextmanager
    async def _door_or(self, other: Callable[[Path], AbstractAsyncContextManager[Door]]) -> AsyncGenerator[Door]:
        daemon = await self.running_daemon()
        if daemon is None:
            async with other(self.config_path()) as door:
                yield door
            return
        try:
            yield daemon
        finally:
            await daemon.close()

    async def running_daemon(self) -> Door | None:
        """Give the door of the daemon of this state directory, None where none runs."""
        socket = self.layout().socket
        if not socket.exists():
            return None
        from orchestrator.api.client import HttpDoor
        from orchestrator.api.door import DoorError

        door = HttpDoor(socket)
        try:
            await door.status()
        except DoorError as error:
            await door.close()
            if error.exit_code == Exit.UNREACHABLE:
                return None
            raise
        return door


def _run(opening: AbstractAsyncContextManager[Door], question: Callable[[Door], Awaitable[T]]) -> T:
    import asyncio

    async def asked() -> T:
        async with opening as door:
            return await question(door)

    return asyncio.run(asked())


def not_without_daemon(what: str) -> CliError:
    """Make the error of a command that only a daemon can carry out."""
    return CliError(Exit.UNREACHABLE, f"{what} needs a daemon, and none runs", "start one with: wantd serve")
