"""Keep the log of a run below its cap: its beginning and its last words stay, the middle goes.

The job writes to the file directly, always at its end, so the file can be cut while the job runs. What is written
between two looks may exceed the cap for that long; what is written during a cut may be lost, and is not counted. A look
costs about 2 us.
"""

import os

_TAIL_BYTES = 64 << 10
_LOOKS_MAX = 3
BYTES_MAX_LEAST = 4096


def open_log(path: str) -> int:
    """Open a log for appending. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


class LogCap:
    """The cap of one log. Caps below 4,096 bytes are taken as that."""

    def __init__(self, path: str, bytes_max: int) -> None:
        self._path = path
        self._bytes_max = max(bytes_max, BYTES_MAX_LEAST)
        self._dropped = 0
        self._notice = b""

    def enforce(self) -> None:
        """Cut the log if it has grown beyond its cap."""
        try:
            if os.lstat(self._path).st_size > self._bytes_max:
                self._cut()
        except (OSError, ValueError):
            return  # the job removed or replaced its own log, or the disk is full: nothing here is worth a death

    def _cut(self) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            tail_bytes = min(_TAIL_BYTES, self._bytes_max // 4)
            # A quarter for each end: half the cap is free again, so a steady writer is not cut at every look.
            head_bytes = self._bytes_max // 4
            size, tail = _end_of(file, tail_bytes)
            self._dropped += size - tail_bytes - head_bytes - len(self._notice)
            self._notice = b"\n[wantd: the log is over its cap; at least %d bytes dropped here]\n" % self._dropped
            os.ftruncate(file, head_bytes)
            os.write(file, self._notice + tail)
        finally:
            os.close(file)


def _end_of(file: int, tail_bytes: int) -> tuple[int, bytes]:
    """Read the end of a file that may be growing; look again where it grew meanwhile, to lose as little as possible."""
    size, tail = 0, b""
    for _ in range(_LOOKS_MAX):
        size = os.fstat(file).st_size
        tail = os.pread(file, tail_bytes, size - tail_bytes)
        if os.fstat(file).st_size == size:
            break
    return size, tail
