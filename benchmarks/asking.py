"""Asking a daemon over its socket, from inside its own event loop, and feeling how long that was held."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from types import TracebackType
from typing import NamedTuple, Self

BEAT_S = 0.0005


class Asked(NamedTuple):
    """How long the answers to one read took, in seconds, and how long the loop was held at most."""

    name: str
    first: float
    seconds: list[float]
    held: float
    size: int

    def row(self) -> tuple[str, ...]:
        """As a row of a table."""
        p99 = quantiles(self.seconds, n=100)[98] if len(self.seconds) > 1 else self.seconds[0]
        times = (self.first, median(self.seconds), p99, self.held)
        return (self.name, *(f"{one * 1e3:.1f}" for one in times), f"{self.size / 1e3:,.0f}")


class Beat:
    """Wakes up all the time; ``longest`` is how long this thread worked at most in between, on its processor."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _beat(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(BEAT_S)
            self.longest = max(self.longest, time.thread_time() - before)


class Asker:
    """One connection to a daemon."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, beat: Beat) -> None:
        self._reader = reader
        self._writer = writer
        self._beat = beat

    @classmethod
    async def open(cls, socket: Path, beat: Beat) -> Self:
        """Connect to the socket of a daemon."""
        return cls(*await asyncio.open_unix_connection(str(socket), limit=1 << 24), beat)

    async def ask(self, name: str, targets: Sequence[str], times: int) -> Asked:
        """Ask each target once, to warm up, then all of them so many times."""
        began = time.perf_counter()
        size = max([len(await self.get(target)) for target in targets])
        first = time.perf_counter() - began
        self._beat.longest = 0.0
        seconds: list[float] = []
        for _ in range(times):
            for target in targets:
                before = time.perf_counter()
                await self.get(target)
                seconds.append(time.perf_counter() - before)
        return Asked(name, first, seconds, self._beat.longest, size)

    async def get(self, target: str) -> bytes:
        """Ask once, and give the answer; it may be a refusal."""
        return await self._answer(f"GET {target} HTTP/1.1\r\nHost: wantd\r\n\r\n".encode())

    async def post(self, target: str, body: bytes) -> bytes:
        """Hand in JSON, and give the answer; it may be a refusal."""
        head = f"POST {target} HTTP/1.1\r\nHost: wantd\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return await self._answer(head.encode() + b"\r\n\r\n" + body)

    async def _answer(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        return await self._reader.readexactly(int(head.partition("content-length:")[2].split()[0]))

    def close(self) -> None:
        """Let go of the connection."""
        self._writer.close()
