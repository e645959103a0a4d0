"""A log being written: ``python -m benchmarks.appending {wantd|aiosqlite} EVENTS_A_BATCH COMMITS FOLDER``.

Ours is all that a turn does with its facts: fold each into the world, make its entry, encode, chain and append it with
full sync. Beside it aiosqlite writes the same columns into the same table, rows made beforehand, and that is all it
does; with the same SQLite, in WAL, with full sync.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path

import msgspec

from bel.chain import GENESIS
from bel.driver import Connection, open_line
from bel.entry import Entry
from bel.open import open_log
from bel.row import to_rows
from bel.schema import INSERT_ENTRY, MIGRATIONS
from benchmarks.questions import WANTED, wanted
from benchmarks.rows import MARK, Batch, Row, Side
from orchestrator.runtime.codec import CODEC
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Timestamp
from statemachines.world import World


async def ours(batches: Sequence[Sequence[AnyEvent]], folder: Path) -> float:
    """Seconds that our log and world take."""
    log, world = await open_log(folder / "bel.sqlite", CODEC), World()
    try:
        epoch = await log.take_epoch()
        before = time.perf_counter()
        for events in batches:
            first = world.seq + 1
            for seq, event in enumerate(events, first):
                world.apply(event, seq)
            await log.append(entries_of(events, first), epoch=epoch)
        return time.perf_counter() - before
    finally:
        await log.close()


async def bare(batches: Sequence[Sequence[AnyEvent]], folder: Path) -> float:
    """Seconds that aiosqlite takes for the same rows."""
    firsts = [1 + sum(map(len, batches[:number])) for number in range(len(batches))]
    rows = [to_rows(entries_of(events, first), CODEC, GENESIS) for events, first in zip(batches, firsts, strict=True)]
    database = await open_line(folder / "bare.sqlite", mode="rwc", prepare=prepare)
    try:
        before = time.perf_counter()
        for batch in rows:
            await database.execute("BEGIN IMMEDIATE")
            await database.executemany(INSERT_ENTRY, batch)
            await database.commit()
        return time.perf_counter() - before
    finally:
        await database.close()


def prepare(connection: Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(MIGRATIONS[0][0])


def entries_of(events: Sequence[AnyEvent], first: int) -> list[Entry[AnyEvent]]:
    return [Entry(n, first, int(event.at), event, f"e{n:08x}", 0, "", "loop") for n, event in enumerate(events, first)]


def _batches(size: int, commits: int) -> list[list[AnyEvent]]:
    """Cut what happens to wants and their partitions into batches, wherever the cuts fall."""
    events = happening()
    return [list(islice(events, size)) for _ in range(commits)]


def happening() -> Iterator[AnyEvent]:
    for number in count():
        yield from wanted(number * WANTED, Timestamp((number + 1) * SECOND_US))


def main() -> None:
    """Run what the arguments say, and print its row."""
    side, size, commits, folder = sys.argv[1:]
    sides: dict[str, Side] = {"wantd": "wantd", "aiosqlite": "aiosqlite"}
    batches = _batches(int(size), int(commits))
    seconds = asyncio.run((ours if side == "wantd" else bare)(batches, Path(folder)))
    events = sum(map(len, batches))
    row = Row(sides[side], Batch(int(size)), "append", seconds, 0, commits=len(batches), events=events)
    print(MARK + msgspec.json.encode(row).decode())


if __name__ == "__main__":
    main()
