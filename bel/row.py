"""The stored form of an entry: a plain tuple, the same for every store.

Rows, not entries, are what is hashed, exported and verified, so that a log can be judged and moved without
understanding its events. Source: design section 6.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from bel.chain import GENESIS, Fields, link
from bel.codec import Codec
from bel.entry import Entry, Head
from bel.errors import BadBatch, ChainBroken, EmptyBatch, HeadMoved, Undecodable, Unencodable, UnknownKind

E = TypeVar("E")

Row = tuple[int, int, int, str, int, str, str, int, str, str, str, bytes]
"""seq, batch, at, kind, version, entity, event_id, cause, correlation, actor, payload, hash."""

RawRow = tuple[int | float | bytes | str | None, ...]
"""The same columns as a damaged file gives them, with bytes for texts."""

SEQ: Final = 0
BATCH: Final = 1
EVENT_ID: Final = 6
CAUSE: Final = 7
PAYLOAD: Final = 10
HASH: Final = 11

_TYPES: Final = (int, int, int, str, int, str, str, int, str, str, str, bytes)

PAYLOAD_CHARS_MAX = 16 * 1024 * 1024
"""A longer payload is refused: an event says what happened, it does not carry data."""

_AT_MAX = 2**63 - 1


def is_row(items: Sequence[object]) -> bool:
    """Say whether every column holds what belongs there: a damaged file gives whatever its bytes look like."""
    return tuple(map(type, items)) == _TYPES


def check_batch(entries: Sequence[Entry[object]], head: Head) -> None:
    """Raise unless the entries are the next batch after ``head``."""
    if not entries:
        raise EmptyBatch
    first = head.seq + 1
    if entries[0].seq != first:
        raise HeadMoved(entries[0].seq, head.seq)
    for seq, entry in enumerate(entries, first):
        if entry.seq != seq or entry.batch != first or not 0 <= entry.cause < seq or not 0 <= entry.at <= _AT_MAX:
            raise BadBatch(seq, _problem(entry, seq, first))


def _problem(entry: Entry[object], seq: int, first: int) -> str:
    if entry.seq != seq:
        return f"it calls itself {entry.seq}, a batch has no gaps"
    if entry.batch != first:
        return f"it says batch {entry.batch}, its batch begins at {first}"
    if not 0 <= entry.cause < seq:
        return f"its cause is {entry.cause}, a cause is 0 or an earlier entry"
    return f"its time is {entry.at}, which is not a number of microseconds since 1970"


def to_rows(entries: Sequence[Entry[E]], codec: Codec[E], previous: bytes) -> list[Row]:
    """Encode and chain a batch; raise Unencodable with the seq of the entry that has no stored form."""
    rows: list[Row] = []
    encode = codec.encode
    for entry in entries:
        try:
            kind, version, entity, payload = encode(entry.event)
            if len(payload) > PAYLOAD_CHARS_MAX:
                raise ValueError(f"its payload has {len(payload)} characters, at most {PAYLOAD_CHARS_MAX} are allowed")
            fields: Fields = (
                entry.seq,
                entry.batch,
                entry.at,
                kind,
                version,
                entity,
                entry.event_id,
                entry.cause,
                entry.correlation,
                entry.actor,
                payload,
            )
            previous = link(previous, fields)
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            raise Unencodable(entry.seq, str(error) or repr(error)) from error
        rows.append((*fields, previous))
    return rows


def to_entry(row: Row, codec: Codec[E]) -> Entry[E]:
    """Decode a row; raise UnknownKind or Undecodable with its seq."""
    seq, batch, at, kind, version, _, event_id, cause, correlation, actor, payload, _ = row
    try:
        event = codec.decode(kind, version, payload)
    except UnknownKind as error:
        raise UnknownKind(error.kind, error.version, seq) from error
    except Undecodable as error:
        raise Undecodable(error.kind, error.detail, seq) from error
    return Entry(seq, batch, at, event, event_id, cause, correlation, actor)


class ChainCheck:
    """Walks rows in order and raises ChainBroken at the first that does not stand where it belongs."""

    def __init__(self, previous: Row | None) -> None:
        """Begin behind ``previous``, which is trusted; None is the beginning of the log."""
        self._seq, self._hash = (previous[SEQ], previous[HASH]) if previous else (0, GENESIS)

    def follow(self, row: Row) -> Row:
        """Take the next row."""
        seq = self._seq + 1
        if row[SEQ] != seq:
            raise ChainBroken(seq, f"it is missing, the next one is {row[SEQ]}")
        if link(self._hash, row[:-1]) != row[HASH]:
            raise ChainBroken(seq, "its hash does not match its bytes and the entry before it")
        self._seq, self._hash = seq, row[HASH]
        return row
