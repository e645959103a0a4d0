"""What every log does, tried on each store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from bel import stored
from bel.chain import GENESIS
from bel.entry import Entry, Head, Snapshot
from bel.errors import (
    BadBatch,
    BelError,
    DuplicateEvent,
    EmptyBatch,
    EpochTooOld,
    HeadMoved,
    LogClosed,
    NoSuchSeq,
    SnapshotRefused,
    Unencodable,
)
from bel.log import Log
from tests.bel.toy import Bench, Dropped, Event, MemoryPlace, Put, SqlitePlace, batch, everything, fill, puts

PLACES = [MemoryPlace, SqlitePlace]


@pytest_asyncio.fixture(params=PLACES)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    make: Callable[[Path], MemoryPlace | SqlitePlace] = request.param
    bench = Bench(make(tmp_path))
    yield bench
    await bench.close()


@pytest.mark.asyncio
async def test_a_new_log_is_empty(bench: Bench) -> None:
    """Broken: a log begins with something nobody wrote."""
    log: Log[Event] = await bench.open()
    assert log.head == Head(seq=0, batch=0, hash=GENESIS, epoch=0)
    assert [chunk async for chunk in log.read()] == []


@pytest.mark.asyncio
async def test_what_was_appended_is_read_back(bench: Bench) -> None:
    """Broken: the log forgets or changes an entry, or the head is not where it ends."""
    log = await bench.open()
    epoch = await log.take_epoch()
    first, second = puts(1, 3), batch(4, Dropped("a"), Put('ü"\n\u2028\0', -1))
    assert (await log.append(first, epoch=epoch)).seq == 3
    head = await log.append(second, epoch=epoch)
    assert (head.seq, head.batch, head.epoch) == (5, 4, 1)
    assert log.head == head
    assert await everything(log) == first + second
    assert await everything(log, after=2, upto=4) == [first[2], second[0]]
    assert await everything(log, after=5) == await everything(log, after=7) == []


@pytest.mark.asyncio
async def test_a_log_is_there_when_opened_again(bench: Bench) -> None:
    """Broken: closing a log, or opening it, loses or adds something."""
    log = await bench.open()
    written = await fill(log, [2, 3])
    await log.close()
    again = await bench.open()
    assert again.head == log.head
    assert await everything(again) == written
    with pytest.raises(LogClosed):
        await log.append(puts(6, 1), epoch=1)


@pytest.mark.asyncio
async def test_a_long_log_comes_in_chunks(bench: Bench) -> None:
    """Broken: a reader holds all of a log in memory at once, or loses entries between two chunks."""
    log = await bench.open()
    written = await fill(log, [3_000, 1, 1_500])
    chunks = [chunk async for chunk in log.read()]
    assert len(chunks) == 3
    assert [entry for chunk in chunks for entry in chunk] == written


def with_fields(entry: Entry[Event], **fields: object) -> Entry[Event]:
    return msgspec.structs.replace(entry, **fields)


REFUSED: list[tuple[type[BelError], int | None, list[Entry[Event]]]] = [
    (EmptyBatch, None, []),
    (HeadMoved, 2, puts(2, 1)),
    (HeadMoved, 2, puts(4, 1)),
    (BadBatch, 4, [*puts(3, 1), with_fields(puts(5, 1)[0], batch=3)]),
    (BadBatch, 4, [*puts(3, 1), *puts(4, 1)]),
    (BadBatch, 3, [with_fields(puts(3, 1)[0], cause=3)]),
    (BadBatch, 3, puts(3, 1, at=-1)),
    (BadBatch, 3, puts(3, 1, at=2**63)),
    (DuplicateEvent, 2, [*puts(3, 1), with_fields(puts(3, 2)[1], event_id="event-00000002")]),
    (DuplicateEvent, 3, [*puts(3, 1), with_fields(puts(3, 2)[1], event_id="event-00000003")]),
    (Unencodable, 4, batch(3, Put("a"), Put("\ud800"))),
    (Unencodable, 3, batch(3, Put("x" * (17 * 1024 * 1024)))),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("error", "seq", "entries"), REFUSED, ids=[f"{r[0].code}-{n}" for n, r in enumerate(REFUSED)])
async def test_what_is_refused_leaves_no_trace(
    bench: Bench, error: type[BelError], seq: int | None, entries: list[Entry[Event]]
) -> None:
    """Broken: a wrong batch is taken, in whole or in part, or the log is of no use after refusing one."""
    log = await bench.open()
    written = await fill(log, [2])
    with pytest.raises(error) as refused:
        await log.append(entries, epoch=1)
    assert refused.value.seq == seq
    assert log.head.seq == 2
    assert await everything(log) == written
    assert (await log.append(puts(3, 1), epoch=1)).seq == 3


@pytest.mark.asyncio
async def test_only_the_newest_epoch_appends(bench: Bench) -> None:
    """Broken: a daemon that was replaced goes on writing."""
    old, new = await bench.open(), await bench.open()
    await fill(old, [2])
    assert await new.take_epoch() == 2
    assert new.head.seq == 2
    with pytest.raises(EpochTooOld):
        await old.append(puts(3, 1), epoch=1)
    await new.append(puts(3, 1), epoch=2)
    with pytest.raises(EpochTooOld):
        await old.append(puts(3, 1), epoch=1)
    with pytest.raises(EpochTooOld):
        await new.append(puts(4, 1), epoch=3)
    assert [entry.seq for entry in await everything(new)] == [1, 2, 3]


@pytest.mark.asyncio
async def test_a_writer_that_is_behind_is_refused(bench: Bench) -> None:
    """Broken: two writers of one epoch overwrite each other."""
    ahead, behind = await bench.open(), await bench.open()
    await fill(ahead, [2])
    with pytest.raises(HeadMoved) as moved:
        await behind.append(puts(1, 1, prefix="other"), epoch=1)
    assert moved.value.seq == 2


@pytest.mark.asyncio
async def test_a_try_again_after_success_is_refused(bench: Bench) -> None:
    """Broken: a batch whose first try did succeed is written twice."""
    log = await bench.open()
    await fill(log, [2])
    with pytest.raises(HeadMoved):
        await log.append(puts(1, 2), epoch=1)
    with pytest.raises(DuplicateEvent):
        await log.append([with_fields(e, event_id=f"event-{e.seq - 2:08d}") for e in puts(3, 2)], epoch=1)


@pytest.mark.asyncio
async def test_canceling_does_not_undo(bench: Bench) -> None:
    """Broken: an append that was begun is half done, or forgotten, when its caller is canceled."""
    log = await bench.open()
    epoch = await log.take_epoch()
    expected: list[Entry[Event]] = []
    for round_ in range(20):
        fresh = puts(log.head.seq + 1, 3)
        task = asyncio.create_task(log.append(fresh, epoch=epoch))
        for _ in range(round_ % 5 + 1):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        expected += fresh
        await log.wait_beyond(fresh[-1].seq - 1)
    assert await everything(log) == expected
    await log.close()
    assert await everything(await bench.open()) == expected


@pytest.mark.asyncio
async def test_closing_waits_for_an_append_that_was_begun(bench: Bench) -> None:
    """Broken: the end of the daemon takes the last batch with it."""
    log = await bench.open()
    epoch = await log.take_epoch()
    task = asyncio.create_task(log.append(puts(1, 3), epoch=epoch))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await log.close()
    assert (await task).seq == 3
    assert (await bench.open()).head.seq == 3


@pytest.mark.asyncio
async def test_a_reader_sees_whole_batches(bench: Bench) -> None:
    """Broken: a reader sees a part of a batch."""
    log, reader = await bench.open(), await bench.open()
    epoch = await log.take_epoch()

    async def write() -> None:
        for _ in range(30):
            await log.append(puts(log.head.seq + 1, 7), epoch=epoch)

    writing = asyncio.create_task(write())
    seen = set[int]()
    while not writing.done():
        await asyncio.sleep(0)
        await reader.refresh()
        seen.add(len(await everything(reader)))
    await writing
    assert seen
    assert {count % 7 for count in seen} == {0}


@pytest.mark.asyncio
async def test_the_tail_catches_up_and_follows(bench: Bench) -> None:
    """Broken: a follower misses an entry, sees one twice, or is not woken."""
    log = await bench.open()
    written = await fill(log, [2, 2])

    async def follow() -> list[Entry[Event]]:
        return [entry async for entry in log.tail(1)]

    following = asyncio.create_task(follow())
    fresh = puts(5, 3)
    await log.append(fresh, epoch=1)
    await log.close()
    assert await following == (written + fresh)[1:]


@pytest.mark.asyncio
async def test_a_slow_follower_reads_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: what a follower has not fetched is kept for it without bound, or lost."""
    monkeypatch.setattr(stored, "RECENT_ENTRIES", 4)
    log = await bench.open()
    await fill(log, [1])
    tail = log.tail(0)
    assert (await anext(tail)).seq == 1
    for _ in range(10):
        await log.append(puts(log.head.seq + 1, 3), epoch=1)
    assert [(await anext(tail)).seq for _ in range(30)] == list(range(2, 32))
    assert [(await anext(log.tail(after))).seq for after in range(31)] == list(range(1, 32))
    assert len(log._recent) == 4


@pytest.mark.asyncio
async def test_the_tail_has_what_another_writer_wrote_in_between(bench: Bench) -> None:
    """Broken: a writer that takes over again skips what was written while it was away."""
    log, other = await bench.open(), await bench.open()
    await fill(log, [2])
    await other.append(puts(3, 2), epoch=await other.take_epoch())
    await log.append(puts(5, 1), epoch=await log.take_epoch())
    tail = log.tail(0)
    assert [(await anext(tail)).seq for _ in range(5)] == [1, 2, 3, 4, 5]


@pytest.mark.asyncio
async def test_waiting_ends_when_the_log_is_closed(bench: Bench) -> None:
    """Broken: closing the log leaves somebody waiting for ever."""
    log = await bench.open()
    waiting = asyncio.create_task(log.wait_beyond(0))
    await asyncio.sleep(0)
    await log.close()
    with pytest.raises(LogClosed):
        await waiting


def snapshot(seq: int, body: bytes = b"state") -> Snapshot:
    return Snapshot(seq=seq, digest=f"digest-{seq}", body=body, format=1)


@pytest.mark.asyncio
async def test_snapshots_are_kept_and_found(bench: Bench) -> None:
    """Broken: replay begins too early, or too late, or finds nothing to begin with."""
    log = await bench.open()
    await fill(log, [2, 3, 1])
    assert await log.newest_snapshot() is None
    await log.save_snapshot(snapshot(2))
    await log.save_snapshot(snapshot(6))
    await log.save_snapshot(snapshot(2, b"again"))
    assert await log.newest_snapshot() == snapshot(6)
    assert await log.newest_snapshot(upto=5) == snapshot(2, b"again")
    assert await log.newest_snapshot(upto=1) is None
    assert [(facts.seq, facts.size) for facts in await log.snapshots()] == [(2, 5), (6, 5)]
    await log.drop_snapshot(6)
    await log.drop_snapshot(6)
    assert [facts.seq for facts in await log.snapshots()] == [2]


@pytest.mark.asyncio
@pytest.mark.parametrize("seq", [-1, 0, 1, 3, 4, 7])
async def test_a_snapshot_stands_at_the_end_of_a_batch(bench: Bench, seq: int) -> None:
    """Broken: a state that never was, in the middle of a batch or beyond the log, passes for one."""
    log = await bench.open()
    await fill(log, [2, 3, 1])
    with pytest.raises(SnapshotRefused):
        await log.save_snapshot(snapshot(seq))


@pytest.mark.asyncio
async def test_a_snapshot_that_is_not_of_this_history_is_passed_over(bench: Bench) -> None:
    """Broken: a damaged cache becomes the truth."""
    log = await bench.open()
    await fill(log, [2, 3])
    await log.save_snapshot(snapshot(2))
    store = await bench.store()
    await store.save_snapshot(snapshot(5), seal=b"of another log")
    assert await log.newest_snapshot() == snapshot(2)
    await store.close()


@pytest.mark.asyncio
async def test_reading_before_the_beginning_is_refused(bench: Bench) -> None:
    """Broken: a negative place silently means some other place."""
    log = await bench.open()
    with pytest.raises(NoSuchSeq):
        await everything(log, after=-1)


TEXT = st.text(max_size=12)
EVENTS = st.one_of(st.builds(Put, TEXT, st.integers(-(2**63), 2**63)), st.builds(Dropped, TEXT))


@given(
    batches=st.lists(st.lists(st.tuples(EVENTS, st.integers(0, 2**63 - 1), TEXT), min_size=1, max_size=5), max_size=4)
)
@pytest.mark.parametrize("place", PLACES)
def test_any_batches_are_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    place: Callable[[Path], MemoryPlace | SqlitePlace],
    batches: list[list[tuple[Event, int, str]]],
) -> None:
    """Broken: some text or number does not survive the log."""

    async def run() -> list[Entry[Event]]:
        bench = Bench(place(tmp_path_factory.mktemp("log")))
        log = await bench.open()
        try:
            for entries in written:
                await log.append(entries, epoch=0)
            return await everything(log)
        finally:
            await bench.close()

    written = as_batches(batches)
    assert asyncio.run(run()) == [entry for entries in written for entry in entries]


def as_batches(batches: list[list[tuple[Event, int, str]]]) -> list[list[Entry[Event]]]:
    made: list[list[Entry[Event]]] = []
    first = 1
    for facts in batches:
        plain = batch(first, *[event for event, _, _ in facts])
        pairs = zip(plain, facts, strict=True)
        made.append([with_fields(entry, at=at, correlation=text, actor=text) for entry, (_, at, text) in pairs])
        first += len(facts)
    return made
