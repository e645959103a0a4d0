"""Room on the disk: whoever finds none says so here, and whoever needs some waits here until there is some again.

As long as room is lacking the daemon is read-only: nothing is appended, nothing is started, nobody is answered but by a
refusal. It is looked for now and then, by asking the file systems for more than the next write needs, so that a disk on
which a few bytes come free does not make the daemon go to and fro.

Source: design section 3 (law 1).
"""

import asyncio
import errno
import os
import tempfile
from pathlib import Path

from bel.errors import LogFull

PAUSE_S = 1.0
"""How long nobody looks again after room was found lacking."""
ROOM_BYTES = 1 << 20
"""How much has to be free before it counts as room."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Room:
    """What is known of the room in some folders."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._next_look = 0.0
        self.lack: str | None = None
        """What could not be written for want of room, while there is none."""

    def is_lacking(self, error: Exception) -> bool:
        """Whether this error says that there is no room; if so, that is known from now on."""
        if not isinstance(error, LogFull) and not (isinstance(error, OSError) and error.errno in _FULL):
            return False
        self.lack = str(error)
        self._next_look = asyncio.get_running_loop().time() + PAUSE_S
        return True

    async def look(self) -> bool:
        """Whether there is room. Looks at the disks only where it was lacking, and not all the time."""
        loop = asyncio.get_running_loop()
        if self.lack is not None and loop.time() >= self._next_look:
            self._next_look = loop.time() + PAUSE_S
            if await loop.run_in_executor(None, self._is_there):
                self.lack = None
        return self.lack is None

    async def wait(self) -> None:
        """Wait until there is room."""
        while not await self.look():  # noqa: ASYNC110 - a disk tells nobody that it has room
            await asyncio.sleep(PAUSE_S)

    def _is_there(self) -> bool:
        return all(_has_room(folder) for folder in self._folders)


def _has_room(folder: Path) -> bool:
    """Ask for room and give it back. What else may be wrong is for those who write to find out."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, ROOM_BYTES)
    except OSError as error:
        return error.errno not in _FULL
    return True
