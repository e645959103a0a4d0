"""The write-ahead log of a log file, made durable at a start whatever became of it before.

A sync that fails may leave pages that the system takes for written, though the disk never got them. Whoever starts
afterwards reads them as if all were well, and no later sync writes them: a power cut then tears a hole, and what stands
behind it is gone, though it was acknowledged. So a start writes every byte it sees once more and syncs. What it builds
on is then on the disk, or the start fails.

Bytes are written over themselves, so a cut meanwhile leaves no sector worse than it was. Nobody may append to the WAL
at the same time: the caller holds SQLite's write lock. Source: reference on reliability, section 2.2.
"""

import contextlib
import os
from pathlib import Path

from bel.head_file import sync_folder

_CHUNK_BYTES = 1 << 20


def wal_file(log: Path) -> Path:
    """Name the WAL of a log file."""
    return log.with_name(log.name + "-wal")


def write_wal_again(log: Path) -> None:
    """Bring the WAL of a log to the disk as it can be read now, and the names of both files. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        _write_again(wal_file(log))
    sync_folder(log.parent)


def _write_again(file: Path) -> None:
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        offset = 0
        while chunk := os.pread(descriptor, _CHUNK_BYTES, offset):
            offset += os.pwrite(descriptor, chunk, offset)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
