"""Deaths of the daemon and of the keeper at any moment: nothing runs twice, nothing is told that is not so.

What ran is judged by what the jobs themselves write, never by our own records.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from orchestrator.executors import link
from orchestrator.executors.base import ExecutorError, Exit, StaleEpoch, StopRun
from orchestrator.executors.keeper import journal, procfs
from orchestrator.executors.keeper.child import Streams
from orchestrator.executors.keeper.launch import spawn
from orchestrator.executors.link import Facts, Link, reach_keeper
from orchestrator.executors.local import LocalExecutor
from orchestrator.executors.survey import read_dead
from tests.executors.daemon import starts
from tests.executors.rigs import (
    PATIENCE_S,
    ROOT,
    Maker,
    Seen,
    end_all_keepers,
    gone,
    keeper_folders,
    keeper_pid,
    line_in,
    marked,
    wait_for_line,
)


@pytest.fixture
def keepers(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "keepers"
    end_all_keepers(tmp_path / "keepers")


def run_daemon(keepers: Path, epoch: int, count: int, how: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "tests.executors.daemon", str(keepers), str(epoch), str(count), how]
    return subprocess.Popen(argv, cwd=ROOT)


def run_stranger() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "1000"], start_new_session=True)


def kill(daemon: subprocess.Popen[bytes]) -> None:
    daemon.kill()
    daemon.wait()


def lines(path: Path) -> Counter[str]:
    return Counter(path.read_text().split()) if path.exists() else Counter()


def wait_for(path: Path, count: int) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while lines(path).total() < count:
        assert time.monotonic() < give_up_at, f"{path} has {lines(path).total()} of {count} lines"
        time.sleep(0.005)


def kill_keeper(keepers: Path) -> None:
    os.kill(keeper_pid(keeper_folders(keepers)[-1]), signal.SIGKILL)


async def opened(keepers: Path, epoch: int) -> tuple[LocalExecutor, Seen, dict[str, object]]:
    executor, seen = LocalExecutor(keepers, epoch, linger_s=0.2), Seen()
    return executor, seen, dict(await executor.open(seen))


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["process", "worker"])
async def test_running_jobs_are_adopted(keepers: Path, how: str) -> None:
    """Broken: a daemon that is killed and comes back starts its 50 running jobs again, or never hears of them."""
    daemon = run_daemon(keepers, 1, 50, how)
    ran = keepers.parent / "ran"
    await asyncio.to_thread(wait_for, ran, 50 if how == "process" else 3)
    kill(daemon)
    executor, seen, survey = await opened(keepers, 2)
    names = {f"r{number}" for number in range(50)}
    assert survey == dict.fromkeys(names, "running")
    executor.start(starts(keepers.parent, 50, how))
    (keepers.parent / "go").touch()
    for name in names:
        assert (await seen.end_of(name)).code == 4
    assert lines(ran) == lines(keepers.parent / "done") == Counter(names)
    await executor.close()


@pytest.mark.asyncio
async def test_a_daemon_killed_at_any_moment_of_its_start_starts_nothing_twice(keepers: Path) -> None:
    """Broken: between sending a start and hearing of it, a killed daemon loses or doubles runs."""
    (keepers.parent / "go").touch()
    for epoch in range(1, 9):
        daemon = run_daemon(keepers, epoch, 40, "process")
        await asyncio.sleep(0.1 + 0.02 * epoch)
        kill(daemon)
    executor, seen, survey = await opened(keepers, 9)
    for name, state in survey.items():
        assert state == "running" or (isinstance(state, Exit) and state.code == 4), name
    executor.start(starts(keepers.parent, 40, "process"))
    for number in range(40):
        assert (await seen.end_of(f"r{number}")).code == 4
    assert lines(keepers.parent / "ran") == Counter(f"r{number}" for number in range(40))
    await executor.close()


@pytest.mark.asyncio
async def test_ends_are_collected_from_a_keeper_that_has_gone(keepers: Path) -> None:
    """Broken: what ended while no daemon was there is forgotten, or stays for ever."""
    daemon = run_daemon(keepers, 1, 10, "process")
    await asyncio.to_thread(wait_for, keepers.parent / "ran", 10)
    kill(daemon)
    (keepers.parent / "go").touch()
    folder = keeper_folders(keepers)[0]
    pidfd = os.pidfd_open(keeper_pid(folder))
    await gone(pidfd)
    executor, _, survey = await opened(keepers, 2)
    assert {end.code for end in survey.values() if isinstance(end, Exit)} == {4}
    assert len(survey) == 10
    executor.settled([f"r{number}" for number in range(9)])
    assert folder.exists()
    executor.settled(["r9"])
    assert not folder.exists()
    await executor.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["process", "worker"])
async def test_a_dead_keepers_runs_are_gone_and_lost(keepers: Path, how: str) -> None:
    """Broken: a run is started again while its first try still works in the background."""
    executor, seen, _ = await opened(keepers, 1)
    executor.start(starts(keepers.parent, 3, how))
    await asyncio.to_thread(wait_for, keepers.parent / "ran", 3)
    workers = {fact.pid for fact in seen.begun()}
    kill_keeper(keepers)
    for name in ("r0", "r1", "r2"):
        end = await seen.end_of(name)
        assert end.kind == "lost"
        assert "died while it ran" in end.message
    states = [procfs.look_up(pid) for pid in workers]
    assert all(state is None or state.is_dead for state in states)
    assert marked(keepers, seen.ends()) == []
    executor.start(starts(keepers.parent, 5, how))
    (keepers.parent / "go").touch()
    for name in ("r3", "r4"):
        assert (await seen.end_of(name)).code == 4
    assert seen.ends()["r0"].kind == "lost"
    assert lines(keepers.parent / "ran") == Counter(f"r{number}" for number in range(5))
    await executor.close()


@pytest.mark.asyncio
async def test_the_next_daemon_declares_lost_what_a_dead_keeper_ran(keepers: Path) -> None:
    """Broken: keeper and daemon die together, and jobs run on unseen or are lost without a word."""
    daemon = run_daemon(keepers, 1, 5, "process")
    await asyncio.to_thread(wait_for, keepers.parent / "ran", 5)
    kill_keeper(keepers)
    kill(daemon)
    executor, _, survey = await opened(keepers, 2)
    assert {state.kind for state in survey.values() if isinstance(state, Exit)} == {"lost"}
    assert len(survey) == 5
    assert marked(keepers, survey) == []
    await executor.close()


@pytest.mark.asyncio
async def test_a_leftover_without_mark_is_found_by_its_session(keepers: Path) -> None:
    """Broken: a job that cleans its environment survives its keeper."""
    executor, seen, _ = await opened(keepers, 1)
    make = Maker(keepers.parent)
    executor.start([make.process("a", "env", "-i", "sh", "-c", "/bin/sleep 1000 & echo $! > child; wait")])
    child = int(await line_in(keepers.parent / "child"))
    await seen.begin_of("a")  # from here on it is written down which session is its own
    kill_keeper(keepers)
    assert (await seen.end_of("a")).kind == "lost"
    state = procfs.look_up(child)
    assert state is None or state.is_dead
    await executor.close()


@pytest.mark.parametrize("limits", [{}, {"open_files": 64}], ids=["spawned", "forked"])
def test_a_leader_is_known_again_by_when_it_was_started(tmp_path: Path, limits: dict[str, int]) -> None:
    """Broken: what a dead keeper left running is taken for a stranger, and lives on beside its successor."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    leaders = [spawn(["sleep", "1000"], str(tmp_path), {}, Streams(nowhere), limits) for _ in range(50)]
    try:
        assert all(leader.began.is_still(procfs.look_up(leader.pid)) for leader in leaders)
        time.sleep(0.02)
        later = spawn(["sleep", "1000"], str(tmp_path), {}, Streams(nowhere), limits)
        leaders.append(later)
        found = procfs.look_up(later.pid)
        assert not any(leader.began._replace(pid=later.pid).is_still(found) for leader in leaders[:-1])
        assert not later.began.is_still(None)
    finally:
        os.close(nowhere)
        for leader in leaders:
            leader.bury(whole_session=False)


@pytest.mark.asyncio
async def test_strangers_are_never_killed(keepers: Path) -> None:
    """Broken: a pid that was given to a stranger gets the stranger killed."""
    executor, seen, _ = await opened(keepers, 1)
    executor.start([Maker(keepers.parent).process("a", "sleep", "1000")])
    leader = (await seen.begin_of("a")).pid
    await executor.close()
    folder = keeper_folders(keepers)[0]
    kill_keeper(keepers)
    await asyncio.to_thread(wait_until_dead, folder)
    stranger = run_stranger()
    path = folder / journal.NAME
    born = procfs.look_up(stranger.pid)
    assert born is not None
    before = f'"pid":{stranger.pid},"ticks":1,"upto":{born.started_ticks - 1}'
    text, replaced = re.subn(f'"pid":{leader},"ticks":\\d+,"upto":\\d+', before, path.read_text())
    assert replaced == 1
    path.write_text(text)
    assert read_dead(folder).ends["a"].kind == "lost"
    assert stranger.poll() is None
    kill(stranger)


@pytest.mark.asyncio
async def test_after_a_reboot_runs_are_lost_and_nothing_is_hunted(keepers: Path) -> None:
    """Broken: pids of another boot are taken for ours."""
    executor, seen, _ = await opened(keepers, 1)
    executor.start([Maker(keepers.parent).process("a", "sleep", "1000")])
    leader = (await seen.begin_of("a")).pid
    await executor.close()
    folder = keeper_folders(keepers)[0]
    kill_keeper(keepers)
    await asyncio.to_thread(wait_until_dead, folder)
    path = folder / journal.NAME
    original = path.read_text()
    path.write_text(original.replace(procfs.boot_id(), "another-boot"))
    assert "started anew" in read_dead(folder).ends["a"].message
    state = procfs.look_up(leader)
    assert state is not None
    assert not state.is_dead
    path.write_text(original)


def wait_until_dead(folder: Path) -> None:
    while journal.is_alive(str(folder / journal.NAME)):
        time.sleep(0.002)


@pytest.mark.asyncio
async def test_an_overtaken_daemon_starts_and_stops_nothing(keepers: Path) -> None:
    """Broken: a daemon that slept through its replacement runs jobs beside it."""
    old, old_seen, _ = await opened(keepers, 1)
    old.start([Maker(keepers.parent).process("first", "sleep", "1000")])
    await old_seen.begin_of("first")
    new, new_seen, survey = await opened(keepers, 2)
    assert survey == {"first": "running"}
    old.start([Maker(keepers.parent).shell("stale", "echo > stale")])
    new.start([Maker(keepers.parent).shell("fresh", "true")])
    await new_seen.end_of("fresh")
    await old_seen.end_of("fresh")
    with pytest.raises(StaleEpoch, match="a daemon of epoch 2 has taken over"):
        old.stop([StopRun("first")])
    assert "first" not in new_seen.ends()
    with pytest.raises(StaleEpoch, match="this one has epoch 1 and must end"):
        await opened(keepers, 1)
    assert not (keepers.parent / "stale").exists()
    await old.close()
    await new.close()


@pytest.mark.asyncio
async def test_a_damaged_journal_is_refused_with_its_line(keepers: Path) -> None:
    """Broken: what cannot be read counts as never claimed, and runs again."""
    executor, seen, _ = await opened(keepers, 1)
    executor.start([Maker(keepers.parent).process("a", "true")])
    await seen.end_of("a")
    await executor.close()
    folder = keeper_folders(keepers)[0]
    await asyncio.to_thread(wait_until_dead, folder)
    path = folder / journal.NAME
    path.write_text(path.read_text().replace('{"claims"', '{"clams"'))
    with pytest.raises(ExecutorError, match="line 2"):
        await opened(keepers, 2)
    path.unlink()


@pytest.mark.asyncio
async def test_a_suspended_keeper_makes_nobody_lost(keepers: Path) -> None:
    """Broken: a keeper that is slow is taken for dead, and its runs are started again."""
    executor, _, _ = await opened(keepers, 1)
    executor.start([Maker(keepers.parent).shell("a", "echo > here; sleep 1000")])
    await asyncio.to_thread(wait_for_line, keepers.parent / "here")
    await executor.close()
    folder = keeper_folders(keepers)[0]
    os.kill(keeper_pid(folder), signal.SIGSTOP)
    assert journal.is_alive(str(folder / journal.NAME))
    again = LocalExecutor(keepers, 2, linger_s=0.2)
    opening = asyncio.create_task(again.open(Seen()))
    done, _ = await asyncio.wait([opening], timeout=0.3)
    assert not done
    os.kill(keeper_pid(folder), signal.SIGCONT)
    assert await opening == {"a": "running"}
    await again.close()


@pytest.mark.asyncio
async def test_nonsense_on_the_socket_costs_only_its_connection(keepers: Path) -> None:
    """Broken: whoever can reach the socket can end every running job with one bad line."""
    executor, seen, _ = await opened(keepers, 1)
    executor.start([Maker(keepers.parent).shell("a", "while [ ! -e go ]; do sleep 0.02; done; exit 3")])
    await seen.begin_of("a")
    handle = os.open(keeper_folders(keepers)[0], os.O_RDONLY)
    for line in (
        b"garbage\n",
        b'{"do":"start","epoch":1,"runs":[{"run":3}]}\n',
        b'{"do":"hello","epoch":1,"protocol":99}\n',
    ):
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{handle}/socket")
        writer.write(line)
        assert b"refused" in await reader.readline()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    os.close(handle)
    (keepers.parent / "go").touch()
    assert (await seen.end_of("a")).code == 3
    await executor.close()


@pytest.mark.asyncio
async def test_ids_of_earlier_keepers_stay_refused(keepers: Path) -> None:
    """Broken: a new keeper starts again what an old one has run, if the daemon is mistaken."""
    first, seen, _ = await opened(keepers, 1)
    make = Maker(keepers.parent)
    first.start([make.shell("a", "echo a >> ran; exit 3")])
    ended = await seen.end_of("a")
    kill_keeper(keepers)
    first.start([make.shell("b", "true")])
    await seen.end_of("b")
    seen.forget()
    kept = Link(
        1, lambda _, said: seen(said.in_words_of_the_port() if isinstance(said, Facts) else []), lambda link: None
    )
    live = keeper_folders(keepers)[-1]
    await reach_keeper(live, lambda: kept)
    await kept.greeting()
    kept.ask("start", [msgspec.Raw(msgspec.json.encode(make.shell("a", "echo a >> ran")))])
    assert await seen.end_of("a") == ended
    assert lines(keepers.parent / "ran") == Counter("a")
    await kept.close()
    await first.close()


@pytest.mark.asyncio
async def test_a_keeper_that_dies_before_it_answers_costs_no_run(
    keepers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a keeper is killed while it starts, and runs that were never begun fail for it."""
    dying, died = keepers.parent / "dying.py", keepers.parent / "died"
    dying.write_text(
        f"import os, sys\nopen({str(died)!r}, 'a').write('x')\n"
        f"if os.path.getsize({str(died)!r}) < 3: os.kill(os.getpid(), 9)\n"
        f"os.execv(sys.executable, [sys.executable, '-I', '-S', {str(link._KEEPER)!r}, *sys.argv[1:]])\n"
    )
    monkeypatch.setattr(link, "_KEEPER", dying)
    executor, seen, _ = await opened(keepers, 1)
    executor.start([Maker(keepers.parent).shell("r", "exit 4")])
    assert (await seen.end_of("r")).code == 4
    assert died.read_text() == "xxx"
    await executor.close()


@pytest.mark.asyncio
async def test_what_another_application_runs_is_left_alone(keepers: Path, tmp_path: Path) -> None:
    """Broken: the cleaning up after one application kills the jobs of another that has runs of the same names."""
    others = tmp_path / "other" / "keepers"
    others.mkdir(parents=True)
    other, heard, _ = await opened(others, 1)
    other.start(starts(others.parent, 1, "process"))
    await asyncio.to_thread(wait_for, others.parent / "ran", 1)
    executor, seen, _ = await opened(keepers, 1)
    executor.start(starts(keepers.parent, 1, "process"))
    await asyncio.to_thread(wait_for, keepers.parent / "ran", 1)
    kill_keeper(keepers)
    assert (await seen.end_of("r0")).kind == "lost"
    assert len(marked(others, {"r0"})) > 0
    (others.parent / "go").touch()
    assert (await heard.end_of("r0")).code == 4
    await other.close()
    await executor.close()
    end_all_keepers(others)
