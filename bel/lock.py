"""One daemon a state directory: a lock on ``<state>/lock``, with the name of its holder inside.

The lock is the kernel's and dies with the process, so nothing stale can be left; what the file says is for people
only. The file is never removed: a second process could then lock one that is no longer there. The epoch of the log is
the second line of defence, for writers that the lock cannot see. Source: design section 6.
"""

import asyncio
import contextlib
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

from bel.errors import LogLocked

PATIENCE_SECONDS = 3.0
"""A child that was just forked holds its parent's lock for a moment, also after the parent was killed."""

_PAUSE_SECONDS = 0.05

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock. A pid means something only together with the boot it is from."""

    pid: int
    boot: str
    epoch: int
    """The epoch taken on the log, 0 while there is none yet."""
    started_at: int
    """Microseconds since the Unix epoch."""

    @classmethod
    def this_process(cls, started_at: int) -> Self:
        """Describe this process."""
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        return cls(pid=os.getpid(), boot=boot, epoch=0, started_at=started_at)


class StateLock:
    """A held lock. It is let go by ``release``, or by the end of the process."""

    def __init__(self, path: Path, descriptor: int, holder: Holder) -> None:
        """Keep a descriptor that is locked; ``take_lock`` is the usual way in."""
        self._path = path
        self._descriptor: int | None = descriptor
        self._holder = holder

    def note_epoch(self, epoch: int) -> None:
        """Say in the file which epoch this process has taken."""
        self._holder = msgspec.structs.replace(self._holder, epoch=epoch)
        self.note_holder()

    def note_holder(self) -> None:
        """Say in the file who holds it."""
        if self._descriptor is None:
            raise RuntimeError(f"{self._path} is not held any more; take the lock again")
        text = msgspec.json.encode(self._holder) + b"\n"
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Let go. Releasing twice is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


async def take_lock(state: Path, holder: Holder, *, patience: float = PATIENCE_SECONDS) -> StateLock:
    """Take the lock of a state directory; raise LogLocked, naming who has it, after ``patience`` seconds."""
    path = state / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _lock(path, descriptor, patience)
        lock = StateLock(path, descriptor, holder)
        lock.note_holder()
    except BaseException:
        os.close(descriptor)
        raise
    return lock


def read_holder(state: Path) -> Holder | None:
    """Give what the lock file says, None if it says nothing; the lock itself may be free."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((state / "lock").read_bytes(), type=Holder)
    return None


async def _lock(path: Path, descriptor: int, patience: float) -> None:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if loop.time() >= give_up:
                raise LogLocked(path, _in_words(read_holder(path.parent))) from error
        else:
            return
        await asyncio.sleep(_PAUSE_SECONDS)


def _in_words(holder: Holder | None) -> str:
    if holder is None:
        return "a process that has not said who it is"
    started = datetime.fromtimestamp(holder.started_at / 1e6, tz=UTC).isoformat(timespec="seconds")
    return f"process {holder.pid} (epoch {holder.epoch}, started {started}, boot {holder.boot or 'unknown'})"
