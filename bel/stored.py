"""The log over any store: checks, encodes and chains a batch, has it written, and tells those who wait.

Invariants: appends run one after another, each shielded from its caller's cancellation; ``head`` moves only after the
store has said that the batch is durable; after an append with an unknown outcome nothing is appended any more. It
decides nothing about events. Source: design sections 3 (laws 1, 3 and 9) and 6.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import TypeVar

from bel.codec import Codec
from bel.entry import Entry, Head, Snapshot
from bel.errors import AppendUnknown, DuplicateEvent, EpochTooOld, HeadMoved, LogClosed, LogFull, SnapshotRefused
from bel.reading import LogReader, snapshot_seal
from bel.row import BATCH, HASH, SEQ, check_batch, to_rows
from bel.store import Store

E = TypeVar("E")

RECENT_ENTRIES = 4_096
"""Entries kept for followers, so that one who keeps up costs no reading. One who is further behind reads the store."""

_NOTHING_WRITTEN = (HeadMoved, EpochTooOld, DuplicateEvent, LogFull)


class StoredLog(LogReader[E]):
    """A ``Log`` that keeps its rows in a store."""

    def __init__(self, store: Store, codec: Codec[E], head: Head) -> None:
        """Write to ``store``; ``open`` is the usual way in."""
        super().__init__(store, codec, head)
        self._store = store
        self._turn = asyncio.Lock()
        self._appends: set[asyncio.Task[Head]] = set()
        self._recent: deque[Entry[E]] = deque(maxlen=RECENT_ENTRIES)
        self._moved = asyncio.Event()
        self._lost: AppendUnknown | None = None
        self._closed = False

    async def append(self, entries: Sequence[Entry[E]], *, epoch: int) -> Head:
        """Write one batch in one transaction and give the new head."""
        # A task of its own: the store's thread cannot be stopped half-way, so a canceled caller must not stop the
        # bookkeeping.
        task = asyncio.create_task(self._append(tuple(entries), epoch))
        self._appends.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def take_epoch(self) -> int:
        """Take a new, higher epoch, durably."""
        async with self._turn:
            self._check_usable()
            head = await self._store.raise_epoch()
            if head.seq != self._head.seq:
                self._recent.clear()
            self._publish((), head)
            return head.epoch

    async def wait_beyond(self, seq: int) -> Head:
        """Wait until the log has an entry after ``seq``."""
        while self._head.seq <= seq:
            if self._closed:
                raise LogClosed
            await self._moved.wait()
        return self._head

    async def tail(self, after: int) -> AsyncIterator[Entry[E]]:
        """Give every entry beyond ``after``, then follow the log until it is closed."""
        while True:
            try:
                head = await self.wait_beyond(after)
            except LogClosed:
                return
            async for entries in self._catch_up(after, head.seq):
                for entry in entries:
                    yield entry
                    after = entry.seq

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; raise SnapshotRefused inside a batch or beyond the head."""
        seq = snapshot.seq
        if not 1 <= seq <= self._head.seq:
            raise SnapshotRefused(seq, f"the log holds the entries 1 to {self._head.seq}")
        row, *following = await self._store.rows(seq - 1, min(seq + 1, self._head.seq), 2)
        if following and following[0][BATCH] != seq + 1:
            raise SnapshotRefused(seq, f"it is inside the batch that begins at {row[BATCH]}")
        sealed = await asyncio.to_thread(snapshot_seal, snapshot, row)  # a second for a million entities
        async with self._turn:
            self._check_usable()
            await self._store.save_snapshot(snapshot, sealed)

    async def drop_snapshot(self, seq: int) -> None:
        """Forget the snapshot at ``seq``."""
        async with self._turn:
            self._check_usable()
            await self._store.drop_snapshot(seq)

    async def close(self) -> None:
        """Finish what was begun, wake those who wait, and let go of the store."""
        await asyncio.shield(asyncio.ensure_future(self._close()))

    async def _close(self) -> None:
        self._closed = True
        self._moved.set()
        async with self._turn:
            await self._store.close()

    async def _append(self, entries: Sequence[Entry[E]], epoch: int) -> Head:
        async with self._turn:
            self._check_usable()
            before = self._head
            check_batch(entries, before)
            rows = to_rows(entries, self._codec, before.hash)
            after = Head(seq=rows[-1][SEQ], batch=rows[0][SEQ], hash=rows[-1][HASH], epoch=epoch)
            try:
                await self._store.write(rows, before, after)
            except _NOTHING_WRITTEN:
                raise
            except BaseException as error:
                # Also when this task itself is canceled, as it is when its event loop is torn down.
                self._lost = error if isinstance(error, AppendUnknown) else AppendUnknown(repr(error))
                raise
            self._publish(entries, after)
            return after

    def _publish(self, entries: Sequence[Entry[E]], head: Head) -> None:
        self._recent.extend(entries)
        self._head = head
        waiting, self._moved = self._moved, asyncio.Event()
        waiting.set()

    def _catch_up(self, after: int, upto: int) -> AsyncIterator[list[Entry[E]]]:
        if self._recent and self._recent[0].seq <= after + 1:
            return _once(list(islice(self._recent, after + 1 - self._recent[0].seq, None)))
        return self.read(after=after, upto=upto)

    def _check_usable(self) -> None:
        if self._closed:
            raise LogClosed
        if self._lost:
            raise self._lost

    def _forget(self, task: asyncio.Task[Head]) -> None:
        self._appends.discard(task)
        # Looked at here, because a canceled caller never will; asyncio would complain about an error nobody saw.
        if not task.cancelled():
            task.exception()


async def _once(entries: list[Entry[E]]) -> AsyncIterator[list[Entry[E]]]:
    yield entries
