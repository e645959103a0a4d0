"""Server-sent events: what happens, as it happens, on one answer that does not end.

Each event has an id; who was cut off sends the last one he has seen as ``Last-Event-ID`` and goes on behind it. Nothing
is kept for a reader: each reads at his own pace from the log or the file, and who does not read at all is dropped by
the protocol. A comment every BEAT_S seconds shows that the connection lives.

Source: design section 10 (SSE); ecosystem reference, section 3.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Annotated, Generic, NamedTuple, TypeVar

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from orchestrator.api.refusals import refusal
from orchestrator.api.table import Header

T = TypeVar("T")

BEAT_S = 15.0
STREAMS_MAX = 64
"""How many a listener serves at once."""

MEDIA_TYPE = "text/event-stream"

_HELLO = b"retry: 1000\n\n"
_BEAT = b": still here\n\n"


class Event(NamedTuple, Generic[T]):
    """One event. ``id`` is what to go on behind."""

    id: int
    kind: str
    data: T


Events = AsyncGenerator[Event[T], None]

FORM = "^[0-9]{1,18}$"

LastEventId = Annotated[str | None, Header("Last-Event-ID", "The id of the last event that was seen.", FORM)]


class Streams:
    """The streams of one listener."""

    def __init__(self) -> None:
        self._open = 0

    def check_room(self) -> None:
        """Raise DoorError where there are too many already."""
        if self._open >= STREAMS_MAX:
            raise refusal("busy", f"{STREAMS_MAX} streams are open already", "close some, or ask without a stream")

    def sent(self, events: Events[T]) -> Response:
        """The answer that sends events, and beats between them."""
        return _Sent(self._bytes_of(events))

    async def _bytes_of(self, events: Events[T]) -> AsyncGenerator[bytes]:
        self._open += 1
        try:
            yield _HELLO
            async for event in _with_beats(events):
                yield _BEAT if event is None else _written(event)
        finally:
            self._open -= 1


class _Sent(StreamingResponse):
    """Ends what it sends when nobody is there any more, and not only when somebody looks for garbage."""

    def __init__(self, parts: AsyncGenerator[bytes]) -> None:
        super().__init__(parts, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            await self._parts.aclose()


def resumed(after: int, last_event_id: str | None) -> int:
    """Where to go on: behind the last event that was seen, or where the request says. Raises DoorError."""
    if last_event_id is None:
        return after
    if not re.fullmatch(FORM, last_event_id):
        raise refusal("bad_request", f"Last-Event-ID is {last_event_id[:40]!r}", "send the id of an event")
    return int(last_event_id)


async def _with_beats(events: Events[T]) -> AsyncGenerator[Event[T] | None]:
    """The events, and None where none has come for a while."""
    coming = asyncio.ensure_future(anext(events))
    try:
        while True:
            await asyncio.wait({coming}, timeout=BEAT_S)
            if not coming.done():
                yield None
                continue
            try:
                event = coming.result()
            except StopAsyncIteration:
                return
            yield event
            coming = asyncio.ensure_future(anext(events))
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming
        await events.aclose()


def _written(event: Event[T]) -> bytes:
    # JSON has no line breaks in it, so an event is always one line of data.
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), msgspec.json.encode(event.data))
