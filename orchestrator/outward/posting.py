"""POST over HTTP: one URL, one connection that is kept, and a limit for everything.

The time is limited as a whole, however slowly the other side drips, and so is what is read of its answer. A redirect is
an answer like any other and is never followed. Nothing here blocks: who is canceled is gone at once.

Source: reliability reference, section 5; the same library reads requests in ``orchestrator.api.protocol``.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from orchestrator.outward.messages import Undelivered

ANSWER_BYTES_MAX = 64 << 10
BODY_S = 1.0
"""How long it is read what else an answer says, so that the connection can be used again."""
_READ_BYTES = 16 << 10

Headers = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """What is of interest of an answer. ``wait_s``: how long it asks to be left alone."""

    status: int
    wait_s: float


class _Line(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection


class _Gone(Exception):
    """The other side closed a kept connection before it answered: it may never have seen the request."""


class Poster:
    """Posts to one URL. Used by one task."""

    def __init__(self, url: str, timeout_s: float) -> None:
        parts = urlsplit(url)
        assert parts.hostname, "the configuration was checked"
        self._secured = ssl.create_default_context() if parts.scheme == "https" else None
        self._host, self._port = parts.hostname, parts.port or (80 if self._secured is None else 443)
        self._target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        self._timeout_s = timeout_s
        self._line: _Line | None = None
        self.named = parts.netloc
        """Who is posted to. The rest of a URL may be secret, and is never shown."""

    async def post(self, headers: Headers, body: bytes) -> Answer:
        """Post, and give the answer. Raises Undelivered where there is none."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(headers, body)
        except TimeoutError as error:
            raise Undelivered(f"{self.named} did not answer within {self._timeout_s:g} s") from error
        except (OSError, _Gone) as error:  # an SSLError is an OSError
            why = getattr(error, "strerror", None) or type(error).__name__
            raise Undelivered(f"{self.named} cannot be reached: {why}") from error
        except h11.ProtocolError as error:
            raise Undelivered(f"{self.named} does not speak HTTP: {error}") from error

    async def close(self) -> None:
        """Let go of the connection."""
        line, self._line = self._line, None
        if line is not None:
            line.writer.transport.abort()

    async def _post(self, headers: Headers, body: bytes) -> Answer:
        kept = self._line
        if kept is not None:
            # It may have been closed meanwhile, or hold what nobody asked for: a new one tells.
            with suppress(_Gone, h11.RemoteProtocolError):
                return await self._exchange(kept, headers, body)
        return await self._exchange(await self._connect(), headers, body)

    async def _connect(self) -> _Line:
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._secured)
        return _Line(reader, writer, h11.Connection(h11.CLIENT))

    async def _exchange(self, line: _Line, headers: Headers, body: bytes) -> Answer:
        self._line = None  # until it is known that it can be used again
        try:
            answer = await self._spoken(line, headers, body)
        finally:
            if line.http.our_state is line.http.their_state is h11.DONE:
                line.http.start_next_cycle()
                self._line = line
            else:
                line.writer.transport.abort()
        return answer

    async def _spoken(self, line: _Line, headers: Headers, body: bytes) -> Answer:
        told = [("Host", self.named), ("User-Agent", "wantd"), ("Content-Length", str(len(body))), *headers]
        request = h11.Request(method="POST", target=self._target, headers=told)
        said = [line.http.send(event) for event in (request, h11.Data(data=body), h11.EndOfMessage())]
        try:
            line.writer.write(b"".join(part or b"" for part in said))
            await line.writer.drain()
            response = await _response(line)
        except ConnectionError as error:
            raise _Gone from error
        with suppress(
            h11.RemoteProtocolError, OSError, TimeoutError
        ):  # it has answered: what follows is of no interest
            async with asyncio.timeout(BODY_S):
                await _skip_body(line)
        return Answer(response.status_code, _wait_s(response))


async def _response(line: _Line) -> h11.Response:
    while True:
        event = line.http.next_event()
        if event is h11.NEED_DATA:
            data = await line.reader.read(_READ_BYTES)
            if not data and not line.http.trailing_data[0]:
                raise _Gone
            line.http.receive_data(data)
        elif isinstance(event, h11.Response):
            return event


async def _skip_body(line: _Line) -> None:
    """Read what else is sent, as far as that is reasonable: only then can the connection be used again."""
    left = ANSWER_BYTES_MAX
    while left > 0:
        event = line.http.next_event()
        if event is h11.NEED_DATA:
            line.http.receive_data(await line.reader.read(_READ_BYTES))
        elif isinstance(event, h11.Data):
            left -= len(event.data)
        else:
            return


def _wait_s(response: h11.Response) -> float:
    found = next((value for name, value in response.headers if name == b"retry-after"), b"")
    return float(found) if found.isdigit() and len(found) < 10 else 0.0
