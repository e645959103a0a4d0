"""An application whose jobs succeed and fail, and a receiver that answers as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import h11

from orchestrator.commands import Accepted, CreateWant
from orchestrator.daemon import Application, Engine
from statemachines.ids import WantId
from statemachines.want import Movable

PATIENCE_S = 60.0

CONFIG = """
[application]
name = "told"
[pools]
default = 1000
[[job]]
name = "good"
outputs = ["good/{n:int}"]
python = "told_jobs:good"
executor = "inline"
[[job]]
name = "bad"
outputs = ["bad/{n:int}"]
python = "told_jobs:bad"
executor = "inline"
[[job]]
name = "after"
outputs = ["after/{n:int}/{m:int}"]
inputs = ["bad/{n}"]
python = "told_jobs:good"
executor = "inline"
[[job]]
name = "again"
outputs = ["again/{n:int}"]
python = "told_jobs:bad"
executor = "inline"
retry = { tries = 2, backoff = "50ms" }
[[job]]
name = "sum"
outputs = ["sum/{n:int}"]
inputs = ["good/{n}", "good/{n-1}"]
python = "told_jobs:good"
executor = "inline"
"""

JOBS = """
def good(context):
    for output in context.outputs:
        context.done(output.ref, digest=output.ref)

def bad(context):
    raise RuntimeError("as it should")

def misses(context):
    if not context.inputs:
        context.missing("good/7")
    else:
        context.done(context.outputs[0].ref, digest="found")

def half(context):
    context.done(context.outputs[0].ref, digest="one")
    context.failed(context.outputs[1].ref, "the other half")
"""


def application(folder: Path, more: str) -> Application:
    """Write the application into a folder, with more at the end of its configuration, and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wantd.toml").write_text(CONFIG + more)
    (folder / "told_jobs.py").write_text(JOBS)
    return Application.load(folder / "wantd.toml")


async def want(engine: Engine, *refs: str, **more: object) -> WantId:
    """Want the refs."""
    answer = await engine.submit(CreateWant("cli:test", refs, **more))  # type: ignore[arg-type]  # its keywords
    assert isinstance(answer, Accepted), answer
    return WantId(answer.entity)


async def build(engine: Engine, *refs: str) -> WantId:
    """Want the refs, and wait until the want is closed."""
    made = await want(engine, *refs)
    await closed(engine, made)
    return made


async def closed(engine: Engine, made: WantId) -> None:
    """Wait until a want is closed."""
    while isinstance((world := (await engine.board()).world).wants[made], Movable):
        await engine.log.wait_beyond(world.seq)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


class Posted(NamedTuple):
    """A request as it came."""

    target: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[Posted, asyncio.StreamWriter], Awaitable[bool]]
"""Answers, and says whether the connection can be used again."""


def status(code: int, *headers: str) -> Answering:
    """Answer with a status."""

    async def answer(_: Posted, writer: asyncio.StreamWriter) -> bool:
        writer.write("\r\n".join((f"HTTP/1.1 {code} X", *headers, "Content-Length: 2", "", "ok")).encode())
        await writer.drain()
        return True

    return answer


def dripping(head: bytes) -> Answering:
    """Begin an answer and go on a byte at a time, without end."""

    async def answer(_: Posted, writer: asyncio.StreamWriter) -> bool:
        writer.write(head)
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)
        return False

    return answer


async def cut_off(_: Posted, writer: asyncio.StreamWriter) -> bool:
    """Say yes, and close in the middle of what follows."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nha")
    await writer.drain()
    return False


async def hanging_up(_: Posted, writer: asyncio.StreamWriter) -> bool:
    """Close without an answer."""
    writer.close()
    return False


async def babbling(_: Posted, writer: asyncio.StreamWriter) -> bool:
    """Answer with what is not HTTP."""
    writer.write(b"\x00\x01 what?\r\n\r\n")
    return False


class Receiver:
    """Somebody who is posted to. ``answers`` are given in turn; the last one is then given for ever."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.posted: list[Posted] = []
        """What was answered with 2xx, or with nothing at all."""
        self.seen: list[Posted] = []
        """All that came."""
        self.connections = 0
        self.answers: list[Answering] = [status(200)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?for=test"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (posted := await _request(reader)) is not None:
                self.seen.append(posted)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if not await answer(posted, writer):
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Posted | None:
    http = h11.Connection(h11.SERVER)
    request: h11.Request | None = None
    body = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            headers = {name.decode(): value.decode() for name, value in request.headers}
            return Posted(request.target.decode(), headers, body)
        else:
            return None


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncGenerator[Receiver]:
    """A receiver on a port of this machine."""
    receiver = Receiver(port)
    tasks: set[asyncio.Task[None]] = set()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(receiver.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(met, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
