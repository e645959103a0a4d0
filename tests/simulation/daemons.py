"""Daemons on the simulated machine: each is the real engine over simulated ports, and can be killed between any two
callbacks.

What is left of a killed daemon is unwound like any canceled task, but cut off: nothing it does gets out any more.
"""

import asyncio
from contextvars import copy_context

from bel.errors import AppendUnknown, EpochTooOld
from bel.memory import MemoryStore as Rows
from bel.stored import StoredLog
from orchestrator.daemon import Application, Engine, Ports, run_engine
from orchestrator.executors.base import StaleEpoch
from orchestrator.planning.board import Board
from orchestrator.runtime.codec import CODEC
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Timestamp
from tests.simulation.disks import LogDisk, PartitionDisk
from tests.simulation.faults import Faults
from tests.simulation.inline import InlineCalls
from tests.simulation.keeper import Keeper
from tests.simulation.link import Executors, Link
from tests.simulation.virtual import VirtualLoop, is_killed, is_stopped
from tests.simulation.witness import Witness

KNOWN_ENDS = (AppendUnknown, EpochTooOld, StaleEpoch, OSError)
"""What may end a daemon by itself: an append of unknown outcome, a newer daemon, a sync that was refused."""


BEGINNINGS_S = (1_700_000_000, 1_711_846_740, 1_729_990_740, 1_699_163_940)
"""Some moment, and a minute before clocks change: in Berlin on 31 March and 27 October 2024, in New York on 5 November
2023."""


class WallClock:
    """The clock of the machine: it goes with virtual time, and is set forward and back."""

    def __init__(self, loop: VirtualLoop, begins_s: int) -> None:
        self._loop = loop
        self._ahead_us = begins_s * SECOND_US

    def now(self) -> Timestamp:
        return Timestamp(self._ahead_us + round(self._loop.time() * SECOND_US))

    def elapsed(self) -> int:
        return round(self._loop.time() * SECOND_US)

    def jump(self, seconds: float) -> None:
        self._ahead_us += int(seconds * SECOND_US)


class Machine:
    """What outlives daemons."""

    def __init__(self, application: Application, faults: Faults, witness: Witness, loop: VirtualLoop) -> None:
        self.application = application
        self.faults = faults
        self.witness = witness
        self.loop = loop
        self.rows = Rows()
        self.clock = WallClock(loop, faults.dice.choice(BEGINNINGS_S))
        self.partitions: PartitionDisk
        self.keeper: Keeper


class Daemon:
    """One daemon, from its start to its end. ``engine`` is there while it answers."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._disk = LogDisk(machine.rows, machine.faults, machine.witness, self.kill)
        self._link: Link | None = None
        self._leave = asyncio.Event()
        self.engine: Engine | None = None
        self.killed = False
        self._stopped = False
        self.answers_since_s = 0.0
        self.context = copy_context()
        """Whatever is done by this process is done in it."""
        self.context.run(is_killed.set, lambda: self.killed)
        self.context.run(is_stopped.set, lambda: self._stopped)
        self.error: Exception | None = None
        self.task: asyncio.Task[None] = machine.loop.create_task(self._run(), context=self.context)

    @property
    def ended(self) -> bool:
        return self.killed or self.task.done()

    def kill(self) -> None:
        """As ``kill -9`` does."""
        self.go_on()
        self.killed, self.engine = True, None
        self._disk.unplugged = True
        if self._link is not None:
            self._link.sever()
        self.task.cancel()

    def leave(self) -> None:
        """Ask it to end in good order."""
        self._leave.set()

    def stop(self) -> None:
        """As SIGSTOP does: it does nothing and hears nothing until it goes on, and knows nothing of it then."""
        self._stopped = True

    def go_on(self) -> None:
        """As SIGCONT does."""
        self._stopped = False
        self.answers_since_s = self._machine.loop.time()
        self._machine.loop.go_on()

    @property
    def has_asked(self) -> bool:
        """Whether it has nothing on the way to the keeper."""
        return self._link is not None and self._link.idle

    @property
    def stopped(self) -> bool:
        return self._stopped

    def settled_board(self) -> Board | None:
        """Its board, if all it shows is committed at this moment."""
        loop = None if self.engine is None else self.engine._loop
        return loop.board if loop is not None and loop._settled.is_set() and not loop._broken else None

    def why_ended(self) -> str | None:
        """What ended it, if it should not have; None where it is well, or ended as daemons may."""
        known = self.error is None or isinstance(self.error, KNOWN_ENDS)
        return None if known or self.killed else repr(self.error)

    async def _run(self) -> None:
        try:
            await self._live()
        except Exception as error:  # noqa: BLE001 - whatever ends it is judged by who looks after it
            self.error = error

    async def _live(self) -> None:
        log = await StoredLog[AnyEvent].open(self._disk, CODEC)
        machine = self._machine
        try:
            self._link = Link(machine.keeper, await log.take_epoch(), machine.faults)
            ports = Ports(log, machine.partitions, Executors(self._link, self._inline_calls()), machine.clock)
            async with run_engine(machine.application, ports) as engine:
                self.engine = None if self.killed else engine
                self.answers_since_s = machine.loop.time()
                await self._leave.wait()
        finally:
            self.engine = None
            await log.close()

    def _inline_calls(self) -> InlineCalls:
        return InlineCalls(self._machine.faults, self._calls)

    def _calls(self, run: str) -> None:
        """An inline call is made. Nothing can keep a daemon that was thought dead from going on with it."""
        machine = self._machine
        if self._link is not None and self._link.is_newest:
            machine.witness.starts(run, [*machine.keeper.running, run])
        else:
            machine.faults.counted["a replaced daemon goes on with an inline call"] += 1
            machine.witness.starts_late(run)
