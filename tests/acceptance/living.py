"""The last life of an application, lived in this process, so that its world can be looked at while it is live."""

import asyncio
from pathlib import Path

from orchestrator.commands import Accepted, CreateWant
from orchestrator.daemon import Application, Engine, open_engine
from statemachines.ids import WantId
from statemachines.want import Open, Want


async def finish(config: Path, *refs: str, key: str | None = None) -> tuple[Want, str, int]:
    """Want refs, wait until the want is closed; give it, with the digest of the live world and its seq."""
    async with open_engine(Application.load(config)) as engine:
        answer = await engine.submit(CreateWant("test", refs, idempotency_key=key))
        assert isinstance(answer, Accepted), answer
        closed = await _closed(engine, WantId(answer.entity))
        world = (await engine.board()).world
        return closed, world.digest(), world.seq


async def _closed(engine: Engine, want: WantId) -> Want:
    async with asyncio.timeout(100):
        while True:
            state = (await engine.board()).world.wants[want]
            if not isinstance(state, Open):
                return state
            await asyncio.sleep(0.02)
