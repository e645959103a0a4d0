"""The log in one SQLite file: WAL, synchronous=FULL, one connection that writes.

Durability rules, in one place: that connection also checkpoints, by the size of the WAL, and nobody else does; a start
writes once more what the last writer left in the WAL; readers are read-only connections with one short transaction a
chunk; no mmap. A batch is one deed in the connection's thread, so it is written whole or not at all whatever happens
to the caller. Not for network file systems. Source: design sections 3 (laws 1 and 3) and 6.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from bel import tables
from bel.driver import FULL, NOT_A_DATABASE, Connection, DriverError, Line, open_line, result_code
from bel.entry import Head, Snapshot, SnapshotFacts
from bel.errors import AppendUnknown, BelError, LogClosed, LogDamaged, LogFull, LogUnreadable, NotALog
from bel.head_file import note_head, read_head_file, write_head_file
from bel.row import PAYLOAD, RawRow, Row
from bel.schema import check_ours, check_readable, migrate
from bel.wal import write_wal_again
from bel.witness import check_end, check_witness

T = TypeVar("T")

WAL_BYTES = 4 * 1024 * 1024
"""What the commits may put into the WAL before it is checkpointed."""

_WAL_BYTES_A_COMMIT, _WAL_BYTES_A_ROW = 4 * 4096, 256
"""What a commit adds beside its payloads, roughly: the pages at the edges, and the other columns with their index."""

_WAL_FILE_BYTES_MAX = 64 * 1024 * 1024
"""What the WAL file is cut back to after it had to grow, as it has while a foreign reader holds it."""


class SqliteReader:
    """Reads a log file, also one that a daemon is writing."""

    def __init__(self, path: Path, reader: Line) -> None:
        """Read through an open line; ``open`` is the usual way in."""
        self._path = path
        self._reader = reader
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open a log file to read; raise LogUnreadable, NotALog or NewerLog."""
        return cls(path, await _open_line(path, "ro", _prepare_reader))

    @property
    def path(self) -> Path:
        """The log file."""
        return self._path

    async def head(self) -> Head:
        """Give the head row as it is now."""
        return await self._read(partial(tables.read_head, path=self._path))

    async def rows(self, after: int, upto: int, limit: int) -> list[Row]:
        """Give at most ``limit`` rows with after < seq <= upto."""
        return await self._read(partial(tables.read_rows, after=after, upto=upto, limit=limit))

    async def raw_rows(self, after: int, limit: int) -> list[RawRow]:
        """Give at most ``limit`` rows beyond ``after`` as they are stored, also those whose texts are no text."""
        return await self._read(partial(tables.read_raw, after=after, limit=limit))

    async def snapshots(self) -> list[SnapshotFacts]:
        """List the snapshots, oldest first."""
        return await self._read(tables.list_snapshots)

    async def load_snapshot(self, seq: int) -> tuple[Snapshot, bytes] | None:
        """Give a snapshot and its seal."""
        return await self._read(partial(tables.load_snapshot, seq=seq))

    async def ailments(self) -> list[str]:
        """Run SQLite's own checks."""
        return await self._read(tables.ailments)

    async def close(self) -> None:
        """Close the reading connection."""
        if not self._closed:
            self._closed = True
            await self._reader.close()

    async def _read(self, deed: Callable[[Connection], T]) -> T:
        if self._closed:
            raise LogClosed
        try:
            return await self._reader.run(deed)
        except DriverError as error:
            raise LogDamaged(self._path, f"it cannot be read ({error})") from error


class SqliteStore(SqliteReader):
    """Writes a log file."""

    def __init__(self, path: Path, reader: Line, writer: Line, head: Head) -> None:
        """Write through an open line; ``open`` is the usual way in."""
        super().__init__(path, reader)
        self._writer = writer
        self._head = head
        self._wal_bytes = 0
        self._checkpointing: asyncio.Task[None] | None = None
        self._failed: AppendUnknown | None = None

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create a log file to write.

        Raise LogUnreadable, NotALog or NewerLog when it is not for us, LogFull when there is no room to open it,
        TailMissing, LogDamaged or BadHeadFile when its end is not what the head row and the head file remember.
        """
        async with contextlib.AsyncExitStack() as opened:
            _create(path)
            writer = await _open_line(path, "rw", _prepare_writer)
            opened.push_async_callback(writer.close)
            reader = await _open_line(path, "ro", _prepare_reader)
            opened.push_async_callback(reader.close)
            source = SqliteReader(path, reader)
            head = await source.head()
            await check_end(source, head)
            if witness := read_head_file(path):
                await check_witness(source, witness, "the head file")
            opened.pop_all()
            return cls(path, reader, writer, head)

    async def write(self, rows: list[Row], before: Head, after: Head) -> None:
        """Write a batch and move the head."""
        await self._do(partial(_write_batch, path=self._path, rows=rows, before=before, after=after))
        self._head = after
        self._grow(_WAL_BYTES_A_COMMIT + sum([len(row[PAYLOAD]) + _WAL_BYTES_A_ROW for row in rows]))

    async def raise_epoch(self, above: int = 0) -> Head:
        """Make the epoch one higher than it is, and than ``above``."""
        self._head = await self._do(partial(_raise_epoch, path=self._path, above=above))
        return self._head

    async def save_snapshot(self, snapshot: Snapshot, seal: bytes) -> None:
        """Keep a snapshot."""
        await self._do(partial(tables.save_snapshot, snapshot=snapshot, seal=seal))
        self._grow(_WAL_BYTES_A_COMMIT + len(snapshot.body))

    async def drop_snapshot(self, seq: int) -> None:
        """Forget a snapshot."""
        await self._do(partial(tables.drop_snapshot, seq=seq))

    async def close(self) -> None:
        """Keep the head apart, and close both connections; the last one leaves a file without a WAL."""
        if self._closed:
            return
        async with contextlib.AsyncExitStack() as closing:
            closing.push_async_callback(self._writer.close)
            closing.push_async_callback(super().close)
            if self._checkpointing:
                await self._checkpointing
            await self._keep_head_apart()

    async def _do(self, deed: Callable[[Connection], T]) -> T:
        if self._closed:
            raise LogClosed
        if self._failed:
            raise self._failed
        try:
            return await self._writer.run(deed)
        except BelError:
            raise
        except Exception as error:
            if result_code(error) == FULL:
                raise LogFull(self._path, str(error)) from error
            raise AppendUnknown(f"{self._path}: {error}") from error

    def _grow(self, size: int) -> None:
        self._wal_bytes += size
        if self._wal_bytes > WAL_BYTES and (self._checkpointing is None or self._checkpointing.done()):
            self._wal_bytes = 0
            # Not awaited: the commit is durable, so its caller can be answered while the checkpoint runs.
            self._checkpointing = asyncio.create_task(self._checkpoint())

    async def _checkpoint(self) -> None:
        try:
            await self._writer.run(tables.checkpoint)
        except DriverError as error:
            # A full disk is no danger, the WAL keeps everything. After any other error the pages that the system
            # could not write may pass for written the next time, and the WAL that still has them would be reused.
            if result_code(error) != FULL:
                self._failed = AppendUnknown(f"{self._path}: a checkpoint failed: {error}")
                return
        await self._keep_head_apart()

    async def _keep_head_apart(self) -> None:
        head = self._head
        # A head file that cannot be replaced stays as it is, and what it says stays true.
        with contextlib.suppress(OSError):
            await self._writer.run(lambda _: write_head_file(self._path, head))


def _write_batch(connection: Connection, path: Path, rows: list[Row], before: Head, after: Head) -> None:
    tables.write_batch(connection, path, rows, before, after)
    _note(path, after)


def _raise_epoch(connection: Connection, path: Path, above: int) -> Head:
    head = tables.raise_epoch(connection, path, above)
    _note(path, head)
    return head


def _note(path: Path, head: Head) -> None:
    # The commit is durable whatever becomes of the note, and an older note stays true.
    with contextlib.suppress(OSError):
        note_head(path, head)


def _create(path: Path) -> None:
    try:
        # Only a new file is opened here: closing a descriptor of an old one could drop locks that SQLite holds on it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise LogUnreadable(path, str(error)) from error


async def _open_line(path: Path, mode: str, prepare: Callable[[Connection, Path], None]) -> Line:
    try:
        return await open_line(path, mode=mode, prepare=lambda connection: prepare(connection, path))
    except DriverError as error:
        if result_code(error) == NOT_A_DATABASE:
            raise NotALog(path) from error
        if result_code(error) == FULL:
            raise LogFull(path, str(error)) from error
        raise LogUnreadable(path, str(error)) from error


def _prepare_reader(connection: Connection, path: Path) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA mmap_size = 0")
    check_readable(connection, path)


def _prepare_writer(connection: Connection, path: Path) -> None:
    check_ours(connection, path)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LogUnreadable(path, f"its file system allows no write-ahead log (journal mode {mode})")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_FILE_BYTES_MAX}")
    connection.execute("PRAGMA mmap_size = 0")
    _make_durable(connection, path)
    migrate(connection, path)


def _make_durable(connection: Connection, path: Path) -> None:
    """Bring to the disk what the last writer left, before anything is built on it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        write_wal_again(path)
    except OSError as error:
        raise LogUnreadable(path, f"what it holds cannot be brought to the disk: {error}") from error
    finally:
        connection.execute("ROLLBACK")
