"""The disks of the simulated machine: one for the log, one for partitions. They outlive every daemon, and fail."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from bel.entry import Head, Snapshot, SnapshotFacts
from bel.errors import AppendUnknown, LogFull
from bel.memory import MemoryStore as Rows
from bel.row import Row
from orchestrator.store import Absent, BadOutput, MemoryStore, Sealed
from statemachines.refs import Ref
from tests.simulation.faults import Faults
from tests.simulation.virtual import Killed
from tests.simulation.witness import Witness

FULL_FOR_S = 5.0


class Unplugged(AppendUnknown, Killed):
    """Who was killed reaches the log no more."""


class LogDisk:
    """The rows as one daemon reaches them: slowly, with faults, and not at all once it was killed."""

    path = Path("bel")

    def __init__(self, rows: Rows, faults: Faults, witness: Witness, kill: Callable[[], None]) -> None:
        self._rows = rows
        self._faults = faults
        self._witness = witness
        self._kill = kill
        self._full_until = 0.0
        self.unplugged = False

    async def write(self, rows: list[Row], before: Head, after: Head) -> None:
        """One transaction: it lands at one moment in between, or not at all."""
        await self._takes_time()
        self._check_room()
        if self._faults.strike("killed in an append, before it is written"):
            self._kill()
        if self._faults.strike("an append is lost, its outcome unknown"):
            raise AppendUnknown("the disk says so, and lost it")
        self._check_plugged()
        await self._rows.write(rows, before, after)
        self._witness.landed(rows)
        if self._faults.strike("killed in an append, after it is written"):
            self._kill()
        if self._faults.strike("an append is written, its outcome unknown"):
            raise AppendUnknown("the disk says so, and wrote it")
        await self._takes_time()

    def _check_room(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._faults.strike("the log is full"):
            self._full_until = now + FULL_FOR_S * self._faults.dice.random()
        if now < self._full_until and not self._faults.stopped:
            raise LogFull(self.path, "the disk says so")

    async def _takes_time(self) -> None:
        await asyncio.sleep(self._faults.delay())
        self._check_plugged()

    def _check_plugged(self) -> None:
        if self.unplugged:
            raise Unplugged("whoever wrote was killed")

    async def head(self) -> Head:
        await self._takes_time()
        return await self._rows.head()

    async def rows(self, after: int, upto: int, limit: int) -> list[Row]:
        await self._takes_time()
        return await self._rows.rows(after, upto, limit)

    async def raise_epoch(self) -> Head:
        await self._takes_time()
        return await self._rows.raise_epoch()

    async def save_snapshot(self, snapshot: Snapshot, seal: bytes) -> None:
        await self._takes_time()
        self._witness.keeps(snapshot)
        await self._rows.save_snapshot(snapshot, seal)

    async def drop_snapshot(self, seq: int) -> None:
        await self._rows.drop_snapshot(seq)

    async def snapshots(self) -> list[SnapshotFacts]:
        await self._takes_time()
        return await self._rows.snapshots()

    async def load_snapshot(self, seq: int) -> tuple[Snapshot, bytes] | None:
        return await self._rows.load_snapshot(seq)

    async def ailments(self) -> list[str]:
        return []

    async def close(self) -> None:
        """The rows stay."""


class PartitionDisk(MemoryStore):
    """The bytes of partitions."""

    faults: Faults
    witness: Witness

    def prepare(self, locations: Iterable[Path]) -> None:
        self._may_refuse("a folder cannot be made")
        super().prepare(locations)

    def seal(self, location: Path) -> Sealed | Absent | BadOutput:
        self._may_refuse("an output cannot be read")
        return super().seal(location)

    def sync(self) -> None:
        self._may_refuse("a sync is refused")
        super().sync()

    def publish(self, environment: str, ref: Ref, location: Path) -> None:
        self.witness.links(ref, location)
        self._may_refuse("a link cannot be drawn")
        super().publish(environment, ref, location)

    def remove(self, location: Path) -> None:
        self.witness.removes(location)
        self._may_refuse("a removal is refused")
        super().remove(location)

    def _may_refuse(self, fault: str) -> None:
        if self.faults.strike(fault):
            raise OSError(fault)
