"""An application that appends, on a disk of our making."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from bel import head_file, sqlite
from bel.driver import Connection
from bel.entry import Head, Snapshot
from bel.open import open_log
from bel.wal import wal_file
from tests.bel.toy import CODEC, puts
from tests.faults.disk import Deed, Disk, mounted
from tests.faults.driver import driven_by

SIZES = (1, 3, 7, 1, 12, 2, 5, 1, 1, 20, 4, 3)
"""Of the batches, over and over: most are small, some fill pages."""


def size_of(batch: int) -> int:
    """Say how many entries the nth batch has."""
    return SIZES[batch % len(SIZES)]


@contextmanager
def on_a_disk(disk: Disk, *, synchronous: str = "FULL", writes_again: bool = True) -> Generator[None]:
    """Let the log live on a disk, with a WAL so small that checkpoints are frequent; its head file is recorded too."""
    kept, noted, prepare = head_file.write_head_file, head_file.note_head, sqlite._prepare_writer

    def keep(log: Path, head: Head) -> None:
        kept(log, head)
        disk.deeds.append(Deed("head kept", data=head_file.head_file(log).read_bytes()))

    def note(log: Path, head: Head) -> None:
        fresh = not head_file.head_file(log).exists()
        noted(log, head)
        disk.deeds.append(Deed("head kept" if fresh else "head noted", data=head_file.head_file(log).read_bytes()))

    def prepare_writer(connection: Connection, path: Path) -> None:
        prepare(connection, path)
        connection.execute(f"PRAGMA synchronous = {synchronous}")

    def write_again(log: Path) -> None:
        wal = wal_file(log)
        if not wal.exists() or not writes_again:
            return
        try:
            disk.do(Deed("write", wal.name, 0, wal.read_bytes()), lambda _: None)
            disk.do(Deed("sync", wal.name), lambda _: None)
        except apsw.Error as error:
            raise OSError(errno.EIO, "the disk failed") from error

    with mounted(disk) as vfs, driven_by(vfs), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "WAL_BYTES", 100_000)
        patch.setattr(sqlite, "write_head_file", keep)
        patch.setattr(sqlite, "note_head", note)
        patch.setattr(sqlite, "_prepare_writer", prepare_writer)
        patch.setattr(sqlite, "write_wal_again", write_again)
        yield


async def work(path: Path, disk: Disk, upto: int) -> None:
    """Append until the log has so many entries, with a snapshot now and then, closing it and going on once."""
    for part in (upto // 2, upto):
        async with await open_log(path, CODEC) as log:
            epoch, batch = await log.take_epoch(), 0
            while log.head.seq < part:
                head = await log.append(puts(log.head.seq + 1, size_of(batch)), epoch=epoch)
                disk.deeds.append(Deed("acknowledge", offset=head.seq))
                batch += 1
                if batch % 10 == 0:
                    await log.save_snapshot(Snapshot(seq=head.seq, digest="d", body=bytes(9_000), format=1))
