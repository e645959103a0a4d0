"""Telling a service manager how it goes, by systemd's protocol: lines of text in datagrams to ``$NOTIFY_SOCKET``.

Nothing is told where nobody asked, and nothing that goes wrong here ends a daemon. The watchdog is told that the event
loop turns, not that a commit came through: a slow disk is no reason to be killed in the middle of a sync.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

BEATS_A_LIMIT = 3
"""How often the watchdog is told within the time after which it bites."""


class Manager:
    """Whoever started this process as a service, or nobody."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._limit_s = _watchdog_s(environ)

    def tell(self, text: str) -> None:
        """Tell it something."""
        if not self._address.startswith(("/", "@")):
            return
        address = self._address.replace("@", "\0", 1) if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)  # noqa: FBT003  positional only
            channel.sendto(text.encode(), address)

    @asynccontextmanager
    async def told_ready(self) -> AsyncGenerator[None]:
        """Say that the daemon is ready, keep the watchdog quiet, and say that it stops."""
        self.tell("READY=1")
        beating = None if self._limit_s is None else asyncio.create_task(self._beat(self._limit_s / BEATS_A_LIMIT))
        try:
            yield
        finally:
            self.tell("STOPPING=1")
            if beating is not None:
                beating.cancel()

    async def _beat(self, every_s: float) -> None:
        while True:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(every_s)


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """After how long without a word the watchdog bites; None where there is none, or it watches another process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    limit = environ.get("WATCHDOG_USEC", "")
    return int(limit) / 1e6 if limit.isascii() and limit.isdigit() and int(limit) > 0 else None
