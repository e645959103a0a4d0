"""An engine over parts that tests control: a log that fails, hangs or dies when told to, runs that end as scripted, a
clock that is moved by hand.

A ``Rig`` is what survives a crash: the rows of the log, the executor, the store, the time. A ``Life`` is one daemon on
it. Nothing here sleeps: whoever waits, waits for the next thing to happen.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec

from bel.entry import Entry, Head
from bel.memory import MemoryStore as Rows
from bel.stored import StoredLog
from orchestrator.catalog import build_catalog
from orchestrator.commands import Accepted, Answer, AnyCommand, CreateWant
from orchestrator.config import read_config
from orchestrator.daemon import Application, Engine, Ports, run_engine
from orchestrator.executors.base import Fact, KeptStart, Sink, StartRun, StopRun, Survey
from orchestrator.executors.scripted import ScriptedExecutor
from orchestrator.observations import AnyObservation, Exit
from orchestrator.planning.board import Board
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.runner import Runner
from orchestrator.runtime.snapshots import load_world
from orchestrator.runtime.told import Told
from orchestrator.store import MemoryStore, PartitionStore
from statemachines import laws
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Timestamp, WantId
from statemachines.partition import Live
from statemachines.refs import Ref
from statemachines.world import World

PATIENCE_S = 20.0
GOOD = Exit(kind="exit")
BAD = Exit(kind="exit", code=1)

Batch = Sequence[Entry[AnyEvent]]


class Died(Exception):
    """The daemon was killed."""


class Pulse:
    """Counts what happens, and lets others wait for more."""

    def __init__(self) -> None:
        self.count = 0
        self._moved = asyncio.Event()

    def beat(self) -> None:
        self.count += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def beyond(self, count: int) -> None:
        while self.count <= count:
            await self._moved.wait()


class HandClock:
    """A clock that only tests move: ``at`` is the time that has passed, by which the wall clock goes too."""

    def __init__(self) -> None:
        self.at = 1_000 * SECOND_US
        self._set_by = 1_700_000_000 * SECOND_US

    def now(self) -> Timestamp:
        return Timestamp(self.at + self._set_by)

    def elapsed(self) -> int:
        return self.at

    def set(self, by_s: float) -> None:
        """Set the wall clock forward, or back, by so many seconds."""
        self._set_by += int(by_s * SECOND_US)


class ToldLog(StoredLog[AnyEvent]):
    """A log that does what it is told: ``troubles`` are raised one an append, ``gate`` holds appends until it is set.

    With ``dies_at`` the daemon dies in that append of its life, before or after the batch was written.
    """

    pulse: Pulse
    on_death: Callable[[], None]
    dies_at: int | None = None
    dies_written: bool = False
    written_all_the_same: bool = False
    gate: asyncio.Event | None = None
    meanwhile: Callable[[], None] | None = None

    def prepare(self, pulse: Pulse, on_death: Callable[[], None]) -> None:
        self.pulse = pulse
        self.on_death = on_death
        self.asked: list[Batch] = []
        self.troubles: deque[Exception] = deque()
        self.full: Exception | None = None

    def let_go(self) -> None:
        """Hold appends no longer."""
        if self.gate is not None:
            self.gate.set()

    async def append(self, entries: Batch, *, epoch: int) -> Head:
        self.asked.append(entries)
        self.pulse.beat()
        if self.gate is not None:
            await self.gate.wait()
        if self.meanwhile is not None:
            self.meanwhile()
        try:
            return await self._obey(entries, epoch)
        finally:
            self.pulse.beat()

    async def _obey(self, entries: Batch, epoch: int) -> Head:
        dying = len(self.asked) == self.dies_at
        if dying and not self.dies_written:
            self.on_death()
            raise Died
        if self.full is not None:
            raise self.full
        if self.troubles and not self.written_all_the_same:
            raise self.troubles.popleft()
        head = await super().append(entries, epoch=epoch)
        if self.troubles:
            raise self.troubles.popleft()
        if dying:
            self.on_death()
            raise Died
        return head


class Connection:
    """The executor as one daemon has it: after its death nothing gets through any more."""

    def __init__(self, executor: ScriptedExecutor, pulse: Pulse) -> None:
        self._executor = executor
        self._pulse = pulse
        self.dead = False
        self.sink: Sink
        self.settled_runs: list[str] = []
        self.while_closing: list[Fact] = []

    async def open(self, sink: Sink) -> Survey:
        self.sink = sink
        return await self._executor.open(sink)

    def start(self, runs: Sequence[StartRun]) -> None:
        if not self.dead:
            self._executor.start(runs)
            self._pulse.beat()

    def stop(self, runs: Sequence[StopRun]) -> None:
        if not self.dead:
            self._executor.stop(runs)
            self._pulse.beat()

    def ahead(self) -> Mapping[str, int]:
        return self._executor.ahead()

    def settled(self, runs: Sequence[str]) -> None:
        if not self.dead:
            self._executor.settled(runs)
            self.settled_runs += runs
            self._pulse.beat()

    async def close(self) -> None:
        self.sink(self.while_closing)
        for _ in range(5):
            await asyncio.sleep(0)
        await self._executor.close()


class Rig:
    """What outlives daemons."""

    def __init__(self, folder: Path, toml: str, store: PartitionStore | None = None) -> None:
        folder.mkdir(exist_ok=True)
        config = read_config(folder / "wantd.toml", toml, cpus=2)
        catalog = build_catalog(config, folder, {job.name: job.name for job in config.jobs})
        self.application = Application(config, catalog, Layout(folder / "state"))
        self.folder = folder
        self.rows = Rows()
        self.executor = ScriptedExecutor()
        self.memory = MemoryStore()
        self.store = store or self.memory
        self.clock = HandClock()
        self._said: dict[str, bytes] = {}

    @asynccontextmanager
    async def life(self, *, dies_at: int | None = None, written: bool = False) -> "AsyncGenerator[Life]":
        """Start a daemon, which may die in one of its appends."""
        pulse = Pulse()
        connection = Connection(self.executor, pulse)
        log = await ToldLog.open(self.rows, CODEC)
        log.prepare(pulse, lambda: setattr(connection, "dead", True))
        log.dies_at, log.dies_written = dies_at, written
        await log.take_epoch()
        async with run_engine(self.application, Ports(log, self.store, connection, self.clock)) as engine:
            try:
                yield Life(self, engine, log, connection, pulse)
            finally:
                log.let_go()

    @asynccontextmanager
    async def ended_by(
        self, ending: type[BaseException], *, dies_at: int | None = None, written: bool = False
    ) -> "AsyncGenerator[Life]":
        """Start a daemon that has to end in this way."""
        try:
            async with self.life(dies_at=dies_at, written=written) as life:
                yield life
        except ending:
            return
        raise AssertionError(f"it did not end by {ending.__name__}")

    def told(self, run: str) -> Told:
        """What a run was told."""
        start = next(start for start in self.executor.starts if start.run == run)
        assert isinstance(start, KeptStart)
        return msgspec.json.decode(start.context, type=Told)

    def write_outputs(self, run: str) -> None:
        """Do a job's work: what it makes follows from what it was given."""
        told = self.told(run)
        self.store.prepare(Path(output.location) for output in told.outputs)
        for output in told.outputs:
            read = sorted(f"{given.ref}={given.digest}" for given in told.inputs)
            content = msgspec.json.encode([output.ref, read])
            if self.store is self.memory:
                self.memory.write(Path(output.location), content)
            else:
                Path(output.location).write_bytes(content)

    def say(self, run: str, *lines: Mapping[str, object]) -> None:
        """Append to a run's report, which comes with its end."""
        self._said[run] = self._said.get(run, b"") + b"".join(msgspec.json.encode(line) + b"\n" for line in lines)

    def end(self, run: str, how: Exit = GOOD) -> None:
        """Let a run end; a good end leaves its outputs."""
        if how == GOOD:
            self.write_outputs(run)
        self.executor.end(run, msgspec.structs.replace(how, said=self._said.get(run, how.said)))

    def refs_of(self, run: str) -> list[str]:
        return [output.ref for output in self.told(run).outputs]

    def run_of(self, ref: str) -> str:
        """The newest run that was started to make a ref."""
        return next(start.run for start in reversed(self.executor.starts) if ref in self.refs_of(start.run))

    async def world(self) -> World:
        """What the log alone says."""
        return await load_world(await StoredLog[AnyEvent].open(self.rows, CODEC))

    async def check(self) -> World:
        """Hold the log to the laws."""
        world = await self.world()
        assert list(laws.check(world)) == []
        return world


class Life:
    """One daemon."""

    def __init__(self, rig: Rig, engine: Engine, log: ToldLog, executor: Connection, pulse: Pulse) -> None:
        self.rig = rig
        self.engine = engine
        self.log = log
        self.executor = executor
        self.pulse = pulse

    async def until(self, holds: Callable[[Board], bool]) -> None:
        """Wait until something holds of what is committed."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                seen = self.pulse.count
                if holds(await self.engine.board()):
                    return
                await self.pulse.beyond(seen)

    async def happens(self, what: Callable[[], bool]) -> None:
        """Wait until something has happened outside; the turn may be under way."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                seen = self.pulse.count
                if what():
                    return
                await self.pulse.beyond(seen)

    async def started(self, number: int) -> None:
        """Wait until so many runs were ever started on this rig."""
        await self.happens(lambda: len(self.rig.executor.starts) >= number)

    async def submit(self, command: AnyCommand) -> Answer:
        async with asyncio.timeout(PATIENCE_S):
            return await self.engine.submit(command)

    def ask(self, command: AnyCommand) -> "asyncio.Future[Answer]":
        """Put a command into the mailbox at once."""
        return self.engine._loop._mailbox.ask(command)

    async def want(self, *refs: str, **more: object) -> WantId:
        """Create a want that must be accepted."""
        answer = await self.submit(CreateWant("test", refs, **more))  # type: ignore[arg-type]  # keywords of CreateWant
        assert isinstance(answer, Accepted), answer
        return WantId(answer.entity)

    def tell(self, observation: AnyObservation) -> None:
        """Put an observation into the mailbox, as the runner does."""
        self.engine._loop._mailbox.tell(observation)

    @property
    def runner(self) -> Runner:
        """Whoever does what is owed."""
        return cast("Runner", self.engine._loop._effects)

    def wake(self) -> None:
        self.engine._loop._mailbox.wake()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.rig.clock.at += int(seconds * SECOND_US)
        self.wake()

    def die(self) -> None:
        """End as if killed: what is owed from now on does not get through."""
        self.executor.dead = True
        raise Died

    async def turn(self) -> None:
        """Let at least one whole turn pass: a command that is refused needs one."""
        await self.submit(CreateWant("test", ()))

    async def play(self, script: Callable[[str], None] | None = None) -> None:
        """End what runs, and let time pass where nothing does, until no want is open."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                seen = self.pulse.count
                board = await self.engine.board()
                if not board.world.opened:
                    return
                running = self.rig.executor.running
                for run in running:
                    (script or self.rig.end)(run)
                if not self.rig.executor.deliver() and not running and not _acting(board):
                    await self._pass_time(board)
                await self.pulse.beyond(seen)

    async def _pass_time(self, board: Board) -> None:
        at = board.timers.next_at
        if at is not None:
            self.rig.clock.at += max(0, at - self.rig.clock.now())
        self.wake()
        await self.turn()
        self.pulse.beat()

    async def live(self) -> dict[Ref, str]:
        return live_in((await self.engine.board()).world)

    async def state(self, entity: str) -> str:
        world = (await self.engine.board()).world
        states = cast("Mapping[str, object]", {**world.wants, **world.runs, **world.partitions})
        return type(states[entity]).__name__


def _acting(board: Board) -> bool:
    """Whether something is on its way to the executor or back."""
    return any(type(board.world.runs[run]).__name__ in {"Launching", "Running"} for run in board.world.open_runs)


def live_in(world: World) -> dict[Ref, str]:
    """The refs that are Live, and the digest of each."""
    held = ((ref, world.partitions[one]) for ref, one in world.holdings("local").canonical.items())
    return {ref: state.content.digest for ref, state in held if isinstance(state, Live)}
