"""The world as bytes, and back: a cache of a replay, never the truth.

Only states are kept, and beside them the columns that indices are made of, so that who looks at a few entities need not
decode the others; every index is made anew. Entities stand in pieces: so nobody else is kept waiting for long while
they are encoded. A piece is compressed, since neighbours are much alike: as long as nobody looks at them, entities
take a tenth of what they would. Source: design section 6.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Protocol, TypeVar

import msgspec

from statemachines.cold import Cold, Piece
from statemachines.ids import WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Partition
from statemachines.roster import PartitionColumns, Roster, RunColumns, WantColumns
from statemachines.want import Want
from statemachines.world import Entities, States, World

FORMAT = 4
"""Raised whenever the states or their codes change: a snapshot of another format is passed over."""

AT_ONCE = 2_000
COMPRESSION = 1
"""The least: it takes a third of the time of the next, and what is left is hardly more."""

_encode = msgspec.msgpack.Encoder().encode

K = TypeVar("K", bound=str)
T = TypeVar("T")
C = TypeVar("C", WantColumns, RunColumns, PartitionColumns)


class _Ids(Protocol[K]):
    """Columns of which one is that of the ids."""

    @property
    def ids(self) -> list[K]: ...


class _Piece(msgspec.Struct, frozen=True, array_like=True):
    """Some entities that came to be one after the other: what indices are made of, and their states, compressed."""

    columns: msgspec.Raw
    states: bytes


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """States in pieces."""

    seq: int
    opened: dict[WantId, int]
    wants: list[_Piece]
    runs: list[_Piece]
    partitions: list[_Piece]
    canonical: bytes
    seqs: list[msgspec.Raw]


def encode_world(world: World) -> bytes:
    """The world as bytes. O(entities)."""
    return encode_states(world.states())


def encode_states(states: States) -> bytes:
    """The world of these states as bytes."""
    body = _Body(
        states.seq,
        states.opened,
        _encoded(states.wants, WantColumns.of),
        _encoded(states.runs, RunColumns.of),
        _encoded(states.partitions, PartitionColumns.of),
        bytes(states.canonical),
        list(map(_raw, _pieces(states.seqs))),
    )
    return _encode(body)


def open_world(body: bytes) -> World:
    """The world that was encoded, with entities that are decoded when they are looked at.

    Raises msgspec.MsgspecError for bytes that are no world of this format; what is wrong with an entity is raised when
    it is looked at.
    """
    found = msgspec.msgpack.decode(body, type=_Body)
    roster = Roster(
        _columns(found.wants, WantColumns),
        _columns(found.runs, RunColumns),
        _columns(found.partitions, PartitionColumns),
    )
    wants = _cold(found.wants, roster.wants, list[Want])
    runs = _cold(found.runs, roster.runs, list[JobRun])
    partitions = _cold(found.partitions, roster.partitions, list[Partition])
    seqs = chain.from_iterable(map(msgspec.msgpack.Decoder(list[int]).decode, found.seqs))
    try:
        newest = dict(zip(chain[str](wants, runs, partitions), seqs, strict=True))
        return World.of(Entities(found.seq, wants, runs, partitions, newest, found.opened), roster, found.canonical)
    except ValueError as error:
        raise msgspec.ValidationError("a seq or an instance that the states speak of is missing") from error


def _encoded(states: Iterable[T], columns: Callable[[Iterable[T]], C]) -> list[_Piece]:
    return [_Piece(_raw(columns(piece)), zlib.compress(_encode(piece), COMPRESSION)) for piece in _pieces(states)]


def _pieces(states: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(states)
    while piece := list(islice(rest, AT_ONCE)):
        yield piece


def _raw(piece: object) -> msgspec.Raw:
    return msgspec.Raw(_encode(piece))


def _columns(pieces: list[_Piece], kind: type[C]) -> list[C]:
    decode = msgspec.msgpack.Decoder(kind).decode
    return [decode(piece.columns) for piece in pieces]


def _cold(pieces: list[_Piece], columns: Sequence[_Ids[K]], kind: type[list[T]]) -> Cold[K, T]:
    decoder = msgspec.msgpack.Decoder(kind)

    def decode(states: bytes) -> list[T]:
        try:
            return decoder.decode(zlib.decompress(states))
        except zlib.error as error:
            raise msgspec.DecodeError(f"a piece of a snapshot cannot be read: {error}") from error

    both = zip(columns, pieces, strict=True)
    return Cold([Piece(column.ids, piece.states) for column, piece in both], decode)
