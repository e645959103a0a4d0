"""The sides of a case: wantd, and the floor, a throw-away loop that does the least under the same promise.

Each is run in an empty folder, every phase in a process of its own. The floor is a script that is kept beside the
project; where it is absent only wantd is measured.
"""

import os
import sys
from pathlib import Path

import msgspec

from benchmarks import programs
from benchmarks.processes import run
from benchmarks.rows import MARK, Batch, Case, Phase, Row, Side
from benchmarks.workloads import JobKind, partitions

ROOT = Path(__file__).parents[1]
LARGE = 100_000
BUILT_TWICE = Case("fanout", LARGE, "inline")
"""Of this a log is also read back that has seen everything tainted and built once more: a million entries."""

PLANNED_MAX = 100_000
"""The largest plan that is asked for: it is answered whole."""

_TIMEOUT_S = 1_800.0
_MODES: dict[JobKind, str] = {"inline": "inproc", "worker": "warm", "process": "spawn"}
_COMMITS = {1: 300, 10: 300, 100: 100, 1_000: 50}
"""How many batches of a size are appended in a run."""

BATCHES = tuple(_COMMITS)


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


def look_ahead(case: Case, folder: Path) -> list[Row]:
    """Start a daemon on an empty log, and ask it what it would do."""
    found = _program(["benchmarks.starting", "first"], case, folder)
    return found + (_program(["benchmarks.ahead", "plan"], case, folder) if case.n <= PLANNED_MAX else [])


def build(case: Case, folder: Path) -> list[Row]:
    """Build a case, and ask again."""
    return _program(["benchmarks.one", "build"], case, folder)


def build_and_return(case: Case, folder: Path) -> list[Row]:
    """Build a case and ask again, read its log back, restart, and ask from outside, again and again."""
    programs = [["one", "build"], ["one", "replay"], ["one", "restart"], ["starting", "ready"], ["outside", "asked"]]
    return [row for name, phase in programs for row in _program([f"benchmarks.{name}", phase], case, folder)]


def start_on_a_long_log(case: Case, folder: Path) -> list[Row]:
    """Start a daemon where everything was built, tainted and built once more."""
    for phase in ("build", "rebuild"):
        _program(["benchmarks.one", phase], case, folder)
    return _program(["benchmarks.starting", "ready again"], case, folder)


def wait_for(phase: Phase, case: Case, folder: Path) -> list[Row]:
    """Measure how long jobs wait."""
    return _program(["benchmarks.latency", phase], case, folder)


def trickle(case: Case, folder: Path) -> list[Row]:
    """Build jobs that end one by one."""
    return _program(["benchmarks.trickle", "build"], case, folder)


def append(side: Side, batch: Batch, folder: Path) -> list[Row]:
    """Write a log in batches."""
    return _run(
        [*_ours("benchmarks.appending"), side, str(batch.events), str(_COMMITS[batch.events]), str(folder)], folder
    )


def run_floor(script: Path, case: Case, folder: Path) -> list[Row]:
    """Run the floor of a case."""
    command = [sys.executable, str(script), case.shape, str(case.n), _MODES[case.job], "full", f"{case.delay_ms:g}"]
    finished = run(command, folder, {**os.environ, "BENCH_RUN": str(folder)}, _TIMEOUT_S)
    found = {
        row.workload: row for row in (msgspec.json.decode(line, type=_FloorRow) for line in _marked(finished.output))
    }
    phases: tuple[tuple[str, Phase], ...] = (
        (":plan", "plan"),
        ("", "build"),
        (":noop", "again"),
        (":replay", "replay"),
    )
    built = found[case.shape]
    rows: list[Row] = []
    for suffix, phase in phases:
        row = found.get(case.shape + suffix)
        if row is None:
            continue
        events = built.events if phase == "replay" else row.events
        peak_mb = max(finished.peak_mb, row.maxrss_mb) if phase == "build" else None
        rows.append(
            Row("floor", case, phase, row.s, partitions(case.shape, case.n), row.commits, events, peak_mb=peak_mb)
        )
    return rows


def _program(program: list[str], case: Case, folder: Path) -> list[Row]:
    name, phase = program
    return _run([*_ours(name), phase, *programs.arguments(case, folder)], folder)


def _ours(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _run(command: list[str], folder: Path) -> list[Row]:
    """Run a program of ours. The first of its rows has the most memory seen with it and all below it."""
    finished = run(command, folder, {**os.environ, "PYTHONPATH": str(ROOT)}, _TIMEOUT_S)
    rows = [msgspec.json.decode(line, type=Row) for line in _marked(finished.output)]
    return [
        row if number else msgspec.structs.replace(row, peak_mb=max(row.peak_mb or 0.0, finished.peak_mb))
        for number, row in enumerate(rows)
    ]


def _marked(output: str) -> list[str]:
    return [line.removeprefix(MARK) for line in output.splitlines() if line.startswith(MARK)]
