"""The same graph for make and ninja: a file for each ref, made by a shell that does nothing else.

Each time they start, read their rules, look at every file, and end; nothing of theirs is synced. One that is not
installed is left out.
"""

import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.processes import Peak, ProgramFailed
from benchmarks.rows import Case, Phase, Row
from benchmarks.workloads import JobKind, partitions, workload, write_application
from orchestrator.daemon import Application
from statemachines.refs import Ref

Builder = Literal["make", "ninja"]

COMMANDS: dict[Builder, tuple[str, ...]] = {
    "make": ("make", "--silent", "-j2", "-f", "Makefile", "all"),
    "ninja": ("ninja", "--quiet", "-j2", "-f", "build.ninja"),
}
"""Two at a time, as many as there are processors to measure on."""

DRY = "-n"
"""Both then say what they would do, and do nothing."""

BUILT_BY_OTHERS: tuple[JobKind, ...] = ("process", "inline")
"""Beside which kinds of job they are run: to build, they take a process a file; to ask again costs the same for all."""


def builders() -> list[Builder]:
    """Those that are installed."""
    return [builder for builder in COMMANDS if shutil.which(builder)]


def run_builder(builder: Builder, case: Case, folder: Path) -> list[Row]:
    """In an empty folder say what would be built, build it, then ask for it again. Raises ProgramFailed."""
    needs = edges(case, folder)
    (folder / "Makefile").write_text(makefile(needs))
    (folder / "build.ninja").write_text(ninja_file(needs))
    planned = _timed(builder, case, "plan", folder, DRY)
    with Peak() as peak:
        built = _timed(builder, case, "build", folder)
    again = _timed(builder, case, "again", folder)
    return [planned, msgspec.structs.replace(built, peak_mb=peak.mb or None), again]


def edges(case: Case, folder: Path) -> dict[str, list[str]]:
    """What each ref of a case needs, as the configuration says; refs are numbered files."""
    work = workload(case.shape, case.n)
    catalog = Application.load(write_application(folder, work, case.job)).catalog
    files = {ref: f"made{number}" for number, ref in enumerate(work.refs)}
    return {files[ref]: [files[need.ref] for need in catalog.inputs(Ref(ref))] for ref in work.refs}


def makefile(needs: Mapping[str, list[str]]) -> str:
    """A rule for each file, as make reads it."""
    rules = (f"{made}: {' '.join(needed)}\n\t: > $@\n" for made, needed in needs.items())
    return f"all: {' '.join(needs)}\n{''.join(rules)}"


def ninja_file(needs: Mapping[str, list[str]]) -> str:
    """A rule for each file, as ninja reads it."""
    rules = (f"build {made}: do {' '.join(needed)}\n" for made, needed in needs.items())
    return f"rule do\n  command = : > $out\n{''.join(rules)}"


def _timed(builder: Builder, case: Case, phase: Phase, folder: Path, *options: str) -> Row:
    command = (*COMMANDS[builder], *options)
    before = time.perf_counter()
    try:
        subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    except subprocess.CalledProcessError as failed:
        raise ProgramFailed(str(failed)) from failed
    return Row(builder, case, phase, time.perf_counter() - before, partitions(case.shape, case.n))
