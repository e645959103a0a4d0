"""A database in memory that holds what one statement names, as of a moment.

Entities are copied into tables of their own. Entries are not: their view reads the log's file, which is attached
read-only under a name that nobody can guess, up to the moment.
"""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bel.driver import Connection, open_scratch, uri_of
from orchestrator.sql.guard import Guard
from orchestrator.sql.question import MEMORY_BYTES
from orchestrator.sql.relations import BY_NAME, EVENTS, RELATIONS, Relation
from orchestrator.sql.rows import ROWS, Scene

_SETTINGS = ("temp_store = MEMORY", "mmap_size = 0", "cell_size_check = ON", "trusted_schema = OFF")

_ISO = """
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
    || CASE at % 1000000 WHEN 0 THEN 'Z' ELSE printf('.%06dZ', at % 1000000) END
"""
"""A time as all others are written."""


@contextmanager
def opened_database(log: Path | None, upto: int) -> Generator[tuple[Connection, Guard]]:
    """A database with all views, empty but for the entries of a log up to a seq, and its guard, not watching yet."""
    connection = open_scratch()
    hidden = f"log_{secrets.token_hex(16)}"
    try:
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        for relation in RELATIONS:
            if relation is not EVENTS or log is None:
                connection.execute(_table(relation))
        if log is not None:
            connection.execute(f"ATTACH ? AS {hidden}", (uri_of(log, "ro"),))
            connection.execute(_events(hidden, upto))
        connection.text_factory = _text
        yield connection, Guard(hidden)
    finally:
        connection.close()


def fill(connection: Connection, names: set[str], scene: Scene) -> None:
    """Put in what there is of these views; entries are there already."""
    connection.execute("BEGIN")
    for name in sorted(names - {EVENTS.name}):
        relation = BY_NAME[name]
        places = ", ".join("?" * len(relation.columns))
        connection.executemany(f"INSERT INTO {name} VALUES ({places})", ROWS[relation](scene))  # noqa: S608 - our names
    connection.execute("COMMIT")


def limit_memory(connection: Connection) -> None:
    """Allow so much beyond what the tables take, in this process for ever; and let nothing be written from now on."""
    (pages,), (size,) = (
        connection.execute("PRAGMA page_count").fetchone(),
        connection.execute("PRAGMA page_size").fetchone(),
    )
    connection.execute(f"PRAGMA hard_heap_limit = {pages * size + MEMORY_BYTES}")
    connection.execute("PRAGMA query_only = ON")


def _table(relation: Relation) -> str:
    columns = ", ".join(f"{column.name} {column.type}" for column in relation.columns)
    return f"CREATE TABLE {relation.name} ({columns})"


def _events(hidden: str, upto: int) -> str:
    """The view of entries; the columns of the table are those of ``bel.schema``."""
    return f"""
        CREATE TEMP VIEW {EVENTS.name} ({", ".join(EVENTS.names)}) AS
        SELECT seq, batch, {_ISO}, at, kind, version, entity, cause, correlation, actor, event_id, payload
        FROM {hidden}.entry WHERE seq <= {upto}
    """  # noqa: S608 - our names and a number


def _text(stored: bytes) -> str:
    """A statement can make texts that are none."""
    return stored.decode(errors="replace")
