"""Reading what a job left as its report: bounded, and never blocking, whatever the job put in the place of the file."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from orchestrator.executors.keeper.masking import NO_MASK, Mask
from orchestrator.report import REPORT_BYTES_MAX, BadReport, Report, parse_report

_PIECE_BYTES = 64 << 10


def read_report(path: Path, mask: Mask = NO_MASK) -> Report | BadReport:
    """Read and check the report of a run; a file that is not there says nothing.

    Reads at most 16 MiB and never blocks: whatever the job put in the place of the file, only a regular one is read.
    What is to be masked is masked in the file, too.
    Raises OSError when an existing file cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return Report()
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return BadReport(0, "", "it is not a regular file any more")
    try:
        said = b"".join(_pieces(handle))
    finally:
        os.close(handle)
    masked = mask.data(said)
    if masked != said:
        _replace(path, masked)
    return parse_report(masked)


def _pieces(handle: int) -> Iterator[bytes]:
    """What is in the file, and of one that is too long just more than it may have; never room for all of it at once."""
    left = REPORT_BYTES_MAX + 1
    while left and (piece := os.read(handle, min(left, _PIECE_BYTES))):
        yield piece
        left -= len(piece)


def _replace(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
