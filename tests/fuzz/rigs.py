"""A real engine behind its real sockets, in a thread of its own; and a session of ``requests`` that speaks to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import requests

from orchestrator.api.client import HttpDoor
from orchestrator.api.server import serve
from orchestrator.daemon import Application, open_engine
from orchestrator.views.shapes import JobRunFilter, Wish
from tests.api.rigs import application
from tests.api.tcp import free_port


@contextmanager
def running(folder: Path) -> Generator[Application]:
    """A daemon of the small application, for as long as the context is open."""
    told = application(folder, f'[api]\nlisten = "127.0.0.1:{free_port()}"\n')
    loop = asyncio.new_event_loop()
    ready, over = threading.Event(), asyncio.Event()

    async def serve_until_over() -> None:
        async with open_engine(told) as engine, serve(engine):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve_until_over(),))
    thread.start()
    try:
        assert ready.wait(30), "the daemon did not begin"
        yield told
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()


async def names_for(path: Path, test: str) -> dict[str, str]:
    """Name a want and a JobRun with which something can be done: the test is called after what it does."""
    door = HttpDoor(path)
    if "retry" in test:
        want = await door.create_want(Wish(("bad/1",)))
        want = await door.wait_want(want.id, 20)
    else:
        want = await door.create_want(Wish(("inside", "slow", "top/1..3")))
    if "resume" in test:
        await door.pause_want(want.id)
    runs = await door.jobruns(JobRunFilter(job="slow"))
    return {"want": want.id, "run": runs[-1].id if runs else "r0-0"}


def session_with(token: str) -> requests.Session:
    """What speaks to the daemon over TCP."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    return session
