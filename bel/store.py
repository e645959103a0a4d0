"""The port of raw rows: what a place to keep a log must be able to do.

A store knows no events. It keeps rows in order, moves its head row in the same transaction, and refuses a writer that
is behind. Checking batches, encoding, chaining and publishing are done once, above it (``stored``). Stores run one
conformance suite. Source: design sections 5 (ports) and 6.
"""

from pathlib import Path
from typing import Protocol

from bel.entry import Head, Snapshot, SnapshotFacts
from bel.errors import BelError, EpochTooOld, HeadMoved
from bel.row import SEQ, Row


class RowSource(Protocol):
    """A store that can be read."""

    @property
    def path(self) -> Path:
        """Where it is, for messages."""
        ...

    async def head(self) -> Head:
        """Give the head row as it is now."""
        ...

    async def rows(self, after: int, upto: int, limit: int) -> list[Row]:
        """Give at most ``limit`` rows with after < seq <= upto, in order, unchecked; raise LogDamaged."""
        ...

    async def snapshots(self) -> list[SnapshotFacts]:
        """List the snapshots, oldest first."""
        ...

    async def load_snapshot(self, seq: int) -> tuple[Snapshot, bytes] | None:
        """Give the snapshot at ``seq`` and its seal, unchecked."""
        ...

    async def ailments(self) -> list[str]:
        """Say what the store's own checks find wrong. Takes time in proportion to the size of the log."""
        ...

    async def close(self) -> None:
        """Let go of every resource. Closing twice is harmless."""
        ...


class Store(RowSource, Protocol):
    """A store that can be written to. Used by one task at a time."""

    async def write(self, rows: list[Row], before: Head, after: Head) -> None:
        """Write a chained batch and move the head from ``before`` to ``after``, in one transaction with full sync.

        Raise HeadMoved, EpochTooOld, DuplicateEvent or LogFull when nothing was written, AppendUnknown otherwise.
        """
        ...

    async def raise_epoch(self) -> Head:
        """Make the epoch one higher, durably, and give the head."""
        ...

    async def save_snapshot(self, snapshot: Snapshot, seal: bytes) -> None:
        """Keep a snapshot with its seal, instead of one at the same seq; raise LogFull when there is no room."""
        ...

    async def drop_snapshot(self, seq: int) -> None:
        """Forget the snapshot at ``seq``, if there is one."""
        ...


def refusal(rows: list[Row], found: Head, after: Head) -> BelError:
    """Say why a batch that was to make the head ``after`` does not fit on the head that was found."""
    if found.epoch != after.epoch:
        return EpochTooOld(after.epoch, found.epoch)
    return HeadMoved(rows[0][SEQ], found.seq)
