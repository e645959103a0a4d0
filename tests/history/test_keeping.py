"""A daemon makes snapshots while it runs, and is not stopped by a disk that has no room for them."""

import asyncio
from pathlib import Path

import pytest

from bel.entry import Snapshot
from bel.errors import LogFull
from bel.memory import MemoryStore
from bel.stored import StoredLog
from orchestrator.history.proof import prove
from orchestrator.runtime import snapshots
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import Snapshots, load_world
from statemachines.events import AnyEvent
from statemachines.world import World
from tests.history.logs import digests, layers


class Crammed(MemoryStore):
    """Has no room for the first snapshot."""

    refused = 0

    async def save_snapshot(self, snapshot: Snapshot, seal: bytes) -> None:
        if not self.refused:
            self.refused = snapshot.seq
            raise LogFull(Path("disk"), "full")
        await super().save_snapshot(snapshot, seal)


@pytest.mark.asyncio
async def test_snapshots_are_made_while_the_log_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a daemon that never ends never makes a snapshot, or one that failed is the last that was tried."""
    monkeypatch.setattr(snapshots, "ENTRIES_BETWEEN", 300)
    store, world, batches = Crammed(), World(), layers(3_000)
    log = await StoredLog[AnyEvent].open(store, CODEC)

    async def committed() -> World:
        return world

    kept_by = Snapshots(log)
    async with kept_by.being_made(committed):
        for batch in batches:
            for fact in batch.facts:
                world.apply(fact.event, fact.seq)
            await log.append(batch.entries(), epoch=0)
        async with asyncio.timeout(30):
            while await kept_by.are_due(world):  # noqa: ASYNC110 - nobody tells when one was made
                await asyncio.sleep(0)
    kept = [one.seq for one in await log.snapshots()]
    assert store.refused > 0
    assert kept[0] > store.refused
    fresh = digests(batches)
    for seq in kept:
        assert (await load_world(log, seq)).digest() == fresh[seq]
    assert {proof.verdict for proof in await prove(log)} == {"sound"}
