"""The good prefix of a log: how far it can be believed, and why not further.

Bytes, order and place are judged by the chain. A batch counts as whole only when something shows its end: a sound row
that begins the next one, or a witness (head row, head file, a sealed snapshot). Behind damage rows are asked
only what batch they name; where they contradict each other, or say nothing, the batch in doubt is not kept. Events are
not looked into: what was written stays, whether or not this program understands it. Source: design section 6.
"""

from collections.abc import AsyncIterator

import msgspec

from bel.chain import link
from bel.entry import Head
from bel.errors import BelError, LogDamaged
from bel.head_file import read_head_file
from bel.reading import CHUNK_ROWS, snapshot_seal
from bel.row import BATCH, HASH, SEQ, ChainCheck, RawRow, Row
from bel.salvage import as_text, raw_walk
from bel.sqlite import SqliteReader
from bel.witness import LAST_SEQ, check_end, check_witness


class Prefix(msgspec.Struct, frozen=True):
    """What can be kept of a log. ``reason`` is empty exactly when nothing is wrong with it."""

    seq: int
    """The last entry of the last batch that is whole, 0 for none."""
    sound: int
    """The last entry that is as it was written; those beyond ``seq`` are the part of a batch."""
    reason: str
    """The first thing that is wrong."""
    witnesses: tuple[Head, ...]
    """What the head row and the head file say, as far as they can be read."""


async def find_prefix(source: SqliteReader) -> Prefix:
    """Read a whole log and say how far it is good."""
    last: Row | None = None
    ended = 0
    problems: list[str] = []
    try:
        async for row in sound_rows(source):
            if row[BATCH] == row[SEQ]:
                ended = row[SEQ] - 1
            last = row
    except BelError as error:
        problems.append(str(error))
    witnesses, complaints = await _witnesses(source)
    problems += complaints
    if last and await _ends_batch(source, last, witnesses):
        ended = last[SEQ]
    return Prefix(ended, last[SEQ] if last else 0, problems[0] if problems else "", witnesses)


async def sound_rows(source: SqliteReader) -> AsyncIterator[Row]:
    """Give the rows from the first on, as far as one follows the other; raise ChainBroken or LogDamaged behind them."""
    chain, after, limit = ChainCheck(None), 0, CHUNK_ROWS
    while True:
        try:
            rows = await source.rows(after, LAST_SEQ, limit)
        except LogDamaged as error:
            if limit == 1:
                raise LogDamaged(source.path, f"entry {after + 1} cannot be read", after + 1) from error
            limit = 1  # to find the one that cannot be read
            continue
        if not rows:
            return
        for row in rows:
            yield chain.follow(row)
        after = rows[-1][SEQ]


async def _witnesses(source: SqliteReader) -> tuple[tuple[Head, ...], list[str]]:
    found: list[Head] = []
    complaints: list[str] = []
    try:
        head = await source.head()
        found.append(head)
        await check_end(source, head)
    except BelError as error:
        complaints.append(str(error))
    try:
        if kept := read_head_file(source.path):
            found.append(kept)
            await check_witness(source, kept, "the head file")
    except BelError as error:
        complaints.append(str(error))
    try:
        complaints += await source.ailments()
    except LogDamaged as error:
        complaints.append(str(error))
    return tuple(found), complaints


async def _ends_batch(source: SqliteReader, last: Row, witnesses: tuple[Head, ...]) -> bool:
    for head in witnesses:
        if (head.seq, head.hash) == (last[SEQ], last[HASH]) or head.batch == last[SEQ] + 1:
            return True
    return await _snapshot_at(source, last) or _begins_behind(last, await _rows_behind(source, last[SEQ]))


async def _snapshot_at(source: SqliteReader, last: Row) -> bool:
    # Snapshots are taken at the ends of batches only.
    try:
        loaded = await source.load_snapshot(last[SEQ])
    except LogDamaged:
        return False
    return loaded is not None and snapshot_seal(loaded[0], last) == loaded[1]


async def _rows_behind(source: SqliteReader, after: int) -> list[RawRow]:
    rows: list[RawRow] = []
    async for found in raw_walk(source, after, after + CHUNK_ROWS):
        if found.row:
            rows.append(found.row)
        if len(rows) >= CHUNK_ROWS:
            break
    return rows


def _begins_behind(last: Row, rows: list[RawRow]) -> bool:
    """Say whether the rows behind the last sound one show that a batch begins there."""
    named = {row[BATCH] for row in rows}
    if last[SEQ] + 1 not in named or last[BATCH] in named:
        return False
    return not _only_its_batch_is_wrong(last, rows[0])


def _only_its_batch_is_wrong(last: Row, row: RawRow) -> bool:
    fields = list(as_text(row)[:HASH])
    fields[BATCH] = last[BATCH]
    return link(last[HASH], tuple(fields)) == row[HASH]  # type: ignore[arg-type] # whatever the columns hold by now
