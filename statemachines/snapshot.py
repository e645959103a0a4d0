"""The world as bytes, and back: a cache of a replay, never the truth.

Only states are kept; every index is made anew. They are encoded and decoded some thousand at a time: so nobody else is
kept waiting for long, and what decoding makes twice is let go before more of it is made. Source: design section 6.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

import msgspec

from statemachines.ids import InstanceId, WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Partition
from statemachines.sharing import Apart, Sharing
from statemachines.want import Want
from statemachines.world import States, World

FORMAT = 2
"""Raised whenever the states change their shape: a snapshot of another format is passed over."""

AT_ONCE = 2_000

SHARED_FROM = 100_000
"""JobRuns and instances, to some thousand, from which on it is worth the time to share what they have in common."""

T = TypeVar("T")


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """States in pieces."""

    seq: int
    opened: dict[WantId, int]
    wants: list[msgspec.Raw]
    runs: list[msgspec.Raw]
    partitions: list[msgspec.Raw]
    canonical: list[msgspec.Raw]
    seqs: list[msgspec.Raw]


def encode_world(world: World) -> bytes:
    """The world as bytes. O(entities)."""
    return encode_states(world.states())


def encode_states(states: States) -> bytes:
    """The world of these states as bytes."""
    groups: list[Iterable[object]] = [states.wants, states.runs, states.partitions, states.canonical, states.seqs]
    wants, runs, partitions, canonical, seqs = (list(_pieces(group)) for group in groups)
    return msgspec.msgpack.encode(_Body(states.seq, states.opened, wants, runs, partitions, canonical, seqs))


def decode_world(body: bytes) -> World:
    """The world that was encoded. Raises msgspec.MsgspecError for bytes that are no world of this format."""
    found = msgspec.msgpack.decode(body, type=_Body)
    states = States(
        found.seq,
        _joined(found.wants, list[Want]),
        _joined(found.runs, list[JobRun]),
        _joined(found.partitions, list[Partition]),
        _joined(found.canonical, list[InstanceId]),
        _joined(found.seqs, list[int]),
        found.opened,
    )
    pieces = len(found.runs) + len(found.partitions)
    try:
        return World.of_states(states, Sharing if pieces * AT_ONCE > SHARED_FROM else Apart)
    except (ValueError, KeyError) as error:
        raise msgspec.ValidationError("a seq or an instance that the states speak of is missing") from error


def _pieces(states: Iterable[object]) -> Iterator[msgspec.Raw]:
    rest, encode = iter(states), msgspec.msgpack.Encoder().encode
    while piece := list(islice(rest, AT_ONCE)):
        yield msgspec.Raw(encode(piece))


def _joined(pieces: list[msgspec.Raw], kind: type[list[T]]) -> Iterator[T]:
    decode = msgspec.msgpack.Decoder(kind).decode
    return chain.from_iterable(decode(piece) for piece in pieces)
