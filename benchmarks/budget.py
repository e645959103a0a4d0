"""``python -m benchmarks.budget [EVENTS]``: what the promises cost by themselves.

Each step that no engine with these promises can leave out is done alone, over the same events, without a loop, a plan
or a decision in between: an event has a stored form that people can read, the next hash covers it, it is on the disk
before anybody acts, and it was a legal transition. And what the machine asks of whoever starts a process or has a
thread do something. The best of several goes counts.
"""

import asyncio
import os
import selectors
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from bel.chain import GENESIS, link
from bel.driver import Connection, open_line
from bel.row import Row, to_rows
from bel.schema import INSERT_ENTRY, SELECT_ENTRIES
from benchmarks.appending import entries_of, happening, prepare
from benchmarks.markdown import table
from orchestrator.runtime.codec import CODEC
from statemachines.events import AnyEvent
from statemachines.world import World

EVENTS = 50_000
AT_ONCE = 1_000
"""How many entries a commit has where many are written."""
GOES = 5
COMMITS = 1_000
WAKES = 5_000
SHELLS = 1_000


class Step(NamedTuple):
    """What has to be done, and what it takes at best."""

    what: str
    us: float


def of_an_entry(events: Sequence[AnyEvent], folder: Path) -> list[Step]:
    """What is done to write an entry, and to read it back."""
    rows = to_rows(entries_of(events, 1), CODEC, GENESIS)
    _insert(rows, folder / "log", AT_ONCE)
    return [
        _best("encode", len(rows), lambda: _timed(lambda: [CODEC.encode(event) for event in events])),
        _best("chain", len(rows), lambda: _timed(lambda: _chain(rows))),
        _best("insert", len(rows), lambda: _insert(rows, _new(folder), AT_ONCE)),
        _best("fold: the entity alone", len(rows), lambda: _timed(lambda: _fold(events))),
        _best("fold: with the indices of the world", len(rows), lambda: _timed(lambda: _apply(events))),
        _best("read", len(rows), lambda: _read(folder / "log")),
        _best("decode", len(rows), lambda: _timed(lambda: _decode(rows))),
    ]


def of_a_start(folder: Path, shells: int = SHELLS) -> list[Step]:
    """What is done to start anything, by the clock."""
    rows = to_rows(entries_of(list(islice(happening(), COMMITS)), 1), CODEC, GENESIS)
    return [
        _best("commit of one entry", COMMITS, lambda: _insert(rows, _new(folder), 1)),
        _best("a thread is told, and tells", WAKES, lambda: _timed(_wake)),
        _best("a shell that makes a file, two at a time", shells, lambda: _timed(lambda: _spawn(shells, folder))),
    ]


def _best(what: str, times: int, seconds: Callable[[], float]) -> Step:
    return Step(what, min(seconds() for _ in range(GOES)) / times * 1e6)


def _timed(do: Callable[[], object]) -> float:
    before = time.perf_counter()
    do()
    return time.perf_counter() - before


def _new(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder)) / "log"


def _chain(rows: Sequence[Row]) -> None:
    previous = GENESIS
    for row in rows:
        previous = link(previous, row[:-1])


def _fold(events: Sequence[AnyEvent]) -> None:
    states: dict[str, object] = {}
    for event in events:
        states[event.id] = event.enter(states.get(event.id))  # type: ignore[arg-type]  # each id is of one entity


def _apply(events: Sequence[AnyEvent]) -> None:
    world = World()
    for seq, event in enumerate(events, 1):
        world.apply(event, seq)


def _decode(rows: Sequence[Row]) -> None:
    for _, _, _, kind, version, *_, payload, _ in rows:
        CODEC.decode(kind, version, payload)


def _insert(rows: Sequence[Row], path: Path, at_once: int) -> float:
    def insert(connection: Connection) -> None:
        for start in range(0, len(rows), at_once):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT_ENTRY, rows[start : start + at_once])
            connection.execute("COMMIT")

    return asyncio.run(_in_database(path, prepare, insert))


def _read(path: Path) -> float:
    every = (0, 1 << 62, -1)
    return asyncio.run(_in_database(path, _nothing, lambda entries: entries.execute(SELECT_ENTRIES, every).fetchall()))


async def _in_database(path: Path, ready: Callable[[Connection], None], do: Callable[[Connection], object]) -> float:
    """Seconds that it takes in the thread of a connection, as everything that is done to a log is."""
    database = await open_line(path, mode="rwc", prepare=ready)
    try:
        return await database.run(lambda connection: _timed(lambda: do(connection)))
    finally:
        await database.close()


def _nothing(_: Connection) -> None: ...


def _wake() -> None:
    asked, answered = SimpleQueue[str](), SimpleQueue[str]()

    def answer() -> None:
        while word := asked.get():
            answered.put(word)

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(WAKES):
        asked.put("go on")
        answered.get()
    asked.put("")
    thread.join()


def _spawn(number: int, folder: Path) -> None:
    running, left, place = selectors.DefaultSelector(), number, Path(tempfile.mkdtemp(dir=folder))
    while left or running.get_map():
        while left and len(running.get_map()) < 2:
            left -= 1
            pid = os.posix_spawn("/bin/sh", ["sh", "-c", f": > {place}/{left}"], {})
            running.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        for key, _ in running.select():
            running.unregister(key.fd)
            os.close(key.fd)
            os.waitpid(key.data, 0)


def main() -> None:
    """Measure, and print a table."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory(prefix="wantd-budget-") as folder:
        steps = [*of_an_entry(list(islice(happening(), number)), Path(folder)), *of_a_start(Path(folder))]
    print(table(("step", "us"), [(step.what, f"{step.us:,.2f}") for step in steps]))


if __name__ == "__main__":
    main()
