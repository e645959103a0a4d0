"""A disk that takes longer, as one across a network does: each commit of the log ends later than it would.

The floor has the same built in: it waits as long after each commit. Only commits of the log are longer, on both sides.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

from bel.entry import Head
from bel.row import Row
from bel.sqlite import SqliteStore


@contextmanager
def commits_take_longer(seconds: float) -> Generator[None]:
    """Let every commit of a SQLite log take so much longer."""
    write = SqliteStore.write

    async def write_slowly(store: SqliteStore, rows: list[Row], before: Head, after: Head) -> None:
        await write(store, rows, before, after)
        await asyncio.sleep(seconds)

    if not seconds:
        yield
        return
    with patch.object(SqliteStore, "write", write_slowly):
        yield
