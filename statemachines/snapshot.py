"""The world as bytes, and back: a cache of a replay, never the truth.

Only states are kept, and beside them the columns that indices are made of, so that who looks at a few entities need not
decode the others; every index is made anew. Entities stand in pieces. Most of them never change again, so from one
snapshot to the next most pieces are the same, and are taken over. A piece is compressed, since neighbours are much
alike: as long as nobody looks at them, entities take a tenth of what they would. Source: design section 6.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain, count, islice
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from statemachines.cold import Cold, Piece
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Partition
from statemachines.roster import PartitionColumns, Roster, RunColumns, WantColumns
from statemachines.want import Want
from statemachines.world import Entities, States, World

FORMAT = 5
"""Raised whenever the states, their codes or their columns change: a snapshot of another format is passed over."""

AT_ONCE = 2_000
COMPRESSION = 1
"""The least: it takes a third of the time of the next, and what is left is hardly more."""

_encode = msgspec.msgpack.Encoder().encode

K = TypeVar("K", bound=str)
K_co = TypeVar("K_co", bound=str, covariant=True)
T = TypeVar("T")
C = TypeVar("C", WantColumns, RunColumns, PartitionColumns)


class Encoded(NamedTuple):
    """A world as bytes, and the fingerprint of what is in them."""

    body: bytes
    digest: str


class _Columns(Protocol[K_co]):
    """Columns of which one is that of the ids."""

    @property
    def ids(self) -> Sequence[K_co]: ...


class _Piece(msgspec.Struct, frozen=True, array_like=True):
    """Entities that came to be one after the other: what indices are made of, and their states; both compressed."""

    columns: bytes
    states: bytes
    digest: bytes
    """Of what is in both."""


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """States in pieces."""

    seq: int
    opened: dict[WantId, int]
    wants: list[_Piece]
    runs: list[_Piece]
    partitions: list[_Piece]
    canonical: bytes
    """For each instance whether it is what readers get."""


class WorldCodec:
    """Encodes the worlds of one log, one after the other, and remembers the pieces of the last one it saw."""

    def __init__(self) -> None:
        self._wants = _Pieces[WantId, Want](WantColumns.of)
        self._runs = _Pieces[RunId, JobRun](RunColumns.of)
        self._partitions = _Pieces[InstanceId, Partition](PartitionColumns.of)

    def encode(self, states: States) -> Encoded:
        """The world of these states. Costs time for what has changed since the last, and little for what has not."""
        body = _Body(
            states.seq,
            states.opened,
            self._wants.encode(states.wants, states),
            self._runs.encode(states.runs, states),
            self._partitions.encode(states.partitions, states),
            bytes(map(set(chain.from_iterable(states.canonical)).__contains__, states.partitions)),
        )
        pieces = [[piece.digest for piece in kind] for kind in (body.wants, body.runs, body.partitions)]
        told = (body.seq, body.opened, pieces, body.canonical)
        return Encoded(_encode(body), blake2b(_encode(told), digest_size=16).hexdigest())

    def decode(self, body: bytes) -> World:
        """The world that was encoded, with entities that are decoded when they are looked at.

        Raises msgspec.MsgspecError for bytes that are no world of this format; what is wrong with an entity is raised
        when it is looked at.
        """
        found = msgspec.msgpack.decode(body, type=_Body)
        roster = Roster(
            _columns(found.wants, WantColumns),
            _columns(found.runs, RunColumns),
            _columns(found.partitions, PartitionColumns),
        )
        entities = Entities(
            found.seq,
            found.opened,
            _cold(found.wants, roster.wants, list[Want]),
            _cold(found.runs, roster.runs, list[JobRun]),
            _cold(found.partitions, roster.partitions, list[Partition]),
        )
        try:
            world = World.of(entities, roster, found.canonical)
        except ValueError as error:
            raise msgspec.ValidationError("a seq or an instance that the states speak of is missing") from error
        self._wants.known = _Known(found.seq, found.wants)
        self._runs.known = _Known(found.seq, found.runs)
        self._partitions.known = _Known(found.seq, found.partitions)
        return world


def encode_world(world: World) -> bytes:
    """The world as bytes. O(entities)."""
    return WorldCodec().encode(world.states()).body


def open_world(body: bytes) -> World:
    """The world that was encoded. Raises as ``WorldCodec.decode`` does."""
    return WorldCodec().decode(body)


class _Known(NamedTuple):
    """The pieces of one kind of entities, and the seq as of which they are so."""

    seq: int
    pieces: list[_Piece]


class _Pieces(Generic[K, T]):
    """Makes the pieces of one kind of entities. Several threads may: each begins with what is known by then."""

    def __init__(self, columns_of: Callable[[Sequence[T], list[int]], object]) -> None:
        self._columns_of = columns_of
        self.known = _Known(0, [])

    def encode(self, entities: Mapping[K, T], states: States) -> list[_Piece]:
        """The pieces of these entities. One in which nothing is newer than what is known is the same as then."""
        known = self.known if self.known.seq <= states.seq else _Known(0, [])
        found: list[_Piece] = []
        for number, ids in zip(count(), _in_pieces(entities)):
            seqs = [*map(states.seqs.__getitem__, ids)]
            if number < len(known.pieces) and max(seqs) <= known.seq:
                found.append(known.pieces[number])
            else:
                found.append(self._encoded([entities[entity] for entity in ids], seqs))
        self.known = _Known(states.seq, found)
        return found

    def _encoded(self, entities: list[T], seqs: list[int]) -> _Piece:
        columns, states = _encode(self._columns_of(entities, seqs)), _encode(entities)
        digest = blake2b(columns, digest_size=16)
        digest.update(states)
        return _Piece(zlib.compress(columns, COMPRESSION), zlib.compress(states, COMPRESSION), digest.digest())


def _in_pieces(ids: Iterable[K]) -> Iterator[list[K]]:
    rest = iter(ids)
    while piece := list(islice(rest, AT_ONCE)):
        yield piece


def _columns(pieces: list[_Piece], kind: type[C]) -> list[C]:
    decode = _decoding(kind)
    return [decode(piece.columns) for piece in pieces]


def _cold(pieces: list[_Piece], columns: Sequence[_Columns[K]], kind: type[list[T]]) -> Cold[K, T]:
    both = zip(columns, pieces, strict=True)
    return Cold([Piece(column.ids, piece.states) for column, piece in both], _decoding(kind))


def _decoding(kind: type[T]) -> Callable[[bytes], T]:
    decoder = msgspec.msgpack.Decoder(kind)

    def decode(compressed: bytes) -> T:
        try:
            return decoder.decode(zlib.decompress(compressed))
        except zlib.error as error:
            raise msgspec.DecodeError(f"a piece of a snapshot cannot be read: {error}") from error

    return decode
