"""Each thing that is measured, measured once where it is smallest."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bel.open import open_log
from bel.sqlite import SqliteStore
from benchmarks import appending, latency, one, sides, trickle
from benchmarks.processes import Peak
from benchmarks.rows import Batch, Case
from benchmarks.slow import commits_take_longer
from benchmarks.workloads import SLEEP_MS_MAX, SLOTS, sleep_ms, workload, write_application
from orchestrator.runtime.codec import CODEC


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("case", "phase"), [(Case("flat", 4, "process"), "started"), (Case("chain", 4, "process"), "next")]
)
async def test_a_wait_is_measured_for_each_job_but_the_first(case: Case, phase: str, tmp_path: Path) -> None:
    """Broken: how long a job waits for us cannot be measured any more."""
    measure = latency.started if phase == "started" else latency.follow
    (row,) = await measure(case, tmp_path)
    assert (row.phase, row.partitions) == (phase, 3)
    assert row.p99 is not None
    assert 0 < row.seconds <= row.p99 < 60


@pytest.mark.asyncio
async def test_a_trickle_is_built_beside_its_ideal_and_a_bare_loop(tmp_path: Path) -> None:
    """Broken: what we add to jobs that end one by one is held against something else."""
    case = Case("flat", 8, "sleep")
    (ideal,) = trickle.ideal(case, tmp_path)
    assert ideal.seconds == max(sleep_ms(i) for i in range(1, 8)) / 1000, "there is a slot for each"
    for name, measured in (("bare", trickle.bare), ("wantd", trickle.build)):
        folder = tmp_path / name
        folder.mkdir()
        answer = measured(case, folder)
        (row,) = answer if isinstance(answer, list) else await answer
        assert (row.side, row.partitions) == (name, ideal.partitions)
        assert row.seconds >= ideal.seconds


def test_the_ideal_fills_the_slot_that_is_free_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: the goal for many short jobs is another than it says."""
    monkeypatch.setitem(SLOTS, "sleep", 2)
    first, second, third = (sleep_ms(i) for i in (1, 2, 3))
    (row,) = trickle.ideal(Case("flat", 4, "sleep"), tmp_path)
    assert row.seconds == max(min(first, second) + third, first, second) / 1000


def test_a_job_sleeps_as_long_as_is_reckoned(tmp_path: Path) -> None:
    """Broken: the script sleeps for other times than the ideal is made of."""
    write_application(tmp_path, workload("flat", 20), "sleep")
    script = (tmp_path / "sleep.sh").read_text().replace("exec sleep", "echo")
    env = {"PATH": "/usr/bin:/bin", "WANTD_OUTPUT": str(tmp_path / "made")}
    for i in range(20):
        told = subprocess.run(
            ["sh", "-c", script, "sh", f"leaf/{i}"], env=env, capture_output=True, text=True, check=True
        )
        assert float(told.stdout) * 1000 == pytest.approx(sleep_ms(i))
    assert {sleep_ms(i) for i in range(1_000)} == set(range(1, SLEEP_MS_MAX + 1))


def test_a_log_is_written_on_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: the append rate and what it is held against are of different logs."""
    monkeypatch.setattr(sides, "_COMMITS", {10: 3})
    ours, bare = (sides.append(side, Batch(10), tmp_path)[0] for side in ("wantd", "aiosqlite"))
    assert (ours.side, bare.side) == ("wantd", "aiosqlite")
    assert (ours.commits, ours.events) == (bare.commits, bare.events) == (3, 30)


@pytest.mark.asyncio
async def test_both_sides_write_the_same_events(tmp_path: Path) -> None:
    """Broken: one side writes less than the other."""
    batches = appending._batches(10, 3)
    await appending.ours(batches, tmp_path)
    await appending.bare(batches, tmp_path)
    log = await open_log(tmp_path / "bel.sqlite", CODEC)
    try:
        read = [entry.event async for entries in log.read() for entry in entries]
    finally:
        await log.close()
    assert read == [event for batch in batches for event in batch]
    with closing(sqlite3.connect(tmp_path / "bare.sqlite")) as database:
        written = database.execute("SELECT seq, kind, event_id, actor FROM entry ORDER BY seq").fetchall()
    first = (1, "WantCreated", "e00000001", "loop")
    assert (len(written), written[0]) == (30, first)


def test_the_memory_of_a_program_is_seen_while_it_runs() -> None:
    """Broken: make and ninja seem to need none."""
    with Peak() as peak:
        subprocess.run([sys.executable, "-c", "held = b'x' * (40 << 20); import time; time.sleep(0.4)"], check=True)
    assert peak.mb > 40


@pytest.mark.asyncio
async def test_each_commit_takes_longer_where_it_is_told_to(tmp_path: Path) -> None:
    """Broken: the slow disk is not slow, or slows something else."""
    case = Case("chain", 20, "inline", delay_ms=20)
    before = time.perf_counter()
    built, again = await one.build(case, tmp_path)
    assert built.commits is not None
    assert again.commits is not None
    assert built.seconds >= built.commits * 0.02
    assert time.perf_counter() - before >= (built.commits + again.commits) * 0.02


def test_nothing_is_slower_afterwards() -> None:
    """Broken: one slow case slows all that follow it."""
    write = SqliteStore.write
    with commits_take_longer(1.0):
        assert SqliteStore.write is not write
    assert SqliteStore.write is write
    with commits_take_longer(0):
        assert SqliteStore.write is write


def test_a_log_that_was_built_twice_is_read_back(tmp_path: Path) -> None:
    """Broken: a restart with a million entries cannot be measured any more."""
    case = Case("fanout", 20, "inline")

    async def twice() -> list[int]:
        await one.build(case, tmp_path)
        (once,) = await one.replay(case, tmp_path)
        await one.rebuild(case, tmp_path)
        (again,) = await one.replay(case, tmp_path)
        (restarted,) = await one.restart(case, tmp_path)
        assert once.events is not None
        assert again.events is not None
        assert restarted.events is not None
        return [once.events, again.events, restarted.events]

    once, again, restarted = asyncio.run(twice())
    assert again == restarted
    assert again >= 2 * once, "everything was tainted and built again"
