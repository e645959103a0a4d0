"""The composition root: the only place where the real parts are put together.

``open_engine`` takes the lock, opens the log, reads the world back, takes over from the last daemon, and hands out a
running engine; whatever happens, everything is closed again. The daemon and a ``build`` without one use the same
engine.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from bel.entry import Snapshot
from bel.lock import Holder, take_lock
from bel.log import Log
from bel.open import open_log
from orchestrator.catalog import Catalog, build_catalog
from orchestrator.catalog.fingerprint import fingerprint
from orchestrator.commands import Answer, AnyCommand
from orchestrator.config import Config, load_config
from orchestrator.effects import Owed, owed_by
from orchestrator.executors.base import StopRun
from orchestrator.executors.local import LocalExecutor
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.clock import Clock, SystemClock
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.collecting import Collector
from orchestrator.runtime.inline import InlineJobs
from orchestrator.runtime.launching import Launcher
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.loop import Loop
from orchestrator.runtime.mailbox import Mailbox
from orchestrator.runtime.recovery import examine
from orchestrator.runtime.runner import Runner
from orchestrator.runtime.snapshots import ENTRIES_BETWEEN, load_world, save_world
from orchestrator.store import DiskStore
from statemachines.events import AnyEvent
from statemachines.ids import Ids


class Application(msgspec.Struct, frozen=True):
    """An application as its configuration describes it: who makes what, and where its state lies."""

    config: Config
    catalog: Catalog
    layout: Layout

    @classmethod
    def load(cls, config_path: Path) -> "Application":
        """Read the configuration and everything it names. Raises ConfigError."""
        config = load_config(config_path, cpus=os.cpu_count() or 1)
        folder = config_path.absolute().parent
        fingerprints = {job.name: fingerprint(job, folder) for job in config.jobs}
        layout = Layout((folder / config.application.state).absolute())
        return cls(config, build_catalog(config, folder, fingerprints), layout)


class Engine:
    """A running engine: takes commands, shows its board, keeps its log."""

    def __init__(self, application: Application, log: Log[AnyEvent], store: DiskStore, loop: Loop) -> None:
        self.application = application
        self.log = log
        self.store = store
        self._loop = loop

    async def submit(self, command: AnyCommand) -> Answer:
        """Hand in a command and wait until its answer is durable."""
        return await self._loop.submit(command)

    async def board(self) -> Board:
        """The board, showing committed state only. Look at it before the next await."""
        return await self._loop.settled()

    async def snapshot(self) -> Snapshot:
        """Keep a snapshot of the world as it is committed now."""
        return await save_world(self.log, (await self.board()).world)

    @property
    def read_only(self) -> str | None:
        """Why nothing can be written at the moment, or None."""
        return None if self._loop.full is None else str(self._loop.full)


@asynccontextmanager
async def open_engine(application: Application, clock: Clock | None = None) -> AsyncGenerator[Engine]:
    """Run the engine of an application's state directory for as long as the context is open.

    Raises LogLocked if another daemon has it, and whatever ends the engine: AppendUnknown, EpochTooOld, ExecutorError.
    """
    clock = clock or SystemClock()
    layout, catalog = application.layout, application.catalog
    layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        lock = await take_lock(layout.state, Holder.this_process(clock.now()))
        stack.callback(lock.release)
        log = await open_log(layout.log, CODEC)
        stack.push_async_callback(log.close)
        epoch = await log.take_epoch()
        lock.note_epoch(epoch)
        store = DiskStore(layout.store)
        runner, executor = _runner(application, store, epoch)
        stack.push_async_callback(executor.close)
        stack.push_async_callback(runner.close)
        loop = _loop(catalog, log, runner, clock, epoch)
        await _take_over(catalog, log, loop, runner, executor)
        async with _turning(loop, runner):
            yield Engine(application, log, store, loop)
        await _leave_snapshot(log, loop)


async def _leave_snapshot(log: Log[AnyEvent], loop: Loop) -> None:
    """Make the next start fast, where enough has happened since the last snapshot."""
    taken = await log.snapshots()
    last = taken[-1].seq if taken else 0
    if log.head.seq - last >= ENTRIES_BETWEEN:
        await save_world(log, loop.board.world)


def _runner(application: Application, store: DiskStore, epoch: int) -> tuple[Runner, LocalExecutor]:
    layout, catalog = application.layout, application.catalog
    executor = LocalExecutor(layout.keepers, epoch)
    inline = InlineJobs(catalog.folder)
    launcher = Launcher(layout, store, os.environ, inline)
    return Runner(catalog, store, executor, launcher, Collector(layout, store, inline)), executor


def _loop(catalog: Catalog, log: Log[AnyEvent], runner: Runner, clock: Clock, epoch: int) -> Loop:
    mailbox = Mailbox()

    async def restore() -> Board:
        board = Board(await load_world(log), Recipes(catalog))
        board.load()
        return board

    loop = Loop(log, restore, runner, clock, Ids(f"{epoch}{secrets.token_hex(2)}"), mailbox)
    runner.attach(mailbox.tell, lambda: loop.board.world)
    return loop


async def _take_over(catalog: Catalog, log: Log[AnyEvent], loop: Loop, runner: Runner, executor: LocalExecutor) -> None:
    """Read the world back and go on where the last daemon ended."""
    world = await load_world(log)
    board = Board(world, Recipes(catalog))
    board.load()
    loop.open(board)
    survey = await executor.open(runner.see)
    found = examine(world, survey, catalog)
    executor.settled(found.settled)
    executor.stop([StopRun(run) for run in found.strangers])
    runner.collect(found.ended)
    owed = owed_by(world, found.owing)
    runner.act(Owed(owed.starts, owed.stops), world)


@asynccontextmanager
async def _turning(loop: Loop, runner: Runner) -> AsyncGenerator[None]:
    """Run the loop beside the body; whatever ends the loop ends the body."""
    body = asyncio.current_task()
    assert body is not None, "a context is entered by a task"
    turning = asyncio.ensure_future(loop.run())
    ended: list[BaseException] = []

    def end(done: "asyncio.Future[None]") -> None:
        if not done.cancelled() and done.exception() is not None:
            ended.append(done.exception() or AssertionError())
            body.cancel()

    turning.add_done_callback(end)
    runner.failure.add_done_callback(end)
    try:
        yield
    except asyncio.CancelledError:
        if not ended:
            raise
        raise ended[0] from None
    finally:
        loop.stop()
        await asyncio.gather(turning, return_exceptions=True)
