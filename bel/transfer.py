"""A log as lines of JSON, to keep, to look at, and to move.

The first line says what follows and what the head must be at the end; each further line is one entry as it is stored,
hash included, with its payload as JSON whose bytes count: a tool that writes it out in another way breaks the chain.
Rows are moved as they are, so the entries need not be understood, keep their versions, and end in the same hash.
Source: design section 6.
"""

from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from bel.entry import Head
from bel.errors import BadExport, ChainBroken, LogNotEmpty
from bel.reading import checked_rows
from bel.row import BATCH, HASH, SEQ, ChainCheck, Row
from bel.store import RowSource, Store

FORMAT = "wantd-bel"
VERSION = 1

_WRITE_ROWS = 1_000


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    version: int
    seq: int
    batch: int
    hash: str


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seq: int
    batch: int
    at: int
    kind: str
    version: int
    entity: str
    event_id: str
    cause: int
    correlation: str
    actor: str
    payload: msgspec.Raw
    hash: str


async def export_lines(source: RowSource) -> AsyncIterator[bytes]:
    """Give the log up to its head of this moment, a line at a time, each with its end of line."""
    head = await source.head()
    header = _Header(format=FORMAT, version=VERSION, seq=head.seq, batch=head.batch, hash=head.hash.hex())
    yield msgspec.json.encode(header) + b"\n"
    to_json = msgspec.json.Encoder().encode
    async for rows in checked_rows(source, 0, head.seq):
        for row in rows:
            yield to_json(_line(row)) + b"\n"


async def import_lines(lines: AsyncIterable[bytes], store: Store) -> Head:
    """Write an export into an empty store and give the head, which is the one that was exported.

    Raise BadExport with the number of the first line that is not sound; what came before it is in the store by then, so
    import into a new file and throw it away.
    """
    head = await store.head()
    if head.seq:
        raise LogNotEmpty(head.seq)
    promised: _Header | None = None
    waiting: list[Row] = []
    chain, number = ChainCheck(None), 0
    async for line in lines:
        number += 1
        if promised is None:
            promised = _read_header(line)
            continue
        row = _read_row(line, number, chain)
        if len(waiting) >= _WRITE_ROWS and row[BATCH] == row[SEQ]:
            head = await _write(store, waiting, head)
            waiting = []
        waiting.append(row)
    if waiting:
        head = await _write(store, waiting, head)
    if promised is None or (head.seq, head.batch, head.hash.hex()) != (promised.seq, promised.batch, promised.hash):
        raise BadExport(number, "it ends before the head that its first line promises")
    return head


async def copy_rows(source: RowSource, store: Store, upto: int | None = None) -> Head:
    """Copy a log up to the end of a batch, or to its head, into an empty store, checking the chain; give the head."""
    head = await store.head()
    if head.seq:
        raise LogNotEmpty(head.seq)
    waiting: list[Row] = []
    async for rows in checked_rows(source, 0, (await source.head()).seq if upto is None else upto):
        for row in rows:
            if len(waiting) >= _WRITE_ROWS and row[BATCH] == row[SEQ]:
                head = await _write(store, waiting, head)
                waiting = []
            waiting.append(row)
    return await _write(store, waiting, head) if waiting else head


def _read_header(line: bytes) -> _Header:
    try:
        header = msgspec.json.decode(line, type=_Header)
    except msgspec.MsgspecError as error:
        raise BadExport(1, f"it is not the first line of an export ({error})") from error
    if (header.format, header.version) != (FORMAT, VERSION):
        found = f"{header.format} {header.version}"
        raise BadExport(1, f"its format is {found}, this program reads {FORMAT} {VERSION}")
    return header


def _line(row: Row) -> _Line:
    seq, batch, at, kind, version, entity, event_id, cause, correlation, actor, payload, digest = row
    return _Line(
        seq, batch, at, kind, version, entity, event_id, cause, correlation, actor, msgspec.Raw(payload), digest.hex()
    )


def _read_row(line: bytes, number: int, chain: ChainCheck) -> Row:
    try:
        *fields, payload, digest = msgspec.structs.astuple(msgspec.json.decode(line, type=_Line))
        row: Row = (*fields, bytes(payload).decode(), bytes.fromhex(digest))
        return chain.follow(row)
    except (msgspec.MsgspecError, ValueError, ChainBroken) as error:
        raise BadExport(number, str(error)) from error


async def _write(store: Store, rows: list[Row], before: Head) -> Head:
    after = Head(seq=rows[-1][SEQ], batch=rows[-1][BATCH], hash=rows[-1][HASH], epoch=before.epoch)
    await store.write(rows, before, after)
    return after
