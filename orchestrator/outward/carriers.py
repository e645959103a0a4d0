"""The ways to a receiver: HTTP, a file, the daemon's own standard output."""

import asyncio
import os
import select
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.outward.messages import Message, Undelivered, Unwanted
from orchestrator.outward.posting import Headers, Poster

UNWANTED = frozenset({400, 413, 415, 422})
"""What a server says who has read a message and will never take it. All else may change: 401, 404, 503, a redirect."""


class Request(NamedTuple):
    """What is posted."""

    headers: Headers
    body: bytes


class HttpCarrier:
    """Posts. ``wrap`` makes one request of at most ``most`` messages; it may read a file, and is called in a thread."""

    def __init__(self, poster: Poster, wrap: Callable[[Sequence[Message]], Request], most: int = 1) -> None:
        self.most = most
        self._poster = poster
        self._wrap = wrap

    async def deliver(self, messages: Sequence[Message], /) -> None:
        request = await asyncio.to_thread(self._wrap, messages)
        answer = await self._poster.post(request.headers, request.body)
        if answer.status in UNWANTED:
            raise Unwanted(f"{self._poster.named} refused {messages[0].id} with {answer.status}")
        if not 200 <= answer.status < 300:
            raise Undelivered(f"{self._poster.named} answered {answer.status}", answer.wait_s)

    async def close(self) -> None:
        await self._poster.close()


class FileCarrier:
    """Appends lines to a file, and syncs them."""

    most = 1_000

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, messages: Sequence[Message], /) -> None:
        try:
            await asyncio.to_thread(self._append, b"".join(message.body + b"\n" for message in messages))
        except OSError as error:
            raise Undelivered(f"{self._path} cannot be written: {error.strerror}") from error

    async def close(self) -> None:
        """Nothing stays open."""

    def _append(self, lines: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a kill, or a full disk, left half a line
                lines = b"\n" + lines
            while lines:
                lines = lines[file.write(lines) :]
            os.fsync(descriptor)


class ConsoleCarrier:
    """Writes lines to standard output, as far as somebody reads it: never waits for him."""

    most = 100

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor

    async def deliver(self, messages: Sequence[Message], /) -> None:
        try:
            await self._write(b"".join(message.body + b"\n" for message in messages))
        except OSError as error:
            raise Undelivered(f"standard output cannot be written: {error.strerror}") from error

    async def close(self) -> None:
        """It is not ours."""

    async def _write(self, lines: bytes) -> None:
        while lines:
            if not select.select((), (self._descriptor,), (), 0)[1]:
                await asyncio.sleep(0.05)
                continue
            # A pipe that says it has room takes this much without waiting.
            lines = lines[os.write(self._descriptor, lines[: select.PIPE_BUF]) :]
