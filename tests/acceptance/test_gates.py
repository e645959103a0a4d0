"""Jobs that run while the daemon is killed, stopped, or asked to end them. Issue 2, section 3."""

import asyncio
import os
import random
import signal
import time

import pytest

from orchestrator.executors.keeper import procfs
from orchestrator.executors.keeper.journal import NAME, read_journal
from statemachines import jobrun
from statemachines.ids import RunId
from statemachines.partition import Live
from statemachines.world import World
from tests.acceptance import verdict
from tests.acceptance.commands import Wantd
from tests.acceptance.waiting import PATIENCE_S, wait_until
from tests.executors.rigs import keeper_folders

GRACE_US = 700_000


def begun(gates: Wantd) -> list[tuple[str, str, int]]:
    """What the jobs themselves wrote: run, ref, pid."""
    path = gates.folder / "begun"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(run, ref, int(pid)) for run, ref, pid in (line.split() for line in lines)]


def wait_for_begin(gates: Wantd) -> tuple[str, int]:
    """Wait until a job has begun, and give its run and pid."""
    wait_until(lambda: begun(gates), "a job has begun")
    [(run, _, pid)] = begun(gates)
    return run, pid


def let_go(gates: Wantd, code: int) -> None:
    """Let the jobs end with this exit code."""
    (gates.folder / "go.next").write_text(str(code))
    (gates.folder / "go.next").rename(gates.folder / "go")


def is_dead(pid: int) -> bool:
    state = procfs.look_up(pid)
    return state is None or state.is_dead


def kept_end(gates: Wantd, run: str) -> object:
    """What the keeper's journal says of the end of a run."""
    [folder] = keeper_folders(gates.state / "runs" / "keepers")
    return read_journal(str(folder / NAME)).ends.get(run)


def state_of(gates: Wantd, run: str) -> jobrun.JobRun:
    return world_of(gates).runs[RunId(run)]


def world_of(gates: Wantd) -> World:
    return asyncio.run(verdict.replay(gates.state))


@pytest.mark.parametrize("how", ["process", "worker"])
@pytest.mark.parametrize("code", [0, 7])
def test_a_job_that_ends_while_no_daemon_is_there_is_collected(gates: Wantd, how: str, code: int) -> None:
    """Broken: an end that nobody saw is lost, told wrongly, or run again."""
    life = gates.serve()
    gates.run("want", "create", f"{how}/1")
    run, _ = wait_for_begin(gates)
    life.kill()
    let_go(gates, code)
    wait_until(lambda: kept_end(gates, run), "the keeper has noted the end")
    gates.serve()
    wait_until(lambda: run not in world_of(gates).open_runs, "the end is collected")
    state = state_of(gates, run)
    if code == 0:
        assert isinstance(state, jobrun.Succeeded)
    else:
        assert isinstance(state, jobrun.Failed)
        assert (state.failure.kind, "7" in state.failure.reason) == ("exit_code", True)
    assert len(begun(gates)) == 1


@pytest.mark.parametrize(("how", "killed"), [("process", True), ("worker", True), ("process", False)])
def test_a_job_that_outlives_its_daemon_is_adopted_by_the_next(gates: Wantd, how: str, *, killed: bool) -> None:
    """Broken: a restart kills, doubles or forgets what runs."""
    life = gates.serve()
    gates.run("want", "create", f"{how}/1")
    run, pid = wait_for_begin(gates)
    if killed:
        life.kill()
    else:
        assert life.end() == 0
    gates.serve()
    assert not is_dead(pid)
    assert run in world_of(gates).open_runs
    let_go(gates, 0)
    wait_until(lambda: run not in world_of(gates).open_runs, "it has ended")
    assert isinstance(state_of(gates, run), jobrun.Succeeded)
    assert begun(gates) == [(run, f"{how}/1", pid)]


@pytest.mark.parametrize("how", ["process", "worker"])
def test_time_runs_out_while_no_daemon_is_there(gates: Wantd, how: str) -> None:
    """Broken: a job without a daemon runs for ever, or gets its whole time again from the next."""
    life = gates.serve()
    gates.run("want", "create", f"hasty/{how}")
    run, pid = wait_for_begin(gates)
    life.kill()
    wait_until(lambda: is_dead(pid), "its time is over")
    gates.serve()
    wait_until(lambda: run not in world_of(gates).open_runs, "the end is collected")
    state = state_of(gates, run)
    assert isinstance(state, jobrun.Failed)
    assert state.failure.kind == "timeout"


@pytest.mark.parametrize(("how", "killed"), [("process", False), ("process", True), ("worker", True)])
def test_a_canceled_job_is_canceled_when_nothing_of_it_is_left(gates: Wantd, how: str, *, killed: bool) -> None:
    """Broken: Canceled is said while something of it goes on; its group is not asked first, or gets no grace."""
    life = gates.serve()
    want = gates.run("want", "create", f"stubborn/{how}").stdout.strip()
    wait_until(lambda: len(pids(gates)) == 2, "the job and its child run")
    gates.run("want", "cancel", want)
    assert not any(map(is_dead, pids(gates)))
    if killed:
        life.kill()
        life = gates.serve()
    wait_until(lambda: not world_of(gates).open_runs, "the cancel is confirmed")
    assert all(map(is_dead, pids(gates)))
    assert {"parent", "child"} <= set((gates.folder / "asked").read_text().split())
    world = world_of(gates)
    [state] = world.runs.values()
    assert isinstance(state, jobrun.Canceled)
    assert isinstance(state.was, jobrun.Canceling)
    assert state.since - state.was.since >= GRACE_US
    assert not any(isinstance(one, Live) for one in world.partitions.values())


def pids(gates: Wantd) -> list[int]:
    path = gates.folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_a_stopped_daemon_goes_on_where_it_was(gates: Wantd) -> None:
    """Broken: a daemon that slept takes its jobs for lost, starts them again, or lets a second daemon in."""
    life = gates.serve()
    refs = ["process/1", "worker/1", "process/2", "worker/2", "process/3"]
    gates.run("want", "create", *refs)
    wait_until(lambda: len(begun(gates)) >= 2, "jobs run")
    life.process.send_signal(signal.SIGSTOP)
    let_go(gates, 0)
    wait_until(lambda: all(kept_end(gates, run) for run, _, _ in begun(gates)), "they have ended")
    assert "lock" in gates.run("serve", code=os.EX_TEMPFAIL).stderr
    life.process.send_signal(signal.SIGCONT)
    wait_until(lambda: not world_of(gates).open_runs and len(begun(gates)) == len(refs), "all have ended")
    assert {type(state) for state in world_of(gates).runs.values()} == {jobrun.Succeeded}
    assert sorted(ref for _, ref, _ in begun(gates)) == sorted(refs)
    assert life.end() == 0


def test_what_was_answered_is_there_after_a_kill(gates: Wantd) -> None:
    """Broken: a caller is told of a want that a kill undoes, or asking again with its key makes a second one."""
    chance, keys = random.Random(4), [f"key {number}" for number in range(6)]
    answered: dict[str, str] = {}
    for key in keys:
        life = gates.serve()
        asking = gates.begin("want", "create", "--idempotency-key", key, "process/1")
        time.sleep(chance.uniform(0.1, 0.5))
        life.kill()
        if asking.process.wait(PATIENCE_S) == 0:
            answered[key] = gates.answers.read_text().splitlines()[-1]
    gates.serve()
    again = {key: gates.run("want", "create", "--idempotency-key", key, "process/1").stdout.strip() for key in keys}
    assert answered.items() <= again.items()
    assert set(again.values()) == world_of(gates).wants.keys()
    assert len(world_of(gates).wants) == len(keys)


def test_a_second_daemon_says_who_is_there(gates: Wantd) -> None:
    """Broken: two daemons write one log, or the second ends without a word."""
    life = gates.serve()
    refused = gates.run("serve", code=os.EX_TEMPFAIL)
    assert str(life.process.pid) in refused.stderr
    assert "Traceback" not in refused.stderr
    let_go(gates, 0)
    gates.run("build", "process/1")
    assert life.end() == 0
