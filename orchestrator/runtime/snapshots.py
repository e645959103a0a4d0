"""Snapshots of the world: they make a start and a look into the past fast, and are checked before they are believed.

A snapshot whose world does not have the digest it claims, or that is of another format, is passed over: the log alone
decides. Source: design section 6.
"""

import msgspec

from bel.entry import Snapshot
from bel.log import Log, ReadableLog
from statemachines.events import AnyEvent
from statemachines.snapshot import FORMAT, decode_world, encode_world
from statemachines.world import World

ENTRIES_BETWEEN = 50_000
"""How many entries make a new snapshot worth while."""


async def load_world(log: ReadableLog[AnyEvent], upto: int | None = None) -> World:
    """The world as of ``upto`` (the end of a batch) or the head: the newest snapshot, and the entries after it.

    Raises IllegalTransition where an entry is not legal, and what reading the log raises.
    """
    world = await _from_snapshot(log, upto)
    async for entries in log.read(after=world.seq, upto=upto):
        for entry in entries:
            world.apply(entry.event, entry.seq)
    return world


async def save_world(log: Log[AnyEvent], world: World) -> Snapshot:
    """Keep the world as of its seq, which must be the end of a batch."""
    snapshot = Snapshot(world.seq, world.digest(), encode_world(world), FORMAT)
    await log.save_snapshot(snapshot)
    return snapshot


async def _from_snapshot(log: ReadableLog[AnyEvent], upto: int | None) -> World:
    snapshot = await log.newest_snapshot(upto)
    if snapshot is None or snapshot.format != FORMAT:
        return World()
    try:
        world = decode_world(snapshot.body)
    except msgspec.MsgspecError:
        return World()
    return world if world.seq == snapshot.seq and world.digest() == snapshot.digest else World()
