"""The pump: whatever happens to receiver, daemon and disk, everything is told, in order, and the cursor never lies."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bel.entry import Entry
from bel.open import open_memory
from bel.stored import StoredLog
from orchestrator.outward import pump
from orchestrator.outward.cursor import Cursor, CursorFile
from orchestrator.outward.messages import Message, Undelivered, Unwanted
from orchestrator.outward.pump import Outlet, Pump
from orchestrator.outward.sinks import Batch, Scene
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.codec import CODEC
from statemachines.events import AnyEvent
from statemachines.ids import Timestamp, WantId
from statemachines.refs import Ref
from statemachines.want import WantCreated, WantSpec
from statemachines.world import World
from tests.kit.core import catalog_of
from tests.outward.rig import CONFIG, until

Log = StoredLog[AnyEvent]


class Engine:
    """A log that grows, and a board nobody looks at."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._board = Board(World(), Recipes(catalog_of(CONFIG)))

    async def board(self) -> Board:
        return self._board


class Tally:
    """A sink with a memory: says of each entry how many came before it."""

    remembers = True

    def __init__(self) -> None:
        self._seen: list[int] = []

    @property
    def oldest(self) -> int | None:
        return self._seen[0] if self._seen else None

    def forget(self) -> None:
        self._seen.clear()

    async def take(self, batch: Batch, _scene: Scene, /) -> list[Message]:
        found: list[Message] = []
        for entry in batch:
            self._seen.append(entry.seq)
            found.append(Message(str(entry.seq), str(len(self._seen)).encode()))
        return found


class Killed(BaseException):
    """The daemon is gone."""


class Script:
    """A carrier to which things happen, in turn; then nothing more does. What it delivered outlives daemons."""

    def __init__(self, most: int, happens: Sequence[str] = ()) -> None:
        self.most = most
        self.happens = list(happens)
        self.delivered: list[Message] = []
        self.unwanted: set[str] = set()
        self.place: Mortal | None = None
        """Where the daemon that it belongs to keeps its cursor."""

    async def deliver(self, messages: Sequence[Message], /) -> None:
        assert 0 < len(messages) <= self.most
        match self.happens.pop(0) if self.happens else "arrives":
            case "undelivered":
                raise Undelivered("nobody is there")
            case "arrives unnoticed":
                self.delivered += messages
                raise Undelivered("the answer was lost")
            case "unwanted":
                self.unwanted.update(message.id for message in messages)
                raise Unwanted("no")
            case "bug":
                raise ZeroDivisionError
            case "killed before" | "killed after" as when:
                self.delivered += messages if when == "killed after" else ()
                assert self.place is not None
                self.place.alive = False
                raise Killed
            case _:
                self.delivered += messages

    async def close(self) -> None: ...


class Mortal(CursorFile):
    """A cursor that is not saved by who has been killed."""

    alive = True

    def save(self, cursor: Cursor) -> None:
        if self.alive:
            super().save(cursor)


async def grow(log: Log, sizes: Sequence[int]) -> None:
    """Append a batch of each size."""
    for size in sizes:
        first = log.head.seq + 1
        await log.append([entry(seq, first) for seq in range(first, first + size)], epoch=log.head.epoch)


def entry(seq: int, batch: int) -> Entry[AnyEvent]:
    spec = WantSpec(WantId(f"w{seq}"), "local", (Ref("good/1"),), Timestamp(seq), "test")
    return Entry(seq, batch, seq, WantCreated(Timestamp(seq), spec), f"e{seq}", 0, spec.id, "test")


async def live(log: Log, folder: Path, script: Script) -> None:
    """One daemon: until everything is told, or it is killed."""
    script.place = place = Mortal(folder, "test")
    running = Pump(Outlet("test", Tally(), script, place), Engine(log))
    task = asyncio.ensure_future(running.run())
    while not task.done() and running.facts.done < log.head.seq:  # noqa: ASYNC110 - a task has no event of this
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises((Killed, asyncio.CancelledError)):
        await task


HAPPENINGS = ("arrives", "undelivered", "arrives unnoticed", "unwanted", "bug", "killed before", "killed after")


@given(
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=12),
    happens=st.lists(st.sampled_from(HAPPENINGS), max_size=12),
    most=st.integers(1, 5),
)
def test_everything_is_told_in_order_at_least_once(sizes: list[int], happens: list[str], most: int) -> None:
    """Broken: a receiver misses an entry for good, or gets a later one before it, or is told something else later."""

    async def whole(folder: Path) -> None:
        log = await open_memory(CODEC)
        CursorFile(folder, "test").save(Cursor(0, 0))
        script = Script(most, happens)
        await grow(log, sizes[: len(sizes) // 2])
        for number in count():
            if number == 1:
                await grow(log, sizes[len(sizes) // 2 :])
            await live(log, folder, script)
            if number and (saved := CursorFile(folder, "test").load()) and saved.done == log.head.seq:
                break
        arrived = list(dict.fromkeys(message.id for message in script.delivered))
        in_order = [int(number) for number in arrived if number not in script.unwanted]
        assert in_order == sorted(in_order)
        assert {*map(int, arrived), *map(int, script.unwanted)} == set(range(1, log.head.seq + 1))
        assert all(message.body == message.id.encode() for message in script.delivered), "its memory was rebuilt"
        await log.close()

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("GATHER_S", "LOOK_S", "BACKOFF_S", "BACKOFF_MAX_S"):
            patch.setattr(pump, name, 0.0001)
        patch.setattr(os, "fsync", abs)  # a sync of nothing
        asyncio.run(whole(Path(folder)))


@pytest.mark.asyncio
async def test_who_is_new_is_told_what_comes_and_the_past_where_he_asks(tmp_path: Path) -> None:
    """Broken: a new receiver is flooded with all that ever was; or he cannot have it; or not while a daemon runs."""
    log = await open_memory(CODEC)
    await grow(log, (2, 3))
    script, place = Script(100), CursorFile(tmp_path, "test")
    running = Pump(Outlet("test", Tally(), script, place), Engine(log))
    task = asyncio.ensure_future(running.run())
    await until(lambda: place.load() is not None)
    await grow(log, (1,))
    await until(lambda: bool(script.delivered))
    assert [message.id for message in script.delivered] == ["6"]
    place.ask_again(4)
    await until(lambda: len(script.delivered) == 5)
    assert [(message.id, message.body) for message in script.delivered[1:]] == [
        (str(seq), str(seq).encode()) for seq in (3, 4, 5, 6)
    ], "the batch that holds it is told as a whole, with the memory of those before"
    assert place.asked_again() is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    place.ask_again(100)
    task = asyncio.ensure_future(Pump(Outlet("test", Tally(), script, place), Engine(log)).run())
    await until(lambda: place.asked_again() is None)
    await grow(log, (1,))
    await until(lambda: script.delivered[-1].id == "7")
    await log.close()
    async with asyncio.timeout(20):
        await task


@pytest.mark.asyncio
async def test_a_cursor_that_cannot_be_read_stops_and_says_so_until_somebody_says_where_to_go_on(
    tmp_path: Path,
) -> None:
    """Broken: a damaged file loses messages in silence, or sends everything again."""
    log = await open_memory(CODEC)
    await grow(log, (2,))
    (tmp_path / "test.json").write_bytes(b"{")
    script, place = Script(100), CursorFile(tmp_path, "test")
    running = Pump(Outlet("test", Tally(), script, place), Engine(log))
    task = asyncio.ensure_future(running.run())
    await until(lambda: "wantd outward resend" in running.facts.trouble)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (tmp_path / "test.json").read_bytes() == b"{"
    place.ask_again(1)
    task = asyncio.ensure_future(Pump(Outlet("test", Tally(), script, place), Engine(log)).run())
    await until(lambda: len(script.delivered) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await log.close()


@pytest.mark.asyncio
async def test_a_log_that_was_cut_is_gone_on_with(tmp_path: Path) -> None:
    """Broken: after `wantd bel recover` a receiver is told nothing until the log is as long as it was."""
    log = await open_memory(CODEC)
    await grow(log, (2,))
    place, script = CursorFile(tmp_path, "test"), Script(100)
    place.save(Cursor(50, 40))
    task = asyncio.ensure_future(Pump(Outlet("test", Tally(), script, place), Engine(log)).run())
    await until(lambda: place.load() == Cursor(2, 0))
    await grow(log, (1,))
    await until(lambda: [message.body for message in script.delivered] == [b"3"])
    await log.close()
    await task
