"""The world as bytes, and back: a cache of a replay, never the truth.

Only states are kept, and beside them the columns that indices are made of, so that who looks at a few entities need not
decode the others; every index is made anew. Entities stand in pieces: so nobody else is kept waiting for long while
they are encoded, and what decoding makes twice is let go before more of it is made. Source: design section 6.
"""

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from itertools import chain, islice
from typing import TypeVar

import msgspec

from statemachines.cold import Cold, Piece
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Partition
from statemachines.roster import PartitionColumns, Roster, RunColumns, WantColumns
from statemachines.sharing import Apart, Sharing
from statemachines.traits import head_of
from statemachines.want import Want
from statemachines.world import Entities, States, World

FORMAT = 3
"""Raised whenever the states or their codes change: a snapshot of another format is passed over."""

AT_ONCE = 2_000

SHARED_FROM = 100_000
"""JobRuns and instances, to some thousand, from which on it is worth the time to share what they have in common."""

K = TypeVar("K", bound=str)
T = TypeVar("T")
C = TypeVar("C", WantColumns, RunColumns, PartitionColumns)


class _Piece(msgspec.Struct, frozen=True, array_like=True):
    """Some entities that came to be one after the other: what indices are made of, and their states."""

    columns: msgspec.Raw
    states: msgspec.Raw


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
    partitions, canonical = list(states.partitions), set(states.canonical)
    body = _Body(
        states.seq,
        states.opened,
        _encoded(states.wants, WantColumns.of),
        _encoded(states.runs, RunColumns.of),
        _encoded(partitions, PartitionColumns.of),
        bytes(instance.spec.id in canonical for instance in partitions),
        list(map(_raw, _pieces(states.seqs))),
    )
    return msgspec.msgpack.encode(body)


def decode_world(body: bytes) -> World:
    """The world that was encoded. Raises msgspec.MsgspecError for bytes that are no world of this format."""
    found = msgspec.msgpack.decode(body, type=_Body)
    entities = (len(found.runs) + len(found.partitions)) * AT_ONCE
    wants: dict[WantId, Want] = {}
    runs: dict[RunId, JobRun] = {}
    partitions: dict[InstanceId, Partition] = {}
    sharing = (Sharing if entities > SHARED_FROM else Apart)(runs, partitions)
    runs.update((head_of(run).id, run) for run in sharing.runs(_states(found.runs, list[JobRun])))
    partitions.update((one.spec.id, one) for one in sharing.partitions(_states(found.partitions, list[Partition])))
    wants.update((wish.spec.id, wish) for wish in sharing.wants(_states(found.wants, list[Want])))
    roster = Roster(
        map(WantColumns.of, _pieces(wants.values())),
        map(RunColumns.of, _pieces(runs.values())),
        map(PartitionColumns.of, _pieces(partitions.values())),
    )
    return _world(found, wants, runs, partitions, roster)


def open_world(body: bytes) -> World:
    """The same, with entities that are decoded when they are looked at; what is wrong with them is raised then."""
    found = msgspec.msgpack.decode(body, type=_Body)
    wants = _columns(found.wants, WantColumns)
    runs = _columns(found.runs, RunColumns)
    partitions = _columns(found.partitions, PartitionColumns)
    return _world(
        found,
        _cold(found.wants, [piece.ids for piece in wants], list[Want]),
        _cold(found.runs, [piece.ids for piece in runs], list[JobRun]),
        _cold(found.partitions, [piece.ids for piece in partitions], list[Partition]),
        Roster(wants, runs, partitions),
    )


def _world(
    found: _Body,
    wants: MutableMapping[WantId, Want],
    runs: MutableMapping[RunId, JobRun],
    partitions: MutableMapping[InstanceId, Partition],
    roster: Roster,
) -> World:
    seqs = _joined(found.seqs, list[int])
    try:
        ids: Iterable[str] = chain(wants, runs, partitions)
        newest = dict(zip(ids, seqs, strict=True))
        return World.of(Entities(found.seq, wants, runs, partitions, newest, found.opened), roster, found.canonical)
    except ValueError as error:
        raise msgspec.ValidationError("a seq or an instance that the states speak of is missing") from error


def _encoded(states: Iterable[T], columns: Callable[[Iterable[T]], C]) -> list[_Piece]:
    return [_Piece(_raw(columns(piece)), _raw(piece)) for piece in _pieces(states)]


def _pieces(states: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(states)
    while piece := list(islice(rest, AT_ONCE)):
        yield piece


def _raw(piece: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(piece))


def _states(pieces: list[_Piece], kind: type[list[T]]) -> Iterator[T]:
    return _joined((piece.states for piece in pieces), kind)


def _joined(pieces: Iterable[msgspec.Raw], kind: type[list[T]]) -> Iterator[T]:
    return chain.from_iterable(map(msgspec.msgpack.Decoder(kind).decode, pieces))


def _columns(pieces: list[_Piece], kind: type[C]) -> list[C]:
    decode = msgspec.msgpack.Decoder(kind).decode
    return [decode(piece.columns) for piece in pieces]


def _cold(pieces: list[_Piece], ids: list[list[K]], kind: type[list[T]]) -> Cold[K, T]:
    decode = msgspec.msgpack.Decoder(kind).decode
    return Cold([Piece(of, piece.states) for of, piece in zip(ids, pieces, strict=True)], decode)
