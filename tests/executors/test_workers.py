"""Warm workers: reuse, what a function may do to its worker, and which runs share one."""

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.executors.base import StopRun
from orchestrator.executors.local import LocalExecutor
from tests.executors.rigs import Maker, Seen, end_all_keepers, gone, leaders, line_in, marked

FUNCTIONS = """
import os, signal, subprocess, sys, time

print("loaded by", __name__)

def say(ctx):
    print("out", os.getcwd(), os.environ["WANTD_RUN"], ctx.job)
    print("err", file=sys.stderr)
    subprocess.run(["echo", "child"])
    ctx.progress(0.5)
    os.chdir("/")

def fail(ctx):
    raise ValueError("no such weather")

def leave(ctx): sys.exit(7)
def leave_with_words(ctx): sys.exit("enough")
def vanish(ctx): os._exit(9)
def die(ctx): os.kill(os.getpid(), signal.SIGKILL)
def burn(ctx): sum(range(3_000_000))
def nothing(ctx): pass
def need(ctx): ctx.need("a/b")
def hang(ctx):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open("here", "w") as here: print("here", file=here)
    subprocess.run(["sleep", "1000"])
def finish_when_asked(ctx):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open("here", "w") as here: print("here", file=here)
    time.sleep(1000)
not_a_function = 3
"""

Local = tuple[LocalExecutor, Seen, Maker]


@pytest_asyncio.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    (tmp_path / "tasks.py").write_text(FUNCTIONS)
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    executor, seen = LocalExecutor(tmp_path / "keepers", 1, linger_s=0.2), Seen()
    await executor.open(seen)
    yield executor, seen, Maker(tmp_path)
    await executor.close()
    end_all_keepers(tmp_path / "keepers")


async def pid_of(local: Local, run: str, function: str = "tasks:nothing", fingerprint: str = "f") -> int:
    executor, seen, make = local
    executor.start([make.worker(run, function, fingerprint=fingerprint)])
    await seen.end_of(run)
    return leaders(make.folder / "keepers")[run]


@pytest.mark.asyncio
async def test_a_call_has_its_log_context_report_and_folder(local: Local) -> None:
    """Broken: a function's output goes astray, or one call disturbs the next."""
    executor, seen, make = local
    executor.start([make.worker("a", "tasks:say", width=1), make.worker("b", "tasks:say", width=1)])
    assert (await seen.end_of("a")).code == (await seen.end_of("b")).code == 0
    said = [f"out {make.folder} a j", "err", "child"]
    assert make.log("a").read_text().splitlines() == ["loaded by tasks", *said]
    assert make.log("b").read_text().splitlines() == [line.replace(" a j", " b j") for line in said]
    assert json.loads(seen.ends()["a"].said) == {"progress": 0.5}


@pytest.mark.asyncio
async def test_a_worker_serves_many_runs(local: Local) -> None:
    """Broken: every call pays for an interpreter and its imports."""
    pids = {await pid_of(local, f"r{number}") for number in range(5)}
    assert len(pids) == 1


@pytest.mark.asyncio
async def test_what_is_raised_ends_the_call_and_not_the_worker(local: Local) -> None:
    """Broken: an exception is swallowed, or costs the worker."""
    _, seen, make = local
    first = await pid_of(local, "fail", "tasks:fail")
    end = seen.ends()["fail"]
    assert (end.kind, end.code, end.message) == ("exit", 1, "ValueError: no such weather")
    assert "Traceback" in make.log("fail").read_text()
    assert await pid_of(local, "leave", "tasks:leave") == first
    assert seen.ends()["leave"].code == 7
    assert await pid_of(local, "words", "tasks:leave_with_words") == first
    assert (seen.ends()["words"].code, seen.ends()["words"].message) == (1, "enough")
    assert await pid_of(local, "need", "tasks:need") == first
    assert seen.ends()["need"].code == 0
    assert json.loads(seen.ends()["need"].said) == {"missing": ["a/b"]}


@pytest.mark.asyncio
async def test_a_dead_worker_ends_its_run_and_is_replaced(local: Local) -> None:
    """Broken: a function that kills its process hangs its run, or takes the pool with it."""
    _, seen, _ = local
    died = await pid_of(local, "die", "tasks:die")
    assert (seen.ends()["die"].kind, seen.ends()["die"].code) == ("signal", 9)
    vanished = await pid_of(local, "vanish", "tasks:vanish")
    assert (seen.ends()["vanish"].kind, seen.ends()["vanish"].code) == ("exit", 9)
    last = await pid_of(local, "last")
    assert seen.ends()["last"].code == 0
    assert len({died, vanished, last}) == 3


@pytest.mark.asyncio
async def test_an_idle_worker_that_was_killed_costs_no_run(local: Local) -> None:
    """Broken: a run is handed to a worker that is dead, and fails for nothing."""
    executor, seen, make = local
    pid = await pid_of(local, "first")
    handle = os.pidfd_open(pid)
    os.kill(pid, 9)
    await gone(handle)
    executor.start([make.worker(f"r{number}", "tasks:nothing", width=1) for number in range(3)])
    ends = [await seen.end_of(f"r{number}") for number in range(3)]
    assert [end.kind for end in ends] == ["exit"] * 3


@pytest.mark.asyncio
async def test_a_timeout_kills_the_worker_and_what_it_started(local: Local) -> None:
    """Broken: a function that hangs blocks its pool for ever, or leaves children."""
    executor, seen, make = local
    executor.start([make.worker("hang", "tasks:hang", timeout_s=0.3, width=1)])
    executor.start([make.worker("next", "tasks:nothing", width=1)])
    end = await seen.end_of("hang")
    assert (end.kind, end.message) == ("timeout", "ran longer than 0.3 s; killed by SIGKILL")
    assert (await seen.end_of("next")).code == 0
    assert marked(make.folder / "keepers", {"hang"}) == []


@pytest.mark.asyncio
async def test_stop_reaches_running_and_waiting_calls(local: Local) -> None:
    """Broken: a canceled call goes on, or a waiting one is started after it was canceled."""
    executor, seen, make = local
    runs = [make.worker("hang", "tasks:hang", width=1), make.worker("waits", "tasks:say", width=1)]
    executor.start([*runs, make.worker("after", "tasks:nothing", width=1)])
    await line_in(make.folder / "here")
    executor.stop([StopRun("waits"), StopRun("hang")])
    assert (await seen.end_of("waits")).message == "asked to stop before it was started"
    assert (await seen.end_of("hang")).kind == "canceled"
    assert (await seen.end_of("after")).code == 0
    assert not make.log("waits").exists()


@pytest.mark.asyncio
async def test_a_call_that_finishes_when_asked_to_stop_has_finished(local: Local) -> None:
    """Broken: workers and processes differ in what a stop means."""
    executor, seen, make = local
    executor.start([make.worker("a", "tasks:finish_when_asked")])
    await line_in(make.folder / "here")
    executor.stop([StopRun("a")])
    end = await seen.end_of("a")
    assert (end.kind, end.code, end.stop_requested) == ("exit", 0, True)


@pytest.mark.asyncio
async def test_what_cannot_be_loaded_could_not_start(local: Local) -> None:
    """Broken: a misspelt function is an ordinary failure without a hint."""
    executor, seen, make = local
    cases = {
        "module": ("nowhere:build", "ModuleNotFoundError: No module named 'nowhere'"),
        "function": ("tasks:biuld", "has no attribute 'biuld'"),
        "form": ("tasks", "write module:function"),
        "import": ("broken:build", "No module named 'no_such_module'"),
        "kind": ("tasks:not_a_function", "is int, not a function"),
    }
    executor.start([make.worker(run, function) for run, (function, _) in cases.items()])
    executor.start([make.worker("no/such/folder", "tasks:nothing")])
    assert "cannot be written" in (await seen.end_of("no/such/folder")).message
    executor.start([make.worker("python", "tasks:nothing", python="/no/python")])
    for run, (_, message) in cases.items():
        end = await seen.end_of(run)
        assert end.kind == "could_not_start"
        assert message in end.message
    assert "/no/python does not exist" in (await seen.end_of("python")).message


@pytest.mark.asyncio
async def test_another_fingerprint_is_another_worker(local: Local) -> None:
    """Broken: after a change of the code, a warm worker goes on with the old one."""
    _, _, make = local
    old = await pid_of(local, "old", fingerprint="old")
    (make.folder / "tasks.py").write_text("def nothing(ctx): raise SystemExit(5)\n# changed\n")
    assert await pid_of(local, "new", fingerprint="new") != old
    assert local[1].ends()["new"].code == 5


@pytest.mark.asyncio
async def test_at_most_so_many_workers_as_asked_for(local: Local) -> None:
    """Broken: a wide fan-out starts a thousand interpreters."""
    executor, seen, make = local
    executor.start([make.worker(f"r{number}", "tasks:nothing", width=2) for number in range(100)])
    for number in range(100):
        assert (await seen.end_of(f"r{number}")).code == 0
    assert len(set(leaders(make.folder / "keepers").values())) <= 2


@pytest.mark.asyncio
async def test_a_worker_is_replaced_after_a_thousand_calls(local: Local) -> None:
    """Broken: a leak in a job's code grows for ever."""
    executor, seen, make = local
    executor.start([make.worker(f"r{number}", "tasks:nothing", width=1) for number in range(1001)])
    for number in range(1001):
        await seen.end_of(f"r{number}")
    worked = leaders(make.folder / "keepers")
    served = [worked[f"r{number}"] for number in range(1001)]
    assert len(set(served[:1000])) == 1
    assert served[1000] != served[0]


@pytest.mark.asyncio
async def test_usage_is_that_of_the_call(local: Local) -> None:
    """Broken: a cheap call is charged with everything its worker ever did."""
    _, seen, _ = local
    for run in ("tasks:nothing", "tasks:burn", "tasks:nothing"):
        await pid_of(local, f"{run}{len(seen.facts)}", run)
    _, burn, cheap = seen.ends().values()
    assert burn.user_s > 0.01
    assert cheap.user_s < burn.user_s


@pytest.mark.asyncio
async def test_a_worker_holds_no_descriptor_of_the_keeper(local: Local) -> None:
    """Broken: a job can speak to the keeper in its own name, or keeps its journal locked."""
    executor, seen, make = local
    (make.folder / "fds.py").write_text(
        "import os, subprocess, sys\n"
        "def show(ctx):\n"
        "    for each in sorted(os.listdir('/proc/self/fd')): print(each, end=' ')\n"
        "    sys.stdout.flush()\n"
        '    subprocess.run(\'echo; ls /proc/self/fd | tr "\\\\n" " "\', shell=True, close_fds=False)\n'
    )
    executor.start([make.worker("a", "fds:show", python=sys.executable)])
    await seen.end_of("a")
    own, child = (line.split() for line in make.log("a").read_text().splitlines())
    # 3 is its channel, 4 where its output goes between calls, 5 the folder it lists
    assert own == ["0", "1", "2", "3", "4", "5"]
    assert child == ["0", "1", "2", "3"]  # 3 the folder it lists
