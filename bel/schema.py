"""The tables of a log file, and how an older file becomes a newer one.

``user_version`` counts the migrations a file has had. A migration is never edited once released; a new one is added.
A file with a higher number was written by a newer program and is refused; a file that is not ours is left alone.
Source: design section 6.
"""

from pathlib import Path
from typing import Final

from bel.driver import Connection
from bel.errors import LogUnreadable, NewerLog, NotALog

APPLICATION_ID: Final = 0x57424C31
"""Marks the file as a build event log, for us and for file(1)."""

_FIRST = (
    """
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        version INTEGER NOT NULL,
        entity TEXT NOT NULL,
        event_id TEXT NOT NULL UNIQUE,
        cause INTEGER NOT NULL,
        correlation TEXT NOT NULL,
        actor TEXT NOT NULL,
        payload TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE head (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        seq INTEGER NOT NULL,
        batch INTEGER NOT NULL,
        hash BLOB NOT NULL,
        epoch INTEGER NOT NULL
    ) STRICT
    """,
    "INSERT INTO head VALUES (1, 0, 0, zeroblob(16), 0)",
    """
    CREATE TABLE snapshot (
        seq INTEGER PRIMARY KEY,
        digest TEXT NOT NULL,
        body BLOB NOT NULL,
        format INTEGER NOT NULL,
        seal BLOB NOT NULL
    ) STRICT
    """,
)

MIGRATIONS: Final = (_FIRST,)
"""The statements that lead from version n to version n + 1, by n."""

INSERT_ENTRY: Final = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_ENTRIES: Final = """
    SELECT seq, batch, at, kind, version, entity, event_id, cause, correlation, actor, payload, hash
    FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?
"""
SELECT_RAW: Final = """
    SELECT seq, batch, at, CAST(kind AS BLOB), version, CAST(entity AS BLOB), CAST(event_id AS BLOB), cause,
        CAST(correlation AS BLOB), CAST(actor AS BLOB), CAST(payload AS BLOB), hash
    FROM entry WHERE seq > ? ORDER BY seq LIMIT ?
"""
"""The same columns, of rows whose texts need not be text any more."""


def migrate(connection: Connection, path: Path) -> None:
    """Bring a file to the newest schema in one transaction; an empty file becomes an empty log."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[_version(connection, path) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check_ours(connection: Connection, path: Path) -> None:
    """Refuse a file that is something else or newer than this program, before anything in it is touched."""
    _version(connection, path)


def check_readable(connection: Connection, path: Path) -> None:
    """Refuse a file whose schema this program cannot read as it is."""
    found = _version(connection, path)
    if found < len(MIGRATIONS):
        raise LogUnreadable(path, f"its schema version is {found}, a daemon must bring it to {len(MIGRATIONS)}")


def _version(connection: Connection, path: Path) -> int:
    found = _number(connection, "PRAGMA user_version")
    if _number(connection, "PRAGMA application_id") != APPLICATION_ID and (
        found or _number(connection, "SELECT count(*) FROM sqlite_schema")
    ):
        raise NotALog(path)
    if found > len(MIGRATIONS):
        raise NewerLog(path, found, len(MIGRATIONS))
    return found


def _number(connection: Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
