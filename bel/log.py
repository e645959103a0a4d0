"""The port: what the daemon, the replay tool and the tests know of a log.

Invariants that every implementation keeps: a batch is there as a whole or not at all; ``append`` returns after the
full sync; only the holder of the newest epoch appends; readers see committed batches and never block the writer; the
hash chain is checked by whoever reads. Source: design sections 3 and 6.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, TypeVar

from bel.entry import Entry, Head, Snapshot, SnapshotFacts

E = TypeVar("E")


class ReadableLog(Protocol[E]):
    """A log that can be read, whoever writes it."""

    @property
    def head(self) -> Head:
        """Where the log ends, as far as this reader knows."""
        ...

    def read(self, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Entry[E]]]:
        """Give the entries beyond ``after`` in order, in chunks, checking the chain.

        Ends at ``upto``, or at the head of the moment of the call. Raise ChainBroken, LogDamaged, UnknownKind or
        Undecodable with the seq of the first bad entry, after everything before it was given.
        """
        ...

    async def newest_snapshot(self, upto: int | None = None) -> Snapshot | None:
        """Give the newest sound snapshot at or before ``upto``, passing over those of another history."""
        ...

    async def snapshots(self) -> list[SnapshotFacts]:
        """List the snapshots, oldest first."""
        ...


class Log(ReadableLog[E], Protocol[E]):
    """A log of events of type E."""

    async def append(self, entries: Sequence[Entry[E]], *, epoch: int) -> Head:
        """Write one batch in one transaction and give the new head, after the full sync.

        Nothing was written when it raises EmptyBatch, BadBatch, HeadMoved, EpochTooOld, DuplicateEvent, Unencodable,
        LogClosed or LogFull; after LogFull the same entries may be tried again. After AppendUnknown the process must
        end with status 74 and read the log again. Canceling the caller does not undo the append.
        """
        ...

    async def take_epoch(self) -> int:
        """Take a new, higher epoch, durably: from now on whoever held an older one is refused. Moves ``head``."""
        ...

    async def wait_beyond(self, seq: int) -> Head:
        """Wait until the log has an entry after ``seq``; raise LogClosed when it is closed first."""
        ...

    def tail(self, after: int) -> AsyncIterator[Entry[E]]:
        """Give every entry beyond ``after``, then follow the log until it is closed.

        A slow reader costs no memory and never holds up the writer: it reads again what it missed.
        """
        ...

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; raise SnapshotRefused inside a batch or beyond the head, LogFull when there is no room."""
        ...

    async def drop_snapshot(self, seq: int) -> None:
        """Forget the snapshot at ``seq``, if there is one."""
        ...

    async def close(self) -> None:
        """Finish what was begun, and let go of every resource. Closing twice is harmless."""
        ...
