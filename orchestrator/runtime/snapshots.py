"""Snapshots of the world: they make a start and a look into the past fast, and are never the truth.

A new one is made whenever so many entries have come that making it costs little beside them, and whatever is long ago
keeps ever fewer: from a snapshot to any later entry it never is farther than a quarter of the way from there to the
end, or than the snapshots were apart when they were made. So their number grows with the logarithm of the log.

A snapshot without a sound seal, or of another format, is passed over: the log alone decides. Source: design section 6.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import msgspec

from bel.entry import Snapshot
from bel.errors import AppendUnknown, LogClosed, LogFull
from bel.log import Log, ReadableLog
from orchestrator.runtime.mailbox import NoAnswer
from orchestrator.runtime.meter import UNMETERED, Meter
from statemachines.events import AnyEvent
from statemachines.snapshot import FORMAT, WorldCodec
from statemachines.world import World

ENTRIES_BETWEEN = 10_000
"""The fewest entries that make a new snapshot worth while."""

ENTITIES_PER_ENTRY = 4
"""A snapshot costs time for each entity: the larger the world, the more entries have to come before the next."""

AGE_PER_GAP = 4
"""How much longer ago a snapshot has to be than the gap that it leaves when it is dropped."""


class Snapshots:
    """The snapshots of a log, made by who writes it, and the present read back from them."""

    def __init__(self, log: Log[AnyEvent], meter: Meter = UNMETERED) -> None:
        self._log = log
        self._meter = meter
        self._codec = WorldCodec()

    async def load(self) -> World:
        """The world as of the head. Raises as ``load_world`` does."""
        return await load_world(self._log, codec=self._codec)

    async def save(self, world: World) -> Snapshot:
        """Keep the world as of its seq, which must be the end of a batch, and drop what is superfluous then.

        The world may go on meanwhile: what takes long is done to its states, in a thread.
        """
        states = world.states()
        body, digest = await asyncio.to_thread(self._codec.encode, states)
        snapshot = Snapshot(states.seq, digest, body, FORMAT)
        await self._log.save_snapshot(snapshot)
        for seq in superfluous([one.seq for one in await self._log.snapshots()], self._log.head.seq):
            await self._log.drop_snapshot(seq)
        return snapshot

    async def are_due(self, world: World) -> bool:
        """Whether enough has come since the newest."""
        return world.seq >= await self._newest() + entries_between(world)

    @asynccontextmanager
    async def being_made(self, world: Callable[[], Awaitable[World]]) -> AsyncGenerator[None]:
        """Make them as the log grows, for as long as the context is open. ``world`` gives what is committed."""
        task = asyncio.ensure_future(self._make(world))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _make(self, world: Callable[[], Awaitable[World]]) -> None:
        """A disk without room ends nothing: the next try comes when as much has been written again."""
        last = await self._newest()
        with suppress(LogClosed, NoAnswer, AppendUnknown):  # the loop tells of them, and ends
            while True:
                now = await world()
                due = last + entries_between(now)
                if now.seq < due:
                    await self._log.wait_beyond(due - 1)
                    continue
                last = now.seq
                began = asyncio.get_running_loop().time()
                with suppress(LogFull):
                    await self.save(now)
                    self._meter.kept_snapshot(asyncio.get_running_loop().time() - began)

    async def _newest(self) -> int:
        """How far the next start would come at once: a snapshot of another format does not help it."""
        snapshot = await self._log.newest_snapshot()
        return snapshot.seq if snapshot is not None and snapshot.format == FORMAT else 0


async def load_world(log: ReadableLog[AnyEvent], upto: int | None = None, codec: WorldCodec | None = None) -> World:
    """The world as of ``upto`` (the end of a batch) or the head: the newest snapshot, and the entries after it.

    The entities of the snapshot are decoded when they are looked at. Raises IllegalTransition where an entry is not
    legal, and what reading the log raises.
    """
    world = await _newest_world(log, upto, codec or WorldCodec()) or World()
    await fold_on(world, log, upto)
    return world


async def fold_on(world: World, log: ReadableLog[AnyEvent], upto: int | None = None) -> None:
    """Take a world on to ``upto``, the end of a batch, or to the head."""
    async for entries in log.read(after=world.seq, upto=upto):
        for entry in entries:
            world.apply(entry.event, entry.seq)


def entries_between(world: World) -> int:
    """How many entries have to come until the next snapshot of a world as large as this."""
    return max(ENTRIES_BETWEEN, len(world.seqs) // ENTITIES_PER_ENTRY)


def superfluous(seqs: Sequence[int], head: int) -> list[int]:
    """Which of these snapshots may go, given in the order of the log; never the newest."""
    gone: list[int] = []
    before = 0
    for seq, after in pairwise(seqs):
        if after - before <= (head - after) // AGE_PER_GAP:
            gone.append(seq)
        else:
            before = seq
    return gone


async def _newest_world(log: ReadableLog[AnyEvent], upto: int | None, codec: WorldCodec) -> World | None:
    """The world of the newest snapshot at or before ``upto``; None where there is none, or it is of another format.

    Its seal binds its bytes to the chain. Whether they are what a replay gives is not looked at here: that takes as
    long as the replay.
    """
    snapshot = await log.newest_snapshot(upto)
    if snapshot is None or snapshot.format != FORMAT:
        return None
    try:
        world = codec.decode(snapshot.body)
    except msgspec.MsgspecError:
        return None
    return world if world.seq == snapshot.seq else None
