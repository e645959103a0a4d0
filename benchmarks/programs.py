"""What every measured program of ours is told, and how it tells what it found.

``python -m benchmarks.NAME PHASE SHAPE N JOB DELAY_MS FOLDER``: one process for each, so that none finds memory or
imports that another left. ``sides`` starts them.
"""

import asyncio
import resource
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

import msgspec

from benchmarks.rows import MARK, Case, Row
from benchmarks.workloads import JobKind, Shape

Measure = Callable[[Case, Path], Coroutine[None, None, list[Row]]]


def program(phases: Mapping[str, Measure]) -> None:
    """Measure what the arguments say, and print its rows; the first with the most memory this process ever held."""
    phase, *rest = sys.argv[1:]
    rows = asyncio.run(phases[phase](*told(rest)))
    own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for number, row in enumerate(rows):
        whole = row if number else msgspec.structs.replace(row, peak_mb=own_mb)
        print(MARK + msgspec.json.encode(whole).decode())


def arguments(case: Case, folder: Path) -> list[str]:
    """Say a case as arguments."""
    return [case.shape, str(case.n), case.job, str(case.delay_ms), str(folder)]


def told(said: Sequence[str]) -> tuple[Case, Path]:
    """Which case is meant, and where."""
    shape, n, job, delay_ms, folder = said
    assert shape in get_args(Shape), f"no such shape: {shape}"
    assert job in get_args(JobKind), f"no such kind of job: {job}"
    return Case(cast("Shape", shape), int(n), cast("JobKind", job), float(delay_ms)), Path(folder)
