"""A log read without any of our checks: what a reader who believes everything would get."""

from contextlib import closing, suppress
from pathlib import Path
from typing import cast

from bel import driver
from bel.driver import Connection, DriverError
from bel.row import SEQ, Row
from bel.schema import SELECT_ENTRIES


def open_plainly(log: Path, *, mode: str) -> Connection:
    """Connect with the SQLite that users run, and nothing else of ours."""
    return cast("Connection", driver._driver.connect(f"file:{log}?mode={mode}", uri=True, isolation_level=None))


def rows_of(log: Path) -> list[Row]:
    """Give the rows in order, as far as they can be read, or up to the first that is out of order."""
    rows: list[Row] = []
    after = 0
    with suppress(DriverError), closing(open_plainly(log, mode="ro")) as connection:
        while found := connection.execute(SELECT_ENTRIES, (after, 2**62, 1)).fetchall():
            rows += found
            if rows[-1][SEQ] <= after:
                break
            after = rows[-1][SEQ]
    return rows


def row_at(log: Path, seq: int) -> Row | None:
    """Give one row, if it can be read."""
    with suppress(DriverError), closing(open_plainly(log, mode="ro")) as connection:
        return cast("Row | None", connection.execute(SELECT_ENTRIES, (seq - 1, seq, 1)).fetchone())
    return None
