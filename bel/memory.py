"""A store in memory: for tests, for simulation, and for looking at a log that came from elsewhere.

It keeps every rule of the port except that nothing survives the process. Source: design section 5 (ports).
"""

from pathlib import Path

import msgspec

from bel.chain import GENESIS
from bel.entry import Head, Snapshot, SnapshotFacts
from bel.errors import DuplicateEvent
from bel.row import EVENT_ID, SEQ, Row
from bel.store import refusal


class MemoryStore:
    """Rows in a list. Two logs may be opened over one store, as two processes may open one file."""

    def __init__(self) -> None:
        """Begin empty."""
        self._head = Head(seq=0, batch=0, hash=GENESIS, epoch=0)
        self._rows: list[Row] = []
        self._seq_of: dict[str, int] = {}
        self._snapshots: dict[int, tuple[Snapshot, bytes]] = {}

    @property
    def path(self) -> Path:
        """A name for messages."""
        return Path(":memory:")

    async def head(self) -> Head:
        """Give the head."""
        return self._head

    async def rows(self, after: int, upto: int, limit: int) -> list[Row]:
        """Give at most ``limit`` rows with after < seq <= upto."""
        return self._rows[after : min(upto, after + limit)]

    async def write(self, rows: list[Row], before: Head, after: Head) -> None:
        """Write a batch and move the head."""
        found = self._head
        if (found.seq, found.hash, found.epoch) != (before.seq, before.hash, after.epoch):
            raise refusal(rows, found, after)
        fresh: dict[str, int] = {}
        for row in rows:
            event_id = row[EVENT_ID]
            if (taken := self._seq_of.get(event_id) or fresh.get(event_id)) is not None:
                raise DuplicateEvent(event_id, taken)
            fresh[event_id] = row[SEQ]
        self._seq_of |= fresh
        self._rows += rows
        self._head = after

    async def raise_epoch(self) -> Head:
        """Make the epoch one higher."""
        self._head = msgspec.structs.replace(self._head, epoch=self._head.epoch + 1)
        return self._head

    async def save_snapshot(self, snapshot: Snapshot, seal: bytes) -> None:
        """Keep a snapshot."""
        self._snapshots[snapshot.seq] = (snapshot, seal)

    async def drop_snapshot(self, seq: int) -> None:
        """Forget a snapshot."""
        self._snapshots.pop(seq, None)

    async def snapshots(self) -> list[SnapshotFacts]:
        """List the snapshots, oldest first."""
        kept = sorted(self._snapshots.items())
        return [SnapshotFacts(seq, one.digest, len(one.body)) for seq, (one, _) in kept]

    async def load_snapshot(self, seq: int) -> tuple[Snapshot, bytes] | None:
        """Give a snapshot and its seal."""
        return self._snapshots.get(seq)

    async def ailments(self) -> list[str]:
        """Memory has no checks of its own."""
        return []

    async def close(self) -> None:
        """Keep the rows: what was opened over the store can be opened again."""
