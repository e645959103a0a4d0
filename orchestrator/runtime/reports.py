"""Reading what a job left as its report: bounded, and never blocking, whatever the job put in the place of the file."""

import os
import stat
from pathlib import Path

from orchestrator.executors.keeper.masking import NO_MASK, Mask
from orchestrator.report import REPORT_BYTES_MAX, BadReport, Report, parse_report


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
    with os.fdopen(handle, "rb") as file:
        said = file.read(REPORT_BYTES_MAX + 1)
    masked = mask.data(said)
    if masked != said:
        _replace(path, masked)
    return parse_report(masked)


def _replace(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
