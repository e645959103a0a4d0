"""What is done to the tables of a log file: each function is one deed for a connection's thread.

A batch moves the head row and adds its entries in one transaction. The head row is moved by a statement that names
the head and the epoch it expects, which is the whole of "expected head" and of fencing. Source: design sections 3
(law 1) and 6.
"""

from pathlib import Path
from typing import Final, cast

from bel.driver import CONSTRAINT, FULL, Connection, DriverError, result_code
from bel.entry import Head, Snapshot, SnapshotFacts
from bel.errors import AppendUnknown, BelError, DuplicateEvent, LogDamaged, LogFull
from bel.row import EVENT_ID, SEQ, RawRow, Row
from bel.schema import INSERT_ENTRY, SELECT_ENTRIES, SELECT_RAW
from bel.store import refusal

_MOVE_HEAD: Final = "UPDATE head SET seq = ?, batch = ?, hash = ? WHERE seq = ? AND hash = ? AND epoch = ?"
_AILMENTS_MAX: Final = 20


def read_head(connection: Connection, path: Path) -> Head:
    """Give the head row."""
    found = connection.execute("SELECT seq, batch, hash, epoch FROM head").fetchone()
    if found is None:
        raise LogDamaged(path, "it has no head row")
    return Head(*found)


def read_rows(connection: Connection, after: int, upto: int, limit: int) -> list[Row]:
    """Give rows in order. The statement is run to its end, so no read transaction stays open."""
    return connection.execute(SELECT_ENTRIES, (after, upto, limit)).fetchall()


def read_raw(connection: Connection, after: int, limit: int) -> list[RawRow]:
    """Give rows as they are stored, with bytes for texts."""
    return connection.execute(SELECT_RAW, (after, limit)).fetchall()


def write_batch(connection: Connection, path: Path, rows: list[Row], before: Head, after: Head) -> None:
    """Write a batch and move the head, in one transaction."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        moved = connection.execute(
            _MOVE_HEAD, (after.seq, after.batch, after.hash, before.seq, before.hash, after.epoch)
        ).rowcount
        if not moved:
            raise refusal(rows, read_head(connection, path), after)
        connection.executemany(INSERT_ENTRY, rows)
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, DriverError):
            raise _verdict(connection, path, error, rows, before) from error
        raise


def _verdict(connection: Connection, path: Path, error: Exception, rows: list[Row], before: Head) -> BelError:
    """Say what a failed transaction means, now that it has been rolled back."""
    if result_code(error) == FULL and read_head(connection, path).hash == before.hash:
        return LogFull(path, str(error))
    if result_code(error) == CONSTRAINT and (duplicate := _duplicate(connection, rows)):
        return duplicate
    return AppendUnknown(f"{path}: {error}")


def _duplicate(connection: Connection, rows: list[Row]) -> DuplicateEvent | None:
    fresh: dict[str, int] = {}
    for row in rows:
        event_id = row[EVENT_ID]
        found = connection.execute("SELECT seq FROM entry WHERE event_id = ?", (event_id,)).fetchone()
        if found or event_id in fresh:
            return DuplicateEvent(event_id, cast("int", found[0]) if found else fresh[event_id])
        fresh[event_id] = row[SEQ]
    return None


def raise_epoch(connection: Connection, path: Path, above: int) -> Head:
    """Make the epoch one higher than it is, and than ``above``."""
    connection.execute("UPDATE head SET epoch = max(epoch, ?) + 1", (above,))
    return read_head(connection, path)


def save_snapshot(connection: Connection, snapshot: Snapshot, seal: bytes) -> None:
    """Keep a snapshot instead of one at the same seq."""
    values = (snapshot.seq, snapshot.digest, snapshot.body, snapshot.format, seal)
    connection.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?)", values)


def drop_snapshot(connection: Connection, seq: int) -> None:
    """Forget a snapshot."""
    connection.execute("DELETE FROM snapshot WHERE seq = ?", (seq,))


def list_snapshots(connection: Connection) -> list[SnapshotFacts]:
    """List the snapshots, oldest first.

    Nothing that stands behind a body is asked for: SQLite would go through all of the body to get there.
    """
    found = connection.execute("SELECT seq, digest, length(body) FROM snapshot ORDER BY seq")
    return [SnapshotFacts(*one) for one in found.fetchall()]


def load_snapshot(connection: Connection, seq: int) -> tuple[Snapshot, bytes] | None:
    """Give a snapshot and its seal."""
    query = "SELECT seq, digest, body, format, seal FROM snapshot WHERE seq = ?"
    found = connection.execute(query, (seq,)).fetchone()
    return (Snapshot(*found[:-1]), found[-1]) if found else None


def checkpoint(connection: Connection) -> None:
    """Move what the WAL holds into the file, as far as readers allow, without waiting for them."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def ailments(connection: Connection) -> list[str]:
    """Run SQLite's own checks."""
    found = connection.execute(f"PRAGMA integrity_check({_AILMENTS_MAX})").fetchall()
    return [str(text) for (text,) in found if text != "ok"]
