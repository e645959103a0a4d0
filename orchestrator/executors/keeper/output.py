"""The output of a run that was given secrets: read from a pipe, and written to its log with ``***`` in their place.

A run without secrets writes to its log directly and pays for none of this. Both ends of the pipe stay open here until
the run has ended and nothing of it is left, so what it wrote last is read, and what somebody else still has to say is
not waited for. A job that prints faster than this is read waits for us, as at any pipe.
"""

import contextlib
import os
import selectors

from orchestrator.executors.keeper.logs import open_log
from orchestrator.executors.keeper.masking import Mask, MaskedStream

_READ_BYTES = 64 << 10
_LAST_READS_MAX = 17
"""How often the pipe is read at the end: what it can hold is a mebibyte at the very most."""


class MaskedOutput:
    """The pipe of one run, and its log."""

    def __init__(self, selector: selectors.BaseSelector, log: str, mask: Mask) -> None:
        """Open both, and read whenever there is something. Raises OSError."""
        self._log = open_log(log)
        try:
            self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        except OSError:
            os.close(self._log)
            raise
        os.set_blocking(self.reader, False)
        self._stream = MaskedStream(mask)
        self._selector = selector
        selector.register(self.reader, selectors.EVENT_READ, self.pump)

    @property
    def path(self) -> str:
        """Where a process of this user can open the pipe for writing."""
        return f"/proc/{os.getpid()}/fd/{self.writer}"

    def pump(self) -> bool:
        """Take in one piece; false where there is none at the moment."""
        try:
            piece = os.read(self.reader, _READ_BYTES)
        except BlockingIOError:
            return False
        self._write(self._stream.feed(piece))
        return bool(piece)

    def close(self) -> None:
        """Take in what is left, and let go."""
        self._selector.unregister(self.reader)
        for _ in range(_LAST_READS_MAX):
            if not self.pump():
                break
        self._write(self._stream.end())
        for descriptor in (self.reader, self.writer, self._log):
            os.close(descriptor)

    def _write(self, data: bytes) -> None:
        # A full disk costs the job's words, and nothing else.
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._log, data) :]
