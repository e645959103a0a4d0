"""Limits that the kernel keeps: set before a job's first instruction, for processes and for workers."""

import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.executors.keeper.limits import LIMITS
from orchestrator.executors.local import LocalExecutor
from tests.executors.rigs import Maker, Seen, end_all_keepers

SHOW = """
import resource

def show(ctx=None):
    which = ["AS", "CPU", "NOFILE", "NPROC", "FSIZE"]
    print([resource.getrlimit(getattr(resource, f"RLIMIT_{each}")) for each in which])

def waste(ctx): bytearray(1 << 30)

if __name__ == "__main__":
    show()
"""
LIMITED = {"memory": 1 << 30, "cpu_s": 100, "open_files": 64, "processes": 5000, "file_size": 1 << 20}
SHOWN = "[(1073741824, 1073741824), (100, 105), (64, 64), (5000, 5000), (1048576, 1048576)]"

Local = tuple[LocalExecutor, Seen, Maker]


@pytest_asyncio.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    (tmp_path / "show.py").write_text(SHOW)
    executor, seen = LocalExecutor(tmp_path / "keepers", 1, linger_s=0.2), Seen()
    await executor.open(seen)
    yield executor, seen, Maker(tmp_path)
    await executor.close()
    end_all_keepers(tmp_path / "keepers")


@pytest.mark.asyncio
async def test_declared_limits_are_set_for_processes_and_workers(local: Local) -> None:
    """Broken: a job may take more than it was allowed."""
    executor, seen, make = local
    assert LIMITED.keys() == LIMITS.keys()
    process = make.process("p", sys.executable, "show.py", limits=LIMITED)
    executor.start([process, make.worker("w", "show:show", limits=LIMITED)])
    for run in ("p", "w"):
        assert (await seen.end_of(run)).code == 0
        assert make.log(run).read_text().splitlines()[-1] == SHOWN


@pytest.mark.asyncio
async def test_without_limits_a_job_begins_with_as_many_files_as_programs_expect(local: Local) -> None:
    """Broken: what the keeper needs for itself breaks programs that count on at most 1,024 descriptors."""
    executor, seen, make = local
    executor.start([make.shell("a", "ulimit -Sn"), make.shell("b", "ulimit -Sn", limits={"cpu_s": 9})])
    for run in ("a", "b"):
        assert (await seen.end_of(run)).code == 0
        assert make.log(run).read_text() == "1024\n"


@pytest.mark.asyncio
async def test_a_limited_child_is_like_any_other(local: Local) -> None:
    """Broken: declaring a limit changes what a job inherits: descriptors, stdin, session, signals, folder, output."""
    executor, seen, make = local
    script = (
        "cat; ls /proc/self/fd | wc -l; ps -o sid= -p $$ | tr -d ' '; echo $$; pwd; echo err >&2; "
        "grep -E 'SigIgn|SigBlk|SigCgt' /proc/self/status"
    )
    plain, limited = make.process("p", "bash", "-c", script), make.process("l", "bash", "-c", script, limits=LIMITED)
    executor.start([plain, limited])
    told: list[list[str]] = []
    for run in ("p", "l"):
        assert (await seen.end_of(run)).code == 0
        descriptors, session, pid, *rest = make.log(run).read_text().splitlines()
        assert session == pid
        told.append([descriptors, *rest])
    assert told[0] == told[1]


@pytest.mark.asyncio
async def test_a_job_that_a_limit_kills_is_told_so(local: Local) -> None:
    """Broken: a job dies of its limit and nobody learns of which."""
    executor, seen, make = local
    executor.start(
        [
            make.shell("cpu", "while :; do :; done", limits={"cpu_s": 1}),
            make.shell("file", "exec cat /dev/zero > big", limits={"file_size": 4096}),
            make.shell("other", "kill -SEGV $$", limits=LIMITED),
            make.worker("waste", "show:waste", limits={"memory": 200 << 20}),
        ]
    )
    cpu, file, other, waste = [await seen.end_of(run) for run in ("cpu", "file", "other", "waste")]
    assert (cpu.kind, cpu.code) == ("signal", signal.SIGXCPU)
    assert cpu.message == "killed by SIGXCPU: it took more than resources.cpu allows, 1 seconds"
    assert (file.kind, file.code) == ("signal", signal.SIGXFSZ)
    assert file.message == "killed by SIGXFSZ: it took more than resources.file_size allows, 4096 bytes"
    assert (make.folder / "big").stat().st_size == 4096
    assert other.message == "killed by SIGSEGV"
    assert (waste.kind, waste.message) == ("exit", "MemoryError")


@pytest.mark.asyncio
async def test_what_hinders_a_limited_start_is_said_as_for_any_other(local: Local) -> None:
    """Broken: a job with limits fails to start, or seems to start, without a word of why."""
    executor, seen, make = local
    (make.folder / "script").write_text("no interpreter")
    (make.folder / "script").chmod(0o700)
    starts = [
        make.process("none", "./missing", limits=LIMITED),
        make.process("bad", "./script", limits=LIMITED),
        make.process("nul", "echo", "a\0b", limits=LIMITED),
        make.process("huge", "true", limits={"open_files": 1 << 62}),
    ]
    executor.start(starts)
    none, bad, nul, huge = [await seen.end_of(start.run) for start in starts]
    assert {end.kind for end in (none, bad, nul, huge)} == {"could_not_start"}
    assert "./missing does not exist" in none.message
    assert "neither a binary of this machine nor a script" in bad.message
    assert "null" in nul.message
    assert "resources.open_files cannot be 4611686018427387904 files" in huge.message


@pytest.mark.asyncio
async def test_runs_with_different_limits_share_no_worker(local: Local) -> None:
    """Broken: a run is served by a worker that was started within the limits of another job."""
    executor, seen, make = local
    for run, most in (("a", 64), ("b", 128), ("c", 64)):
        executor.start([make.worker(run, "show:show", limits={"open_files": most})])
        assert (await seen.end_of(run)).code == 0
        assert f"({most}, {most})" in make.log(run).read_text()
