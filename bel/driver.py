"""Which SQLite is used, and one connection of it in its own thread.

Versions before 3.51.3 can corrupt a WAL when one connection writes while another checkpoints, and Debian 12's Python
links 3.40. So the SQLite bundled with ``pysqlite3`` is used where that can be imported. ``sqlite_facts`` says which
one it is; what to make of an affected one is for the caller to decide.

aiosqlite's thread is not a daemon thread: a ``Line`` that is not closed keeps the interpreter from exiting.
Source: design section 6.
"""

import asyncio
import importlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar, cast
from urllib.parse import quote

import aiosqlite.core
import msgspec

T = TypeVar("T")

FIRST_SOUND_VERSION = (3, 51, 3)

Connection = sqlite3.Connection
"""A connection, of whichever driver is used."""

CONSTRAINT, FULL, NOT_A_DATABASE = sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOTADB
"""The result codes that are told apart."""


def _load() -> ModuleType:
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3


_driver = _load()

DriverError = cast("type[sqlite3.Error]", _driver.Error)
"""The root of what the driver raises; ``result_code`` says what happened."""

DriverWarning = cast("type[Exception]", _driver.Warning)
"""What the driver raises for two statements at once."""


def result_code(error: Exception) -> int:
    """Give SQLite's primary result code of an error, 0 when it did not come from SQLite itself."""
    # Drivers differ in whether they give the extended code.
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


class SqliteFacts(msgspec.Struct, frozen=True):
    """What the log is kept with. ``warning`` is empty when there is nothing to warn of."""

    driver: str
    version: str
    warning: str


def sqlite_facts() -> SqliteFacts:
    """Say which SQLite this process uses."""
    version = cast("tuple[int, int, int]", _driver.sqlite_version_info)
    text = ".".join(map(str, version))
    warning = ""
    if version < FIRST_SOUND_VERSION:
        warning = (
            f"SQLite {text} can corrupt a log that a second process reads (mended in 3.51.3): install pysqlite3, "
            "or read the log only through the daemon"
        )
    return SqliteFacts(_driver.__name__.partition(".")[0], text, warning)


def uri_of(path: Path, mode: str) -> str:
    """Name a database file for SQLite, with its open mode (``ro`` or ``rw``)."""
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def open_scratch() -> Connection:
    """Open an empty database in memory, to which files can be attached by URI. Close it."""
    return cast("Connection", _driver.connect("file::memory:", uri=True, isolation_level=None))


class Line(aiosqlite.core.Connection):
    """A connection in a thread of its own, to which whole deeds are handed."""

    async def run(self, deed: Callable[[Connection], T]) -> T:
        """Run a deed in the connection's thread. It runs to its end even if the caller is canceled."""
        # aiosqlite leaves this function without types, and hands whole functions to its thread in no other way.
        execute = self._execute  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        done: T = await execute(deed, self._conn)  # type: ignore[no-untyped-call]
        return done

    async def ended(self) -> None:
        """Wait until the thread has ended."""
        await asyncio.to_thread(self._thread.join)


async def open_line(path: Path, *, mode: str, prepare: Callable[[Connection], None]) -> Line:
    """Connect to ``path`` with a SQLite open mode (``ro`` or ``rw``) and prepare the connection, in its new thread.

    Transactions are explicit. Whatever ``prepare`` raises is raised here, with the thread ended.
    """

    def connect() -> Connection:
        # Only the Line's thread uses it, but it may be another one that collects it.
        connection = cast(
            "Connection",
            _driver.connect(
                uri_of(path, mode),
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            ),
        )
        try:
            prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    line = Line(connect, iter_chunk_size=1)
    try:
        await line
    except BaseException:
        # aiosqlite has told its thread to end, but does not wait: the thread would find the event loop gone.
        await asyncio.shield(line.ended())
        raise
    return line
