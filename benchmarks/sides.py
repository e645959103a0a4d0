"""The two sides of a case: wantd, and the floor, a throw-away loop that does the least under the same promise.

The floor is a script of its own, kept beside the project; where it is absent only wantd is measured.
"""

import os
import sys
from pathlib import Path

import msgspec

from benchmarks.processes import run
from benchmarks.rows import MARK, Case, Phase, Row
from benchmarks.workloads import JobKind

ROOT = Path(__file__).parents[1]

_MODES: dict[JobKind, str] = {"inline": "inproc", "worker": "warm", "process": "spawn"}


class _FloorRow(msgspec.Struct, frozen=True):
    workload: str
    s: float
    maxrss_mb: float
    commits: int | None = None
    events: int | None = None


def floor_script() -> Path | None:
    """Where the floor is: ``$WANTD_FLOOR``, else beside the project, else nowhere."""
    told = os.environ.get("WANTD_FLOOR")
    path = Path(told) if told else ROOT.parent / "shared" / "bench" / "floor.py"
    return path.absolute() if path.is_file() else None


def run_wantd(case: Case, folder: Path, timeout_s: float) -> list[Row]:
    """Build a case in an empty folder, and ask again; of inline jobs restart, and ask from outside, too."""
    programs = [["benchmarks.one", "build"]]
    if case.job == "inline":
        programs += [["benchmarks.one", "restart"], ["benchmarks.outside"]]
    return [row for program in programs for row in _run_one(program, case, folder, timeout_s)]


def run_floor(script: Path, case: Case, folder: Path, timeout_s: float) -> list[Row]:
    """Run the floor of a case in an empty folder."""
    command = [sys.executable, str(script), case.shape, str(case.n), _MODES[case.job], "full"]
    finished = run(command, folder, {**os.environ, "BENCH_RUN": str(folder)}, timeout_s)
    phases: dict[str, Phase] = {case.shape: "build", f"{case.shape}:noop": "again", f"{case.shape}:replay": "restart"}
    rows: list[Row] = []
    for line in _marked(finished.output):
        found = msgspec.json.decode(line, type=_FloorRow)
        phase = phases.get(found.workload)
        if phase is not None:
            peak_mb = max(finished.peak_mb, found.maxrss_mb) if phase == "build" else None
            partitions = case.n + (case.shape == "fanout")
            rows.append(Row("floor", case, phase, found.s, partitions, found.commits, found.events, peak_mb))
    return rows


def _run_one(program: list[str], case: Case, folder: Path, timeout_s: float) -> list[Row]:
    command = [sys.executable, "-m", *program, case.shape, str(case.n), case.job, str(folder)]
    finished = run(command, folder, {**os.environ, "PYTHONPATH": str(ROOT)}, timeout_s)
    first, *others = [msgspec.json.decode(line, type=Row) for line in _marked(finished.output)]
    assert first.peak_mb is not None, "a run tells what its own process held at most, which a quick look may miss"
    return [msgspec.structs.replace(first, peak_mb=max(first.peak_mb, finished.peak_mb)), *others]


def _marked(output: str) -> list[str]:
    return [line.removeprefix(MARK) for line in output.splitlines() if line.startswith(MARK)]
