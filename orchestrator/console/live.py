"""What pages listen to: that something happened, and what a JobRun prints.

A page is told that the log moved, at most every PAUSE_S seconds, and then asks for itself anew. A session that has
ended is told nothing more.
"""

import asyncio

import msgspec
from starlette.responses import Response

from bel.errors import LogClosed
from orchestrator.api.access import Asked
from orchestrator.api.operations.jobruns import pieces
from orchestrator.api.ports import Engine
from orchestrator.api.streams import Event, Events, Streams, T, resumed
from orchestrator.console.desk import Desk

PAUSE_S = 0.5
SLICE_S = 1.0
"""How long is waited for an entry before it is asked whether the daemon, or the session, has ended."""


class Moved(msgspec.Struct, frozen=True):
    """The log ends at this seq now."""

    seq: int


def moves(desk: Desk, request: Asked, seen: int) -> Response:
    """Tell each time the log has moved beyond what the page has seen. Raises DoorError."""
    engine: Engine = request.app.state.engine
    after = resumed(seen, request.headers.get("last-event-id"))
    return _sent(desk, request, _moves(desk, request, engine, after))


async def prints(desk: Desk, request: Asked, run: str, offset: int) -> Response:
    """Send what a JobRun prints, as it prints it. Raises DoorError."""
    engine: Engine = request.app.state.engine
    door = desk.door(request, desk.session(request))
    await door.jobrun(run)
    begin = resumed(offset, request.headers.get("last-event-id"))
    return _sent(desk, request, pieces(door, engine, run, begin))


def _sent(desk: Desk, request: Asked, events: Events[T]) -> Response:
    desk.session(request)
    streams: Streams = request.app.state.streams
    streams.check_room()
    return streams.sent(events)


async def _moves(desk: Desk, request: Asked, engine: Engine, after: int) -> Events[Moved]:
    session = desk.session(request)
    while not engine.is_draining and desk.sessions.is_open(session):
        try:
            async with asyncio.timeout(SLICE_S):
                after = (await engine.log.wait_beyond(after)).seq
        except TimeoutError:
            continue
        except LogClosed:
            return
        yield Event(after, "moved", Moved(after))
        await asyncio.sleep(PAUSE_S)
