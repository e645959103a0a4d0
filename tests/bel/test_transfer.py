"""A log survives the way out and in, and a damaged export is refused at its line."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bel.errors import BadExport, LogNotEmpty
from bel.memory import MemoryStore
from bel.sqlite import SqliteStore
from bel.stored import StoredLog
from bel.transfer import copy_rows, export_lines, import_lines
from bel.verify import verify
from tests.bel.toy import CODEC, Event, Put, as_lines, batch, everything, fill


async def an_export() -> tuple[MemoryStore, list[bytes]]:
    store = MemoryStore()
    log = await StoredLog[Event].open(store, CODEC)
    await fill(log, [2, 1_500, 3])
    await log.append(batch(log.head.seq + 1, Put('ü"\n\u2028')), epoch=1)
    return store, [line async for line in export_lines(store)]


@pytest.mark.asyncio
async def test_a_log_comes_back_as_it_went(tmp_path: Path) -> None:
    """Broken: moving a log to another machine changes it, or the hash that others remember."""
    source, lines = await an_export()
    target = await SqliteStore.open(tmp_path / "bel.sqlite")
    head = await import_lines(as_lines(lines), target)
    async with await StoredLog[Event].open(target, CODEC) as log:
        assert log.head == head
        assert (head.seq, head.batch, head.hash) == (1_506, 1_506, (await source.head()).hash)
        assert await everything(log) == await everything(await StoredLog[Event].open(source, CODEC))
        assert [line async for line in export_lines(target)] == lines
        assert (await verify(target, CODEC)).findings == ()


@pytest.mark.asyncio
async def test_a_log_is_copied_up_to_the_end_of_a_batch(tmp_path: Path) -> None:
    """Broken: a fork has other entries than the log that it was made from, or is no sound log."""
    source, _ = await an_export()
    for upto in (0, 2, 1_502, 1_506):
        target = await SqliteStore.open(tmp_path / f"{upto}.sqlite")
        assert (await copy_rows(source, target, upto)).seq == upto
        assert (await verify(target, CODEC)).findings == ()
        await target.close()
    copy = MemoryStore()
    assert (await copy_rows(source, copy)).hash == (await source.head()).hash
    with pytest.raises(LogNotEmpty):
        await copy_rows(source, copy)


@pytest.mark.asyncio
async def test_a_line_can_be_read_by_others() -> None:
    """Broken: an export is of no use to a script."""
    _, lines = await an_export()
    assert len(lines) == 1_507
    header, first = (msgspec.json.decode(line, type=dict[str, object]) for line in lines[:2])
    assert (header["format"], header["seq"]) == ("wantd-bel", 1_506)
    assert first["payload"] == {"type": "Put", "key": "key/1", "value": 0}
    assert (first["seq"], first["kind"], first["entity"]) == (1, "Put", "key/1")


@pytest.mark.asyncio
async def test_an_empty_log_can_be_moved() -> None:
    """Broken: a log without entries cannot be exported or imported."""
    lines = [line async for line in export_lines(MemoryStore())]
    assert (await import_lines(as_lines(lines), MemoryStore())).seq == 0


@pytest.mark.asyncio
async def test_an_import_needs_an_empty_log() -> None:
    """Broken: an import overwrites a log, or is mixed into it."""
    store, lines = await an_export()
    with pytest.raises(LogNotEmpty):
        await import_lines(as_lines(lines), store)


def changed(lines: list[bytes], number: int, old: bytes, new: bytes) -> list[bytes]:
    assert old in lines[number - 1]
    return [*lines[: number - 1], lines[number - 1].replace(old, new), *lines[number:]]


SPOILED: dict[str, tuple[int, Callable[[list[bytes]], list[bytes]]]] = {
    "nothing": (0, lambda _: []),
    "no header": (1, lambda lines: lines[1:]),
    "another format": (1, lambda lines: changed(lines, 1, b"wantd-bel", b"wantd-bol")),
    "a newer version": (1, lambda lines: changed(lines, 1, b'"version":1', b'"version":2')),
    "another payload": (5, lambda lines: changed(lines, 5, b'"key":"key/4"', b'"key":"key/5"')),
    "the same payload written otherwise": (5, lambda lines: changed(lines, 5, b'"key":', b'"key": ')),
    "another hash": (9, lambda lines: changed(lines, 9, b'"hash":"', b'"hash":"00')),
    "a line missing": (7, lambda lines: lines[:6] + lines[7:]),
    "two lines swapped": (7, lambda lines: [*lines[:6], lines[7], lines[6], *lines[8:]]),
    "a line twice": (8, lambda lines: lines[:7] + lines[6:]),
    "half a line": (1_507, lambda lines: [*lines[:-1], lines[-1][:50]]),
    "lines missing at the end": (1_505, lambda lines: lines[:-2]),
    "an unknown field": (3, lambda lines: changed(lines, 3, b'{"seq"', b'{"more":1,"seq"')),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("what", SPOILED)
async def test_a_damaged_export_is_refused_at_its_line(what: str) -> None:
    """Broken: a damaged export becomes a log that looks sound."""
    line, spoil = SPOILED[what]
    _, lines = await an_export()
    with pytest.raises(BadExport) as bad:
        await import_lines(as_lines(spoil(lines)), MemoryStore())
    assert bad.value.line == line
