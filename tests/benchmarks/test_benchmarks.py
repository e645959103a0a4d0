"""The benchmarks run: every workload, at its smallest, through the one command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.builders import COMMANDS, builders, edges, run_builder
from benchmarks.processes import ProgramFailed
from benchmarks.rows import Case
from benchmarks.workloads import JOB_KINDS, SHAPES, JobKind, Shape, workload, write_application
from orchestrator.daemon import Application
from statemachines.refs import Ref
from tests.house.source import ROOT

SMALLEST = 20


@pytest.mark.parametrize("shape", SHAPES)
def test_every_workload_runs_and_is_in_the_table(shape: Shape) -> None:
    """Broken: the benchmarks rotted, and nobody knows how fast this is."""
    chosen = ["--size", str(SMALLEST), "--rounds", "1", "--only", "build", "--shape", shape]
    command = [sys.executable, "-m", "benchmarks", *chosen]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for job in JOB_KINDS:
        assert f"| {job} | {shape} | {SMALLEST} |" in shown.stdout
    for title in ("Ask what would be done", "Ask again", "Start", "Idle"):
        section = shown.stdout.partition(f"### {title}")[2].partition("###")[0]
        assert f"| {shape} | {SMALLEST} |" in section, title


def floors_graph(shape: Shape, n: int) -> list[set[int]]:
    """Say which nodes each node of the floor's graph needs, in the order in which ours are wanted."""
    width = n // 10
    match shape:
        case "fanout":
            return [set(), *({0} for _ in range(n))]
        case "chain":
            return [set(), *({i - 1} for i in range(1, n))]
        case "flat":
            return [set() for _ in range(n)]
        case "diamond":
            first: list[set[int]] = [set() for _ in range(width)]
            return first + [
                {(layer - 1) * width + (i + step) % width for step in (0, 1, 7)}
                for layer in range(1, 10)
                for i in range(width)
            ]


@pytest.mark.parametrize("n", [20, 70, 80, 200])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_edges_are_those_of_the_floor(shape: Shape, n: int, tmp_path: Path) -> None:
    """Broken: a ratio compares two graphs that are not the same."""
    work = workload(shape, n)
    catalog = Application.load(write_application(tmp_path, work, "inline")).catalog
    number = {ref: i for i, ref in enumerate(work.refs)}
    needs = [{number[need.ref] for need in catalog.inputs(Ref(ref))} for ref in work.refs]
    assert needs == floors_graph(shape, n)


@pytest.mark.parametrize("shape", SHAPES)
def test_other_builders_build_the_same_graph(shape: Shape, tmp_path: Path) -> None:
    """Broken: a ratio compares two graphs that are not the same, or a builder that had nothing to do."""
    case = Case(shape, 70, "process")
    needs = edges(case, tmp_path)
    number = {made: i for i, made in enumerate(needs)}
    assert [{number[need] for need in needed} for needed in needs.values()] == floors_graph(shape, 70)
    for builder in builders():
        planned, built, again = run_builder(builder, case, tmp_path)
        assert (planned.phase, built.phase, again.phase) == ("plan", "build", "again")
        assert built.partitions == len(needs)
        assert {path.name for path in tmp_path.glob("made*")} == set(needs)
        for made in needs:
            (tmp_path / made).unlink()


@pytest.mark.parametrize("job", JOB_KINDS)
def test_every_kind_of_job_is_configured_as_what_it_is(job: JobKind, tmp_path: Path) -> None:
    """Broken: a figure for one kind of job is that of another."""
    catalog = Application.load(write_application(tmp_path, workload("chain", 20), job)).catalog
    (made,) = catalog.jobs.values()
    assert job == ("process" if made.command else made.executor)


def test_a_builder_that_cannot_do_it_is_absent_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: an hour of measuring is lost because ninja, say, ran out of stack on a chain of 100,000."""
    monkeypatch.setitem(COMMANDS, "make", ("false",))
    with pytest.raises(ProgramFailed, match="false"):
        run_builder("make", Case("chain", 3, "process"), tmp_path)
