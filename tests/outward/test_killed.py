"""A real daemon, killed again and again while it builds: others are told what the log says, and all of it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from bel.open import open_reader
from orchestrator.daemon import Application
from orchestrator.outward.messages import Message
from orchestrator.outward.openlineage import OpenLineage
from orchestrator.outward.otlp import encode
from orchestrator.outward.sinks import Scene, Sink
from orchestrator.outward.traces import Traces
from orchestrator.outward.webhooks import Webhooks
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import load_world
from orchestrator.views.shapes import Wish
from tests.outward.eventful import eventful
from tests.outward.rig import PATIENCE_S, Receiver, hanging_up, receiving, status, until
from tests.outward.test_traces import spans_of
from wantd.client import AsyncClient

OUTWARD = """
[[outward.webhook]]
name = "alerts"
url = "{hooks}"
states = ["Successful", "Failed", "UpstreamFailed"]
[outward.openlineage]
file = "lineage.jsonl"
[outward.opentelemetry]
url = "{traces}"
"""


class Daemon:
    """The real one, as often as it takes."""

    def __init__(self, told: Application) -> None:
        self.client = AsyncClient(told.layout.socket)
        self._folder = told.config.folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        arguments = (sys.executable, "-m", "wantd", "serve")
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*arguments, cwd=self._folder, stderr=pipe)
        assert self._process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            said = b""
            while b"ready" not in (line := await self._process.stderr.readline()):
                said += line
                assert line, f"it ended before it was ready: {said.decode()}"
        self._reading = asyncio.ensure_future(self._process.stderr.read())

    async def kill(self, *, at_once: bool) -> None:
        """End it, with a word or without."""
        assert self._process is not None
        (self._process.kill if at_once else self._process.terminate)()
        await self._process.wait()
        await self._reading


async def expected(told: Application) -> dict[str, list[Message]]:
    """What the log says, made in one go."""
    log = await open_reader(told.layout.log, CODEC)
    sinks: dict[str, Sink] = {
        "alerts": Webhooks("told", ("Successful", "Failed", "UpstreamFailed")),
        "openlineage": OpenLineage("told", told.catalog),
        "opentelemetry": Traces(told.catalog, encode),
    }
    try:
        scene = Scene(await load_world(log), log)
        entries = [entry async for chunk in log.read() for entry in chunk]
        batches = [[one for one in entries if one.batch == first] for first in dict.fromkeys(e.batch for e in entries)]
        return {
            name: [message for batch in batches for message in await sink.take(batch, scene)]
            for name, sink in sinks.items()
        }
    finally:
        await log.close()


def behind(told: Application, head: int) -> list[str]:
    """Who has not been told everything, as far as is known on disk."""
    places = {name: told.layout.outward / f"{name}.json" for name in told.config.outward.names}
    return [name for name, place in places.items() if json.loads(place.read_bytes())["done"] < head]


def ill(receiver: Receiver) -> None:
    """Be out of order for a while, in every way."""
    receiver.answers = [status(503), hanging_up, status(500), status(200)]


@pytest.mark.asyncio
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
async def test_whoever_is_killed_when_all_is_told_and_nothing_else(kills: int, tmp_path: Path) -> None:
    """Broken: around a kill a message is lost, is told in other words, or tells what did not happen."""
    async with receiving() as hooks, receiving() as traces:
        told = eventful(tmp_path, OUTWARD.format(hooks=hooks.url, traces=traces.url))
        daemon = Daemon(told)
        for kill in range(kills):
            await daemon.start()
            ill(hooks)
            ill(traces)
            refs = (f"sum/{10 * kill + 1}", f"again/{kill}", f"bad/{kill}", f"misses/{kill}")
            for n, ref in enumerate((*refs, *(f"after/{kill}/{n}" for n in range(3)))):
                await daemon.client.create_want(Wish((ref,), comment=f"{kill}.{n}"))
            await daemon.kill(at_once=kill % 2 == 0)
        await daemon.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (now := await daemon.client.status()).wants_open or now.jobruns_open:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        finally:
            await daemon.kill(at_once=False)
        await daemon.start()  # nothing happens any more: what it tells is what had not been told
        try:
            head = (await daemon.client.status()).seq
            await until(lambda: not behind(told, head))
        finally:
            await daemon.kill(at_once=False)
    says = await expected(told)
    assert says.keys() == set(told.config.outward.names)
    lines = (tmp_path / "lineage.jsonl").read_bytes().splitlines()
    assert set(lines) == {message.body for message in says["openlineage"]}
    assert {(post.headers["webhook-id"], post.body) for post in hooks.seen} == {(m.id, m.body) for m in says["alerts"]}
    assert {span.SerializeToString() for span in spans_of(traces)} == {m.body for m in says["opentelemetry"]}
    assert len(says["alerts"]) >= 4 * kills
