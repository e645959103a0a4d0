"""Opening a log: the usual combinations of store and codec.

Source: design section 6.
"""

from pathlib import Path
from typing import TypeVar

from bel.codec import Codec
from bel.memory import MemoryStore
from bel.reading import LogReader
from bel.sqlite import SqliteReader, SqliteStore
from bel.stored import StoredLog

E = TypeVar("E")


async def open_log(path: Path, codec: Codec[E]) -> StoredLog[E]:
    """Open or create the log in a SQLite file, to write. Close it on every path, or the interpreter does not exit."""
    return await StoredLog[E].open(await SqliteStore.open(path), codec)


async def open_reader(path: Path, codec: Codec[E]) -> LogReader[E]:
    """Open the log in a SQLite file to read, beside a daemon that may be writing it. Close it on every path."""
    return await LogReader[E].open(await SqliteReader.open(path), codec)


async def open_memory(codec: Codec[E]) -> StoredLog[E]:
    """Open an empty log in memory."""
    return await StoredLog[E].open(MemoryStore(), codec)
