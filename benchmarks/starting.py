"""The daemon as its users start it: ``python -m benchmarks.starting PHASE ...``, with PHASE of ``rows``.

``wantd serve`` from its start to the line in which it says that it is ready; then what it holds at rest.
"""

import asyncio
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from benchmarks.processes import held_mb
from benchmarks.programs import program
from benchmarks.rows import Case, Phase, Row
from benchmarks.workloads import workload, write_application

SETTLE_S = 0.5


class _Said(msgspec.Struct):
    event: str
    seq: int = 0


class DidNotStart(Exception):
    """The daemon ended before it was ready."""


async def start(phase: Phase, case: Case, folder: Path) -> list[Row]:
    """Start a daemon, let it settle, and end it."""
    config = folder / "wantd.toml"
    work = workload(case.shape, case.n)
    if not config.exists():
        write_application(folder, work, case.job)
    before = time.perf_counter()
    daemon = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wantd", "--config", str(config), "serve"), stderr=asyncio.subprocess.PIPE
    )
    assert daemon.stderr is not None, "it was asked for"
    ready = await _said(daemon.stderr, "ready")
    seconds = time.perf_counter() - before
    await asyncio.sleep(SETTLE_S)
    held = held_mb(os.getpid())
    daemon.terminate()
    await daemon.communicate()
    return [Row("wantd", case, phase, seconds, len(work.refs), events=ready.seq, held_mb=held)]


async def _said(lines: asyncio.StreamReader, event: str) -> _Said:
    """Wait for a line of log. Raises DidNotStart where none comes."""
    async for line in lines:
        said = msgspec.json.decode(line, type=_Said)
        if said.event == event:
            return said
    raise DidNotStart


if __name__ == "__main__":
    phases = cast("tuple[Phase, ...]", ("first", "ready", "ready again"))
    program({phase: partial(start, phase) for phase in phases})
