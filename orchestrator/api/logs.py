"""The output of JobRuns, read from its files: a piece of it, or its last line. Runs in a thread."""

import errno
import os
import stat

import msgspec

from orchestrator.api.refusals import refusal
from orchestrator.runtime.layout import Layout
from orchestrator.views.shapes import LogText, Progress, RunProgress
from statemachines.ids import RunId

PIECE_BYTES = 1 << 20
LINES_SHOWN = 50
"""Of how many JobRuns the last line is looked at."""

_LINE_BYTES = 2_000
_UTF8_MAX = 3
"""How many bytes of a character may be missing at the end of a piece."""


def log_text(path: str, offset: int, *, ended: bool) -> LogText:
    """A piece from a byte on; a negative offset counts from the end. A log that is not there yet is empty."""
    try:
        size, data, offset = _piece(path, offset)
    except FileNotFoundError:
        return LogText("", 0, 0, 0, complete=ended)
    except OSError as error:
        raise refusal("no_log_text", f"{path} cannot be read: {error}") from error
    at_end = offset + len(data) >= size
    if not (at_end and ended):
        data = _whole_characters(data)
    following = offset + len(data)
    return LogText(data.decode(errors="replace"), offset, following, size, complete=ended and following >= size)


def with_last_lines(progress: Progress, layout: Layout) -> Progress:
    """The same with the last line of output of what runs."""
    first, rest = progress.running[:LINES_SHOWN], progress.running[LINES_SHOWN:]
    return msgspec.structs.replace(progress, running=(*(_with_last_line(run, layout) for run in first), *rest))


def _with_last_line(run: RunProgress, layout: Layout) -> RunProgress:
    try:
        _, data, _ = _piece(layout.run_files(RunId(run.id)).log, -_LINE_BYTES)
    except OSError:
        return run
    lines = data.decode(errors="replace").replace("\r", "\n").split("\n")
    return msgspec.structs.replace(run, last_line=next((line for line in reversed(lines) if line.strip()), ""))


def _piece(path: str, offset: int) -> tuple[int, bytes, int]:
    # A job can put anything in the place of its log: a link is not followed, and a pipe is not waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        size = _size_of_file(descriptor, path)
        start = min(size, offset) if offset >= 0 else max(0, size + offset)
        return size, os.pread(descriptor, PIECE_BYTES, start), start
    finally:
        os.close(descriptor)


def _size_of_file(descriptor: int, path: str) -> int:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file any more", path)
    return found.st_size


def _whole_characters(data: bytes) -> bytes:
    """Leave out the beginning of a character whose end is not there yet."""
    for cut in range(min(_UTF8_MAX, len(data)) + 1):
        kept = data[: len(data) - cut]
        rest = data[len(data) - cut :]
        if not rest or rest[0] >= 0b1100_0000:
            try:
                kept[-4:].decode(errors="strict")
            except UnicodeDecodeError as error:
                if error.reason == "unexpected end of data":
                    continue
            return kept
    return data
