"""Damage is found, at the right place, and a sound log is called sound."""

# ruff: noqa: ASYNC240 - these tests look at small local files

import asyncio
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bel.codec import StructCodec
from bel.entry import Entry
from bel.errors import BelError, ChainBroken, Undecodable, UnknownKind
from bel.memory import MemoryStore
from bel.open import open_log, open_reader
from bel.row import PAYLOAD, Row
from bel.sqlite import SqliteReader
from bel.stored import StoredLog
from bel.verify import Report, verify
from tests.bel.toy import CODEC, Event, Put, everything, fill, key_of

SIZES = [3, 4, 1, 2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bel.sqlite"


async def spoiled(path: Path, *statements: str) -> Report:
    """Make a log of ten entries, change it behind its back, and verify it."""
    async with await open_log(path, CODEC) as log:
        await fill(log, SIZES)
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return await report_on(path)


async def report_on(path: Path) -> Report:
    source = await SqliteReader.open(path)
    try:
        return await verify(source, CODEC)
    finally:
        await source.close()


def swap(first: int, second: int) -> list[str]:
    return [f"UPDATE entry SET seq = {to} WHERE seq = {of}" for of, to in ((first, -1), (second, first), (-1, second))]


CUT_AFTER_7 = "DELETE FROM entry WHERE seq > 7"
HEAD_AT_7 = "UPDATE head SET seq = 7, batch = 4, hash = (SELECT hash FROM entry WHERE seq = 7)"
DAMAGE: dict[str, tuple[str, int | None, list[str]]] = {
    "a byte of a payload": (
        "chain_broken",
        5,
        ["UPDATE entry SET payload = replace(payload, 'key/5', 'key/6') WHERE seq = 5"],
    ),
    "a time": ("chain_broken", 6, ["UPDATE entry SET at = at + 1 WHERE seq = 6"]),
    "an actor": ("chain_broken", 1, ["UPDATE entry SET actor = 'mallory' WHERE seq = 1"]),
    "text moved to the next column": (
        "chain_broken",
        2,
        ["UPDATE entry SET correlation = correlation || actor, actor = '' WHERE seq = 2"],
    ),
    "a hash": ("chain_broken", 4, ["UPDATE entry SET hash = zeroblob(16) WHERE seq = 4"]),
    "two rows swapped": ("chain_broken", 5, swap(5, 9)),
    "a missing row": ("chain_broken", 6, ["DELETE FROM entry WHERE seq = 6"]),
    "a missing first row": ("chain_broken", 1, ["DELETE FROM entry WHERE seq = 1"]),
    "a cut tail": ("tail_missing", 8, [CUT_AFTER_7]),
    "a cut tail with its head row": ("tail_missing", 8, [CUT_AFTER_7, HEAD_AT_7]),
    "rows beyond the head row": ("log_damaged", 8, [HEAD_AT_7]),
    "an emptied log": ("tail_missing", 1, ["DELETE FROM entry"]),
    "an emptied log with its head row": (
        "tail_missing",
        1,
        ["DELETE FROM entry", "UPDATE head SET seq = 0, batch = 0, hash = zeroblob(16)"],
    ),
    "no head row": ("log_damaged", None, ["DELETE FROM head"]),
    "no table of entries": ("log_damaged", 1, ["ALTER TABLE entry RENAME TO gone"]),
    "an older epoch": ("log_damaged", None, ["UPDATE head SET epoch = 0"]),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("what", DAMAGE)
async def test_damage_is_found_at_its_seq(path: Path, what: str) -> None:
    """Broken: damage goes unseen, or is looked for in the wrong place."""
    code, seq, statements = DAMAGE[what]
    report = await spoiled(path, *statements)
    assert report.findings[0].code == code
    assert report.first_bad == seq


@pytest.mark.asyncio
async def test_reading_stops_at_damage(path: Path) -> None:
    """Broken: a daemon builds its state from entries that nobody wrote, or loses the sound ones before."""
    await spoiled(path, *DAMAGE["a byte of a payload"][2])
    async with await open_reader(path, CODEC) as reader:
        reading = reader.read()
        assert [entry.seq for entry in await anext(reading)] == [1, 2, 3, 4]
        with pytest.raises(ChainBroken) as broken:
            await anext(reading)
        assert broken.value.seq == 5
        assert len(await everything(reader, after=5)) == 5


@pytest.mark.asyncio
async def test_a_sound_log_is_called_sound(path: Path) -> None:
    """Broken: verification cries wolf."""
    report = await spoiled(path)
    assert (report.entries, report.findings, report.first_bad) == (10, (), None)
    assert report.head is not None
    assert report.head.seq == 10


@pytest.mark.asyncio
async def test_text_that_is_no_text_is_found_at_its_seq(path: Path) -> None:
    """Broken: a flipped bit that makes a text unreadable hides where it is."""
    report = await spoiled(path, "UPDATE entry SET payload = CAST(x'7bff7d' AS TEXT) WHERE seq = 6")
    assert (report.first_bad, report.entries) == (6, 9)
    async with await open_reader(path, CODEC) as reader:
        with pytest.raises(BelError):
            await everything(reader)


@pytest.mark.asyncio
async def test_a_flipped_bit_in_the_file_is_found(path: Path) -> None:
    """Broken: a byte that rots on disk is read as if nothing had happened."""
    async with await open_log(path, CODEC) as log:
        await fill(log, SIZES)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b'"key":"key/5"') + 8] ^= 1
    path.write_bytes(raw)
    assert (await report_on(path)).first_bad == 5


@pytest.mark.asyncio
async def test_sqlite_itself_is_asked(path: Path) -> None:
    """Broken: an index that does not fit its table goes unseen, and a duplicate event id with it."""
    report = await spoiled(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'snapshot')"
        " WHERE name LIKE 'sqlite_autoindex_entry%'",
    )
    assert {finding.code for finding in report.findings} == {"store_damaged"}


@pytest.mark.asyncio
async def test_events_that_nobody_knows_stop_the_reader() -> None:
    """Broken: an old program skips what a newer one has written."""
    store = MemoryStore()
    log = await StoredLog[Event].open(store, CODEC)
    await fill(log, SIZES)
    poorer = StructCodec[Event]([], key_of)
    with pytest.raises(UnknownKind) as unknown:
        await everything(await StoredLog[Event].open(store, poorer))
    assert unknown.value.seq == 1
    report = await verify(store, poorer)
    assert {finding.code for finding in report.findings} == {"unknown_kind"}
    assert report.first_bad == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("order", [(0, 1, 1, 2), (0, 1, 0, 2), (1, 0, 2, 3), (0, 2, 1, 3)])
async def test_rows_out_of_their_order_are_found(order: tuple[int, ...]) -> None:
    """Broken: a page that gives a row twice, or one from before, passes for sound."""
    store = MemoryStore()
    await fill(await StoredLog[Event].open(store, CODEC), SIZES)
    rows = list(store._rows)
    store._rows = [rows[place] for place in order] + rows[len(order) :]
    sound = next(place for place, row in enumerate(store._rows) if row is not rows[place])
    report = await verify(store, CODEC)
    assert (report.findings[0].code, report.first_bad) == ("chain_broken", sound + 1)


class Odd:
    """A codec that writes what it cannot read."""

    encode = CODEC.encode

    def decode(self, kind: str, version: int, payload: str) -> Event:
        return CODEC.decode(kind, version, payload.replace('"value":2', '"value":"two"'))


@pytest.mark.asyncio
async def test_a_payload_that_does_not_decode_is_named() -> None:
    """Broken: a bad payload ends in a traceback without a place."""
    store = MemoryStore()
    log = await StoredLog[Event].open(store, Odd())
    await fill(log, SIZES)
    with pytest.raises(Undecodable) as bad:
        await everything(log)
    assert bad.value.seq == 3
    assert (await verify(store, Odd())).first_bad == 3


@pytest.mark.asyncio
async def test_the_domain_is_asked_about_each_entry() -> None:
    """Broken: a log whose events make no sense is called sound."""
    asked: list[int] = []

    def odd(entry: Entry[Event]) -> Iterable[str]:
        asked.append(entry.seq)
        return ["a put of key/4"] if isinstance(entry.event, Put) and entry.event.key == "key/4" else []

    store = MemoryStore()
    await fill(await StoredLog[Event].open(store, CODEC), SIZES)
    report = await verify(store, CODEC, odd)
    assert [(finding.code, finding.seq) for finding in report.findings] == [("law", 4)]
    assert asked == [1, 2, 3, 4]


@given(index=st.integers(0, 9), column=st.integers(0, 11), data=st.data())
def test_any_change_of_any_field_is_found(index: int, column: int, data: st.DataObject) -> None:
    """Broken: some field is not covered by the chain."""

    async def run() -> int | None:
        store = MemoryStore()
        await fill(await StoredLog[Event].open(store, CODEC), SIZES)
        old = store._rows[index]
        items: list[object] = list(old)
        items[column] = data.draw(other_than(old[column]))
        store._rows[index] = as_row(items)
        return (await verify(store, CODEC)).first_bad

    assert asyncio.run(run()) is not None


def other_than(value: object) -> st.SearchStrategy[object]:
    kinds: dict[type, st.SearchStrategy[object]] = {int: st.integers(0, 2**62), str: st.text(), bytes: st.binary()}
    return kinds[type(value)].filter(lambda other: other != value)


def as_row(items: list[object]) -> Row:
    row: Row = tuple(items)  # type: ignore[assignment]
    assert len(row) == PAYLOAD + 2
    return row
