"""One sync for everybody who waits: whoever asks while one is under way is served by the next, together.

A sync of a file system costs the same for one file and for a hundred, and says nothing about what was written after it
began. So it is never joined half-way, and never runs twice at a time.

Source: design section 3 (law 8).
"""

import asyncio
from collections.abc import Awaitable, Callable


class GroupSync:
    """Syncs for groups."""

    def __init__(self, sync: Callable[[], Awaitable[None]]) -> None:
        self._sync = sync
        self._waiting: list[asyncio.Future[None]] = []
        self._working: asyncio.Task[None] | None = None

    async def everything_written(self) -> None:
        """Wait until all that is written by now is durable. Raises OSError when the disk refuses."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        if self._working is None or self._working.done():
            self._working = asyncio.ensure_future(self._work())
        await mine

    async def _work(self) -> None:
        while group := [waiting for waiting in self._waiting if not waiting.done()]:
            self._waiting = []
            try:
                await self._sync()
            except OSError as error:
                _finish(group, error)
            else:
                _finish(group, None)


def _finish(group: list[asyncio.Future[None]], error: OSError | None) -> None:
    for waiting in group:
        if waiting.done():
            continue
        if error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(error)
