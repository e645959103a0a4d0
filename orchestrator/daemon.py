"""The composition root: the only place where the real parts are put together.

``open_engine`` takes the lock, opens the log and hands out a running engine over the real ports; ``run_engine`` runs
one over any: it reads the world back, takes over from the last daemon, and lets the loop turn. Whatever happens,
everything is closed again. The daemon and a ``build`` without one use the same engine.
"""

import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from bel.entry import Snapshot
from bel.errors import LogFull
from bel.lock import Holder, take_lock
from bel.log import Log
from bel.open import open_log
from orchestrator.api.refusals import refusal
from orchestrator.catalog import Catalog, build_catalog
from orchestrator.catalog.fingerprint import fingerprint
from orchestrator.commands import Answer, AnyCommand
from orchestrator.config import Config, load_config
from orchestrator.executors.base import Executor
from orchestrator.executors.local import LocalExecutor
from orchestrator.history.fork import is_fork
from orchestrator.history.past import Past
from orchestrator.planning.board import Board
from orchestrator.planning.clock_changes import ClockChanges
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.clock import Clock, SystemClock
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.collecting import Collector
from orchestrator.runtime.garbage import give_back_large_blocks, rare_collections, spared
from orchestrator.runtime.inline import InlineJobs
from orchestrator.runtime.launching import Launcher
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.loop import Loop
from orchestrator.runtime.mailbox import Mailbox
from orchestrator.runtime.meter import UNMETERED, Meter
from orchestrator.runtime.recovery import examine
from orchestrator.runtime.room import Room
from orchestrator.runtime.runner import Runner
from orchestrator.runtime.snapshots import Snapshots
from orchestrator.runtime.turning import turning
from orchestrator.sql.process import Queries
from orchestrator.store import DiskStore, PartitionStore
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Ids
from statemachines.world import World


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


class Ports(NamedTuple):
    """The parts through which an engine touches the world outside."""

    log: Log[AnyEvent]
    """Its epoch has been taken for this engine."""
    store: PartitionStore
    executor: Executor
    clock: Clock
    meter: Meter = UNMETERED


class Engine:
    """A running engine: takes commands, shows its board, keeps its log."""

    def __init__(self, application: Application, ports: Ports, loop: Loop, snapshots: Snapshots) -> None:
        self.application = application
        self.log = ports.log
        self.store = ports.store
        self.past = Past(application.layout.log, application.catalog)
        self.queries = Queries(application.config, application.catalog, application.layout)
        self._loop = loop
        self._snapshots = snapshots

    async def submit(self, command: AnyCommand) -> Answer:
        """Hand in a command and wait until its answer is durable."""
        return await self._loop.submit(command)

    async def board(self) -> Board:
        """The board, showing committed state only. Look at it before the next await."""
        return await self._loop.settled()

    async def snapshot(self) -> Snapshot:
        """Keep a snapshot of the world as it is committed now."""
        return await self._snapshots.save((await self.board()).world)

    def drain(self) -> None:
        """End after the turn that is under way: take no more commands, start nothing more. Reads go on."""
        self._loop.stop()
        self.queries.end()

    @property
    def is_draining(self) -> bool:
        return self._loop.stopping

    @property
    def read_only(self) -> str | None:
        """Why nothing can be written at the moment, or None."""
        return self._loop.read_only


@asynccontextmanager
async def open_engine(
    application: Application, clock: Clock | None = None, meter: Meter = UNMETERED
) -> AsyncGenerator[Engine]:
    """Run the engine of an application's state directory for as long as the context is open.

    Raises LogLocked if another daemon has it, DoorError for the directory of a fork, and whatever ends the engine:
    AppendUnknown, EpochTooOld, ExecutorError.
    """
    clock = clock or SystemClock()
    layout = application.layout
    if is_fork(layout):
        why = f"{layout.state} belongs to a fork, in which nothing is ever started"
        raise refusal("not_allowed", why, "play it: wantd bel compare")
    layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        give_back_large_blocks()
        stack.enter_context(rare_collections())
        lock = await take_lock(layout.state, Holder.this_process(clock.now()))
        stack.callback(lock.release)
        log = await open_log(layout.log, CODEC)
        stack.push_async_callback(log.close)
        epoch = await log.take_epoch()
        lock.note_epoch(epoch)
        ports = Ports(log, DiskStore(layout.store), LocalExecutor(layout.keepers, epoch), clock, meter)
        engine = await stack.enter_async_context(run_engine(application, ports))
        stack.enter_context(spared())
        yield engine


@asynccontextmanager
async def run_engine(application: Application, ports: Ports) -> AsyncGenerator[Engine]:
    """Run an engine over these ports for as long as the context is open; closes the executor, not the log."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(ports.executor.close)
        runner = _runner(application, ports)
        stack.push_async_callback(runner.close)
        snapshots = Snapshots(ports.log, ports.meter)
        loop = _loop(application.catalog, ports, runner, snapshots)
        await _take_over(application.catalog, ports, loop, runner)
        async with turning(loop, runner), snapshots.being_made(lambda: _world(loop)):
            engine = Engine(application, ports, loop, snapshots)
            stack.push_async_callback(engine.past.close)
            stack.callback(engine.queries.end)
            yield engine
        with suppress(LogFull):
            if await snapshots.are_due(loop.board.world):
                await snapshots.save(loop.board.world)


async def _world(loop: Loop) -> World:
    return (await loop.settled()).world


def _runner(application: Application, ports: Ports) -> Runner:
    layout, catalog = application.layout, application.catalog
    inline = InlineJobs(catalog.folder, ports.store.prepare)
    launcher = Launcher(layout, ports.store, os.environ, inline)
    collector = Collector(ports.store, inline)
    return Runner(catalog, ports.store, ports.executor, launcher, collector, Room(layout.state, layout.store))


def _loop(catalog: Catalog, ports: Ports, runner: Runner, snapshots: Snapshots) -> Loop:
    mailbox = Mailbox()
    ids = Ids(f"{ports.log.head.epoch}{secrets.token_hex(2)}")
    clock_changes = ClockChanges(ports.clock.now(), ports.log.head.seq)

    async def restore() -> Board:
        began = ports.clock.elapsed()
        board = Board(await snapshots.load(), Recipes(catalog), clock_changes)
        board.load()
        ports.meter.restored((ports.clock.elapsed() - began) / SECOND_US)
        return board

    loop = Loop(ports.log, restore, runner, ports.clock, ids, mailbox)
    loop.meter = ports.meter
    runner.attach(mailbox.tell, lambda: loop.board.world)
    return loop


async def _take_over(catalog: Catalog, ports: Ports, loop: Loop, runner: Runner) -> None:
    """Read the world back and go on where the last daemon ended."""
    loop.open(await loop.restore())
    survey = await ports.executor.open(runner.see)
    runner.resume(examine(loop.board.world, survey, catalog))
