"""Where a worker finds what it is told, and leaves what it says: pieces of memory that have paths.

A worker serves one run after another; files on the disk, made and removed for each of them, would cost more than its
work. Every process of the same user can open the paths, as those of secrets; they last as long as the worker.
"""

import os


class Desk:
    """The context and the report of one worker, used for one run at a time."""

    def __init__(self) -> None:
        """Make both. Raises OSError."""
        self._context = os.memfd_create("wantd-context", os.MFD_CLOEXEC)
        try:
            self._report = os.memfd_create("wantd-report", os.MFD_CLOEXEC)
        except OSError:
            os.close(self._context)
            raise

    @property
    def context(self) -> str:
        """Where it is told."""
        return f"/proc/{os.getpid()}/fd/{self._context}"

    @property
    def report(self) -> str:
        """Where it is to say something."""
        return f"/proc/{os.getpid()}/fd/{self._report}"

    def lay(self, context: str) -> None:
        """Lay out the context of the next run, and an empty report. Raises OSError."""
        _write(self._context, context.encode())
        os.ftruncate(self._report, 0)

    def cap(self, bytes_max: int) -> None:
        """Cut a report that is too long already: it lies in memory, and nobody will use it."""
        if os.fstat(self._report).st_size > bytes_max + 1:
            os.ftruncate(self._report, bytes_max + 1)

    def said(self, bytes_max: int) -> bytes:
        """Read the report: of one that is too long just more than it may have."""
        return os.pread(self._report, min(os.fstat(self._report).st_size, bytes_max + 1), 0)

    def close(self) -> None:
        """Let both go."""
        os.close(self._context)
        os.close(self._report)


def _write(file: int, content: bytes) -> None:
    os.ftruncate(file, 0)
    at = 0
    while at < len(content):
        at += os.pwrite(file, content[at:], at)
