"""The law of sinks: what is made of a batch does not depend on when it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.daemon import open_engine
from orchestrator.outward.messages import Message
from orchestrator.outward.openlineage import OpenLineage
from orchestrator.outward.otlp import encode
from orchestrator.outward.sinks import Scene, Sink
from orchestrator.outward.traces import Traces
from orchestrator.outward.webhooks import Webhooks
from statemachines.world import World
from tests.outward.eventful import eventful, everything
from tests.outward.test_traces import batches

STATES = ("Successful", "Failed", "UpstreamFailed", "Late", "Paused", "Canceled")


@pytest.mark.asyncio
async def test_a_batch_gives_the_same_messages_at_once_and_long_after(tmp_path: Path) -> None:
    """Broken: what is sent again after a kill differs from what was sent, under the same id."""
    told = eventful(tmp_path, "")

    def sinks() -> list[Sink]:
        return [Webhooks("told", STATES), OpenLineage("told", told.catalog), Traces(told.catalog, encode)]

    async with open_engine(told) as engine:
        await everything(engine)
        log = [batch async for batch in batches(engine)]
        now, at_once, long_after = World(), list[list[Message]](), list[list[Message]]()
        early, late = sinks(), sinks()
        end = Scene((await engine.board()).world, engine.log)
        for batch in log:
            for entry in batch:
                now.apply(entry.event, entry.seq)
            for sink in early:
                at_once.append(await sink.take(batch, Scene(now, engine.log)))
            for sink in late:
                long_after.append(await sink.take(batch, end))
    assert at_once == long_after
    ids = [message.id for messages in at_once for message in messages]
    assert len(set(ids)) == len(ids) > 50
