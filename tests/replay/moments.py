"""Worlds at moments of a log, and what makes two of them the same: the digest and the bytes.

Worlds are too large to keep many; what is kept of one is a ``Moment``.
"""

from collections.abc import AsyncIterator, Iterable
from hashlib import blake2b
from typing import NamedTuple

from bel.log import ReadableLog
from statemachines.events import AnyEvent
from statemachines.snapshot import encode_world
from statemachines.world import World


class Moment(NamedTuple):
    """What a world was at the end of a batch: its seq, its digest, and the hash of its bytes."""

    seq: int
    digest: str
    bytes_hash: bytes


class Stop(NamedTuple):
    """A world on its way through a log, and which entities changed since the stop before."""

    world: World
    changed: set[str]


def moment_of(world: World) -> Moment:
    return Moment(world.seq, world.digest(), blake2b(encode_world(world)).digest())


async def batch_ends(log: ReadableLog[AnyEvent]) -> list[int]:
    """The last seq of every batch."""
    last = {entry.batch: entry.seq async for entries in log.read(after=0) for entry in entries}
    return [*last.values()]


async def stops(log: ReadableLog[AnyEvent], world: World, seqs: Iterable[int]) -> AsyncIterator[Stop]:
    """Take a world on through the log, in one pass, and stop at each of these seqs, which grow."""
    waiting = sorted({*seqs}, reverse=True)
    changed: set[str] = set()
    if waiting and waiting[-1] == world.seq:
        yield Stop(world, changed)
        waiting.pop()
    async for entries in log.read(after=world.seq, upto=waiting[0] if waiting else world.seq):
        for entry in entries:
            world.apply(entry.event, entry.seq)
            changed.add(entry.event.id)
            if entry.seq == waiting[-1]:
                yield Stop(world, changed)
                waiting.pop()
                changed = set()


def same_since(one: World, other: World, changed: Iterable[str]) -> bool:
    """Whether two worlds that were the same before are the same now, looking only at what changed since."""
    kinds = ((one.wants, other.wants), (one.partitions, other.partitions), (one.runs, other.runs))
    return one.seq == other.seq and all(
        mine.get(entity) == others.get(entity)  # type: ignore[call-overload]  # an id is of one of the kinds
        and one.seqs.get(entity) == other.seqs.get(entity)
        for entity in changed
        for mine, others in kinds
    )
