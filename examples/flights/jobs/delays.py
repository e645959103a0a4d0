"""The table that days, months and the year share: counts that add up.

A row counts the flights of one kind and key: of a ``day`` (2013-02-08), an airport's ``hour`` (JFK 17), a ``carrier``
(UA), a kind of ``weather``. Everything is an integer, so a sum of sums is exact, and equal counts are equal
bytes.
"""

import csv
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

LATE_MINUTES = 15


class Count(NamedTuple):
    """Flights of one kind and key: scheduled, canceled, more than 15 minutes late, and minutes of delay in all."""

    kind: str
    key: str
    flights: int
    cancelled: int
    late: int
    minutes: int

    @property
    def departed(self) -> int:
        return self.flights - self.cancelled

    @property
    def mean(self) -> float:
        """Mean delay at departure, in minutes, over the flights that departed."""
        return self.minutes / self.departed if self.departed else 0.0


COLUMNS = "{kind: VARCHAR, key: VARCHAR, flights: BIGINT, cancelled: BIGINT, late: BIGINT, minutes: BIGINT}"

ADD_UP = f"""
    SELECT kind, key, sum(flights)::BIGINT, sum(cancelled)::BIGINT, sum(late)::BIGINT, sum(minutes)::BIGINT
    FROM read_csv(?, header = true, columns = {COLUMNS})
    GROUP BY ALL
    ORDER BY ALL
"""


@functools.cache
def connection() -> duckdb.DuckDBPyConnection:
    """Open DuckDB once a process. One thread: several workers share the machine."""
    return duckdb.connect(config={"threads": 1})


def add_up(locations: Sequence[Path]) -> list[Count]:
    """Add several tables up into one, sorted."""
    rows = connection().execute(ADD_UP, [[str(location) for location in locations]]).fetchall()
    return [Count(*row) for row in rows]


def write(location: Path, counts: Iterable[Count]) -> None:
    """Write a table as CSV."""
    with location.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Count._fields)
        table.writerows(counts)
