"""What a damaged log still gives out, as lines of JSON: everything that a recovery does not keep.

The first line says what was recovered and why; each further line is one entry, as raw as it was read, with what is
wrong with it. Nothing here is believed, repaired or put into order. Source: design section 6.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec

from bel.errors import LogDamaged
from bel.reading import CHUNK_ROWS
from bel.row import HASH, SEQ, RawRow
from bel.sqlite import SqliteReader

FORMAT = "wantd-bel-dropped"

_UNREADABLE_MAX = 10_000
"""So many entries in a row that cannot be read, and there is nothing more to be had."""

_COLUMNS = (
    *("seq", "batch", "at", "kind", "version", "entity"),
    *("event_id", "cause", "correlation", "actor", "payload", "hash"),
)


class Found(msgspec.Struct, frozen=True):
    """What stands at a seq: a row, or why there is none to be had."""

    seq: int
    row: RawRow | None
    problem: str = ""


class Title(msgspec.Struct, frozen=True):
    """The first line of a file of dropped entries."""

    format: str
    log: str
    kept: int
    reason: str


async def raw_walk(source: SqliteReader, after: int, upto: int) -> AsyncIterator[Found]:
    """Give every row beyond ``after`` that can be read; up to ``upto`` also name those that cannot."""
    limit, lost = CHUNK_ROWS, 0
    while lost < _UNREADABLE_MAX:
        try:
            rows = await source.raw_rows(after, limit)
        except LogDamaged as error:
            if limit > 1:
                limit = 1  # one at a time, to lose no more than must be
                continue
            after, lost = after + 1, lost + 1
            if after > upto:
                return
            yield Found(after, None, str(error))
            continue
        if not rows:
            return
        for row in rows:
            yield Found(cast("int", row[SEQ]), row)
        # A damaged file can give rows that were not asked for: go on in any case.
        after, limit, lost = max(after + 1, cast("int", rows[-1][SEQ])), min(2 * limit, CHUNK_ROWS), 0


def as_text(row: RawRow) -> RawRow:
    """Give the row with text where it is text; what is not stays bytes."""
    return (*[_decoded(item) if isinstance(item, bytes) else item for item in row[:HASH]], row[HASH])


def _decoded(item: bytes) -> str | bytes:
    try:
        return item.decode()
    except UnicodeDecodeError:
        return item


def to_line(found: Found, why: str) -> bytes:
    """Write a dropped entry down; bytes that are no text become ``{"hex": ...}``."""
    entry = None
    if found.row:
        items = zip(_COLUMNS, as_text(found.row), strict=True)
        entry = {name: {"hex": item.hex()} if isinstance(item, bytes) else item for name, item in items}
    return msgspec.json.encode({"seq": found.seq, "why": found.problem or why, "entry": entry}) + b"\n"


async def write_dropped(source: SqliteReader, file: Path, title: Title, sound: int, upto: int) -> int:
    """Write everything beyond what is kept into ``file``, durably, and give the number of entries."""
    dropped = 0
    with file.open("wb") as out:
        out.write(msgspec.json.encode(title) + b"\n")
        async for found in raw_walk(source, title.kept, upto):
            out.write(to_line(found, _why(found.seq, title.kept, sound)))
            dropped += 1
        out.flush()
        os.fsync(out.fileno())
    return dropped


def read_dropped(file: Path) -> tuple[Title, int]:
    """Give the first line of a file of dropped entries, and how many follow."""
    with file.open("rb") as lines:
        title = msgspec.json.decode(next(lines), type=Title)
        return title, sum(1 for _ in lines)


def _why(seq: int, kept: int, sound: int) -> str:
    if kept < seq <= sound:
        return "sound, but its batch is not known to be whole"
    if seq == sound + 1:
        return "the first that is not as it was written, or not in its place"
    return f"behind entry {sound + 1}, which is damaged or missing"
