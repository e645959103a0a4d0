"""Reading entries out of any store, with the chain checked on the way.

``LogReader`` is the half of a log that needs no right to write: a second process, ``--at``, and every tool use it on
a running daemon's log. Every chunk is one short read transaction, so a long read holds nothing open and pins no WAL.
Source: design sections 3 (law 3) and 6.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Generic, Self, TypeVar

from bel.chain import seal
from bel.codec import Codec
from bel.entry import Entry, Head, Snapshot, SnapshotFacts
from bel.errors import BelError, NoSuchSeq, TailMissing
from bel.row import HASH, SEQ, ChainCheck, Row, to_entry
from bel.store import RowSource

E = TypeVar("E")
A = TypeVar("A")
B = TypeVar("B")

CHUNK_ROWS = 2_000
"""Rows of one read transaction: some 5 ms of decoding between two chances for other tasks to run."""


class LogReader(Generic[E]):
    """Reads a log that may be written by somebody else."""

    def __init__(self, source: RowSource, codec: Codec[E], head: Head) -> None:
        """Read from ``source``; ``open`` is the usual way in."""
        self._source = source
        self._codec = codec
        self._head = head

    @classmethod
    async def open(cls, source: RowSource, codec: Codec[E]) -> Self:
        """Take over a source and read up to where the log ends now. The source is closed if that fails."""
        async with AsyncExitStack() as opened:
            opened.push_async_callback(source.close)
            head = await source.head()
            opened.pop_all()
            return cls(source, codec, head)

    @property
    def head(self) -> Head:
        """Where the log ends, as far as this reader knows."""
        return self._head

    async def refresh(self) -> Head:
        """Look again where the log ends."""
        self._head = await self._source.head()
        return self._head

    async def read(self, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Entry[E]]]:
        """Give the entries beyond ``after``, in chunks, up to ``upto`` or the head."""
        last = self._head.seq if upto is None else min(upto, self._head.seq)
        if after < 0:
            raise NoSuchSeq(after, self._head.seq)
        async for rows in checked_rows(self._source, after, last):
            entries, error = _as_far_as_sound(partial(to_entry, codec=self._codec), rows)
            if entries:
                yield entries
            if error:
                raise error

    async def newest_snapshot(self, upto: int | None = None) -> Snapshot | None:
        """Give the newest sound snapshot at or before ``upto``."""
        last = self._head.seq if upto is None else min(upto, self._head.seq)
        for facts in reversed(await self._source.snapshots()):
            if facts.seq <= last and (snapshot := await self._sound_snapshot(facts.seq)):
                return snapshot
        return None

    async def snapshots(self) -> list[SnapshotFacts]:
        """List the snapshots, oldest first."""
        return await self._source.snapshots()

    async def close(self) -> None:
        """Let go of the store."""
        await self._source.close()

    async def __aenter__(self) -> Self:
        """Enter a block that closes the log at its end."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def _sound_snapshot(self, seq: int) -> Snapshot | None:
        loaded, rows = await self._source.load_snapshot(seq), await self._source.rows(seq - 1, seq, 1)
        if not loaded or not rows:
            return None
        snapshot, sealed = loaded
        seal = await asyncio.to_thread(snapshot_seal, snapshot, rows[0])  # a second for a million entities
        return snapshot if seal == sealed else None


def snapshot_seal(snapshot: Snapshot, row: Row) -> bytes:
    """Give the seal of a snapshot that was taken after ``row``."""
    return seal(row[HASH], snapshot.digest, snapshot.body, snapshot.format)


async def checked_rows(source: RowSource, after: int, upto: int) -> AsyncIterator[list[Row]]:
    """Give the rows after < seq <= upto in chunks; raise ChainBroken at the first that does not follow the chain.

    The rows before it are given first. Raise TailMissing when rows end before ``upto``.
    """
    chain = ChainCheck(await _row_at(source, after) if 0 < after < upto else None)
    while after < upto:
        rows, error = _as_far_as_sound(chain.follow, await source.rows(after, upto, CHUNK_ROWS))
        if rows:
            yield rows
            after = rows[-1][SEQ]
        if error:
            raise error
        if not rows:
            raise TailMissing(source.path, after + 1, "the head row")


async def _row_at(source: RowSource, seq: int) -> Row:
    rows = await source.rows(seq - 1, seq, 1)
    if not rows:
        raise TailMissing(source.path, seq, "the head row")
    return rows[0]


def _as_far_as_sound(convert: Callable[[A], B], items: Iterable[A]) -> tuple[list[B], BelError | None]:
    done: list[B] = []
    try:
        for item in items:
            done.append(convert(item))  # noqa: PERF401 - what came before an error must be kept
    except BelError as error:
        return done, error
    return done, None
