"""Process jobs, with real processes: how they end, how they are ended, and why they do not start."""

import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.executors.base import StopRun
from orchestrator.executors.keeper import procfs
from orchestrator.executors.keeper.child import OPEN_FILES
from orchestrator.executors.local import LocalExecutor
from tests.executors.rigs import Maker, Seen, end_all_keepers, line_in, marked

STUBBORN = "trap '' TERM; (trap '' TERM; echo $$ > child; exec sleep 1000) & while :; do sleep 1000; done"


@pytest_asyncio.fixture
async def local(tmp_path: Path) -> AsyncIterator[tuple[LocalExecutor, Seen, Maker]]:
    executor, seen = LocalExecutor(tmp_path / "keepers", 1, linger_s=0.2), Seen()
    await executor.open(seen)
    yield executor, seen, Maker(tmp_path)
    await executor.close()
    end_all_keepers(tmp_path / "keepers")


Local = tuple[LocalExecutor, Seen, Maker]


def of_run(make: Maker, run: str) -> list[int]:
    return [each.pid for each in marked(make.folder / "keepers", {run})]


@pytest.mark.asyncio
async def test_an_end_says_status_signal_times_and_usage(local: Local) -> None:
    """Broken: a failure is reported with the wrong class or code."""
    executor, seen, make = local
    executor.start([make.shell("exits", "exit 42"), make.shell("dies", "kill -SEGV $$"), make.shell("works", ":")])
    exits, dies, works = [await seen.end_of(run) for run in ("exits", "dies", "works")]
    assert (exits.kind, exits.code) == ("exit", 42)
    assert (dies.kind, dies.code, dies.message) == ("signal", signal.SIGSEGV, "killed by SIGSEGV")
    assert (works.kind, works.code, works.stop_requested) == ("exit", 0, False)
    assert 0 < works.started_at_us <= works.ended_at_us
    assert works.max_rss_kb > 0


@pytest.mark.asyncio
async def test_output_goes_to_the_log_and_stdin_is_empty(local: Local) -> None:
    """Broken: logs are lost or overwritten, or a job hangs on its stdin."""
    executor, seen, make = local
    make.log("a").write_text("before\n")
    executor.start([make.shell("a", "cat; echo out; echo err >&2")])
    assert (await seen.end_of("a")).code == 0
    assert make.log("a").read_text() == "before\nout\nerr\n"


@pytest.mark.asyncio
async def test_a_job_inherits_nothing_but_what_it_is_given(local: Local) -> None:
    """Broken: the daemon's secrets or descriptors leak, or a job may dump core or write files for all."""
    executor, seen, make = local
    os.environ["SECRET_OF_THE_DAEMON"] = "x"
    leak = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(leak, True)  # noqa: FBT003  positional only
    script = "env | sort; ls /proc/self/fd | wc -l; ulimit -c; umask; ps -o sid= -p $$ | tr -d ' '; echo $$"
    executor.start([make.process("a", "bash", "-c", script, env={"PATH": "/usr/bin:/bin", "KEY": "v"})])
    await seen.end_of("a")
    os.close(leak)
    del os.environ["SECRET_OF_THE_DAEMON"]
    *env, descriptors, core, umask, session, pid = make.log("a").read_text().split()
    keys = {line.partition("=")[0] for line in env}
    assert keys == {"KEY", "PATH", "WANTD_CONTEXT", "WANTD_REPORT", "WANTD_KEEPER", "WANTD_RUN", "PWD", "SHLVL", "_"}
    assert (descriptors, core, umask) == ("4", "0", "0077")
    assert session == pid


@pytest.mark.asyncio
async def test_ignored_signals_and_limits_of_the_keeper_are_not_handed_on(local: Local) -> None:
    """Broken: a job starts with signals ignored that every program expects to work."""
    executor, seen, make = local
    executor.start([make.shell("a", "grep -E 'SigIgn|SigBlk' /proc/self/status; ulimit -n")])
    await seen.end_of("a")
    masks = make.log("a").read_text().split()
    of_glibc = 0b11 << 31  # 32 and 33: whatever they are, no program may touch them
    assert int(masks[1], 16) == 0
    assert int(masks[3], 16) & ~of_glibc == 0
    assert int(masks[4]) == OPEN_FILES


@pytest.mark.asyncio
async def test_a_run_that_takes_too_long_is_ended(local: Local) -> None:
    """Broken: a timeout is not kept, or an exit 0 after it passes for success."""
    executor, seen, make = local
    slow = make.shell("slow", "trap 'exit 0' TERM; sleep 1000 & wait", timeout_s=0.3)
    executor.start([slow, make.shell("fast", ":", timeout_s=30)])
    end = await seen.end_of("slow")
    assert (end.kind, end.message) == ("timeout", "ran longer than 0.3 s; exit status 0")
    assert 300_000 <= end.ended_at_us - end.started_at_us < 3_000_000
    assert (await seen.end_of("fast")).kind == "exit"


@pytest.mark.asyncio
async def test_stop_reaches_a_grandchild_that_ignores_it(local: Local) -> None:
    """Broken: a canceled run goes on behind our back."""
    executor, seen, make = local
    executor.start([make.shell("a", STUBBORN, grace_s=0.2)])
    await line_in(make.folder / "child")
    assert len(of_run(make, "a")) >= 2
    executor.stop([StopRun("a")])
    end = await seen.end_of("a")
    assert (end.kind, end.stop_requested, end.message) == ("canceled", True, "asked to stop; killed by SIGKILL")
    assert of_run(make, "a") == []


@pytest.mark.asyncio
async def test_stop_reaches_what_left_the_group(local: Local) -> None:
    """Broken: a job control shell's background jobs survive a cancel."""
    executor, seen, make = local
    executor.start([make.process("a", "bash", "-c", "set -m; sleep 1000 & echo $! > child; wait", grace_s=0.2)])
    child = procfs.look_up(int(await line_in(make.folder / "child")))
    assert child is not None
    assert child.group == child.pid != child.session
    executor.stop([StopRun("a")])
    await seen.end_of("a")
    assert of_run(make, "a") == []


@pytest.mark.asyncio
async def test_a_run_that_finishes_when_asked_to_stop_has_finished(local: Local) -> None:
    """Broken: work that was done is thrown away, or a failed stop passes for an ordinary failure."""
    executor, seen, make = local
    executor.start(
        [
            make.shell("good", "trap 'exit 0' TERM; echo > good; sleep 1000 & wait"),
            make.shell("bad", "trap 'exit 7' TERM; echo > bad; sleep 1000 & wait"),
        ]
    )
    await line_in(make.folder / "good")
    await line_in(make.folder / "bad")
    executor.stop([StopRun("good"), StopRun("bad")])
    good, bad = await seen.end_of("good"), await seen.end_of("bad")
    assert (good.kind, good.code, good.stop_requested) == ("exit", 0, True)
    assert (bad.kind, bad.message) == ("canceled", "asked to stop; exit status 7")


@pytest.mark.asyncio
async def test_a_suspended_run_can_be_stopped(local: Local) -> None:
    """Broken: a job that stopped itself waits out its whole grace, although it would have gone."""
    executor, seen, make = local
    executor.start([make.shell("a", "echo > here; kill -STOP $$", grace_s=1000)])
    await line_in(make.folder / "here")
    executor.stop([StopRun("a")])
    assert (await seen.end_of("a")).kind in {"canceled", "exit"}


@pytest.mark.asyncio
async def test_what_a_job_leaves_running_is_killed(local: Local) -> None:
    """Broken: a background child of a finished job goes on writing."""
    executor, seen, make = local
    executor.start([make.shell("a", "sleep 1000 & sleep 1000 & exit 5")])
    end = await seen.end_of("a")
    assert (end.kind, end.code) == ("exit", 5)
    assert of_run(make, "a") == []


@pytest.mark.asyncio
async def test_a_log_is_capped_and_keeps_both_ends(local: Local) -> None:
    """Broken: a job that prints without end fills the disk, or hides its last words."""
    executor, seen, make = local
    script = "echo first words; head -c 300000000 /dev/zero; sleep 0.3; echo last words"
    executor.start([make.process("a", "sh", "-c", script, log_bytes_max=100_000)])
    assert (await seen.end_of("a")).code == 0
    log = make.log("a").read_bytes()
    assert len(log) <= 100_000
    assert log.startswith(b"first words\n")
    assert log.endswith(b"last words\n")
    notice = re.search(rb"\n\[wantd: the log is over its cap; at least ([0-9]+) bytes dropped here\]\n", log)
    assert notice is not None
    assert 150_000_000 < int(notice[1]) < 300_000_000  # on a busy machine much is written during the cuts


@pytest.mark.asyncio
async def test_what_cannot_start_says_why_and_what_to_do(local: Local) -> None:
    """Broken: a misspelt command is a riddle, or takes the keeper down."""
    executor, seen, make = local
    plain, broken, headless = make.folder / "plain", make.folder / "broken", make.folder / "headless"
    plain.write_text("#!/bin/sh\n")
    broken.write_text("#!/no/such/interpreter\n")
    headless.write_text("echo hi\n")
    for script in (broken, headless):
        script.chmod(0o700)
    cases = {
        "typo": (make.process("typo", "slepe", "1"), "'slepe' was not found in /usr/local/bin:/usr/bin:/bin"),
        "nothing": (make.process("nothing"), "the command is empty"),
        "absent": (make.process("absent", "./absent"), "./absent does not exist (looked from"),
        "plain": (make.process("plain", "./plain"), "./plain is not executable; run: chmod +x ./plain"),
        "onpath": (make.process("onpath", "plain", env={"PATH": str(make.folder)}), "is not executable; run: chmod"),
        "folder": (make.process("folder", "/tmp"), "/tmp is a folder"),
        "broken": (make.process("broken", "./broken"), "correct its #! line"),
        "headless": (make.process("headless", "./headless"), "add the #! line"),
        "long": (make.process("long", "true", "x" * 3_000_000), "too long together"),
        "cwd": (make.process("cwd", "true", cwd=Path("/no/such")), "the folder /no/such cannot be entered"),
        "surrogate": (make.process("surrogate", "true", "\ud800"), "not valid text"),
        "nul": (make.process("nul", "true", "a\0b"), "embedded null"),
        "key": (make.process("key", "true", env={"PATH": "/bin", "A=B": "c"}), "illegal environment variable name"),
        "nulcwd": (make.process("nulcwd", "true", cwd=Path("/a\0b")), "embedded null"),
        "huge": (make.process("huge", "true", "x" * 20_000_000), "too long together"),
        "nolog": (make.process("no/such/folder", "true"), "cannot be written"),
    }
    executor.start([start for start, _ in cases.values()])
    for start, message in cases.values():
        end = await seen.end_of(start.run)
        assert end.kind == "could_not_start"
        assert message in end.message
    assert "did you mean 'sleep'?" in seen.ends()["typo"].message


@pytest.mark.asyncio
async def test_a_program_is_looked_up_where_the_job_says(local: Local) -> None:
    """Broken: the daemon's PATH or folder decides what a job runs."""
    executor, seen, make = local
    (make.folder / "bin").mkdir()
    tool = make.folder / "bin" / "tool"
    tool.write_text("#!/bin/sh\nexit 9\n")
    tool.chmod(0o700)
    by_path = make.process("path", "tool", env={"PATH": f"/nowhere:{make.folder}/bin"})
    relative = make.process("relative", "tool", env={"PATH": "bin"})
    executor.start([by_path, relative, make.process("here", "./tool", cwd=make.folder / "bin")])
    for run in ("path", "relative", "here"):
        end = await seen.end_of(run)
        assert (end.kind, end.code) == ("exit", 9)


@pytest.mark.asyncio
async def test_descriptors_of_the_keeper_do_not_grow(local: Local, tmp_path: Path) -> None:
    """Broken: a keeper that lives for months runs out of descriptors."""
    executor, seen, make = local

    async def run_some(name: str) -> int:
        executor.start([make.process(f"{name}{number}", "true") for number in range(40)])
        executor.start([make.process(f"{name}x{number}", "no-such") for number in range(10)])
        for run in [f"{name}{number}" for number in range(40)] + [f"{name}x{number}" for number in range(10)]:
            await seen.end_of(run)
        keeper = int(next((tmp_path / "keepers").glob("*-*")).name.rpartition("-")[2])
        return len(os.listdir(f"/proc/{keeper}/fd"))  # noqa: PTH208  a count of a moment

    assert await run_some("first") == await run_some("second")
