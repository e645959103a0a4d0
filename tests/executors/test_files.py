"""What a run is told, what it says and what it prints: its files, and what becomes of them."""

import errno
import json
import os
import selectors
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from orchestrator.executors.base import KeptStart
from orchestrator.executors.keeper import journal
from orchestrator.executors.keeper.files import RunFiles
from orchestrator.executors.keeper.ledger import Ledger
from orchestrator.executors.keeper.room import RETRY_S
from orchestrator.executors.keeper.supervisor import Supervisor
from orchestrator.executors.local import LocalExecutor
from tests.executors.rigs import CONTEXT, Maker, Seen, end_all_keepers, request
from tests.executors.test_journal import made

REPORT_BYTES_MAX = 1 << 20
TASKS = """
import os, subprocess, sys, threading, time
def says(ctx): ctx.progress(0.5)
def by_path(ctx): subprocess.run(["sh", "-c", 'cat "$WANTD_CONTEXT" > told; echo said >> "$WANTD_REPORT"'])
def fails(ctx):
    ctx.progress(0.25)
    sys.exit(3)
def dies(ctx):
    ctx.progress(0.75)
    os.abort()
def silent(ctx): pass
def prints(ctx): print("words", flush=True)
def says_too_much(ctx):
    report = os.environ["WANTD_REPORT"]
    for _ in range(3):
        with open(report, "ab") as file: file.write(bytes(4 << 20))
        while os.stat(report).st_size > 2 << 20: time.sleep(0.01)
def leaves_a_thread(ctx):
    def go_on():
        while not os.path.exists("go"): time.sleep(0.002)
        ctx.log("too late")
        open("gone", "w").close()
    threading.Thread(target=go_on, daemon=True).start()
def waits_for_it(ctx):
    open("go", "w").close()
    while not os.path.exists("gone"): time.sleep(0.002)
def leaves_a_child(ctx):
    subprocess.Popen(["sh", "-c", "while [ ! -e go ]; do sleep 0.01; done; echo late; > gone"])
"""


class Local(NamedTuple):
    executor: LocalExecutor
    seen: Seen
    make: Maker

    def left(self, run: str) -> list[str]:
        """The files that a run left."""
        return sorted(path.name.removeprefix(f"{run}.") for path in self.make.folder.glob(f"{run}.*"))


@pytest_asyncio.fixture
async def local(tmp_path: Path) -> AsyncGenerator[Local]:
    (tmp_path / "files.py").write_text(TASKS)
    executor, seen = LocalExecutor(tmp_path / "keepers", 1, linger_s=0.2), Seen()
    await executor.open(seen)
    yield Local(executor, seen, Maker(tmp_path))
    await executor.close()
    end_all_keepers(tmp_path / "keepers")


@pytest.mark.asyncio
async def test_what_a_job_says_comes_with_its_end(local: Local) -> None:
    """Broken: a report is lost, or belongs to another run, where a job fails, dies, or is a call."""
    executor, seen, make = local
    executor.start(
        [
            make.shell("good", 'cat "$WANTD_CONTEXT"; printf "said\\377" >> "$WANTD_REPORT"'),
            make.shell("bad", 'echo why >> "$WANTD_REPORT"; exit 4'),
            make.shell("quiet", "true"),
            *(make.worker(name, f"files:{name}", width=1) for name in ("says", "silent", "fails", "by_path", "dies")),
        ]
    )
    assert (await seen.end_of("good")).said == b"said\xff"
    assert make.log("good").read_text() == CONTEXT
    assert ((await seen.end_of("bad")).said, (await seen.end_of("quiet")).said) == (b"why\n", b"")
    said = {run: (await seen.end_of(run)).said for run in ("says", "silent", "fails", "dies")}
    assert {run: text and json.loads(text)["progress"] for run, text in said.items()} == {
        "says": 0.5,
        "silent": b"",
        "fails": 0.25,
        "dies": 0.75,
    }
    assert (await seen.end_of("by_path")).said == b"said\n"
    assert (make.folder / "told").read_text() == CONTEXT


@pytest.mark.asyncio
async def test_only_the_files_of_a_run_that_failed_are_kept(local: Local) -> None:
    """Broken: every run leaves files for ever, or what somebody has to look at is gone."""
    executor, seen, make = local
    executor.start(
        [
            make.shell("good", 'echo said >> "$WANTD_REPORT"'),
            make.shell("talks", "echo words"),
            make.shell("bad", 'echo why >> "$WANTD_REPORT"; echo words; exit 4'),
            make.process("never", "no/such/program"),
            *(make.worker(name, f"files:{name}", width=1) for name in ("says", "prints", "fails", "silent")),
        ]
    )
    for run in ("good", "talks", "bad", "never", "says", "prints", "fails", "silent"):
        await seen.end_of(run)
    kept = ["context.json", "log", "report"]
    assert (local.left("good"), local.left("talks"), local.left("bad")) == ([], ["log"], kept)
    assert local.left("never") == []
    assert (local.left("says"), local.left("prints"), local.left("fails")) == ([], ["log"], ["context.json", "report"])
    assert local.left("silent") == ["log"], "it waits for the next call"
    assert make.log("bad").with_suffix(".report").read_text() == "why\n"
    assert make.log("fails").with_suffix(".context.json").read_text() == CONTEXT


@pytest.mark.parametrize("how", ["process", "worker"])
@pytest.mark.asyncio
async def test_folders_are_there_when_a_run_begins_or_it_could_not_start(local: Local, how: str) -> None:
    """Broken: a job finds no place for its outputs, others can look into it, or nobody says what was in the way."""
    executor, seen, make = local
    wide, deep = make.folder / "wide", make.folder / "deep" / "er"
    (make.folder / "file").write_text("in the way")

    def start(run: str, *folders: Path) -> KeptStart:
        told = tuple(map(str, folders))
        if how == "process":
            return make.shell(run, "true", folders=told)
        return make.worker(run, "files:silent", folders=told)

    executor.start([start("a", wide, deep), start("b", deep), start("c", make.folder / "file" / "below")])
    assert [(await seen.end_of(run)).kind for run in "abc"] == ["exit", "exit", "could_not_start"]
    assert [folder.stat().st_mode & 0o777 for folder in (wide, deep.parent, deep)] == [0o700] * 3
    assert str(make.folder / "file") in seen.ends()["c"].message


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ('rm "$WANTD_REPORT"; mkdir "$WANTD_REPORT"', "not a regular file"),
        ('rm "$WANTD_REPORT"; mkfifo "$WANTD_REPORT"', "not a regular file"),
        ('rm "$WANTD_REPORT"; ln -s /dev/zero "$WANTD_REPORT"', "symbolic links"),
    ],
)
@pytest.mark.asyncio
async def test_what_is_no_file_is_not_read(local: Local, deed: str, why: str) -> None:
    """Broken: a job can hang a keeper, or make it read what it must not, by what it puts in the place of its report."""
    local.executor.start([local.make.shell("a", deed), local.make.shell("b", f"{deed}; exit 3")])
    for run in ("a", "b"):
        end = await local.seen.end_of(run)
        assert (why in end.unreadable, end.said) == (True, b"")


@pytest.mark.asyncio
async def test_a_report_that_is_gone_or_too_long_harms_nobody(local: Local) -> None:
    """Broken: a job that cleans up too well fails, or one fills the memory of its keeper."""
    executor, seen, make = local
    executor.start(
        [
            make.shell("gone", 'rm "$WANTD_REPORT" "$WANTD_CONTEXT"'),
            make.shell("long", 'truncate -s 1T "$WANTD_REPORT"', report_bytes_max=REPORT_BYTES_MAX),
        ]
    )
    assert ((await seen.end_of("gone")).said, (await seen.end_of("gone")).unreadable) == (b"", "")
    assert len((await seen.end_of("long")).said) == REPORT_BYTES_MAX + 1


@pytest.mark.asyncio
async def test_long_reports_come_whole(local: Local) -> None:
    """Broken: a report that comes in many pieces is cut, mixed up with another, or keeps the daemon busy for long."""
    size = 8 << 20
    script = f'head -c {size} /dev/zero | tr "\\0" "$WANTD_RUN" >> "$WANTD_REPORT"'
    local.executor.start([local.make.shell(run, script, report_bytes_max=size) for run in "abc"])
    for run in "abc":
        assert (await local.seen.end_of(run)).said == run.encode() * size


@pytest.mark.asyncio
async def test_a_call_can_not_fill_the_memory_with_its_report(local: Local) -> None:
    """Broken: a function that reports without end takes all the memory of the machine."""
    local.executor.start([local.make.worker("a", "files:says_too_much", report_bytes_max=REPORT_BYTES_MAX)])
    end = await local.seen.end_of("a")
    assert (end.kind, end.code, len(end.said)) == ("exit", 0, REPORT_BYTES_MAX + 1)


@pytest.mark.asyncio
async def test_what_a_call_left_behind_has_no_say_in_the_next(local: Local) -> None:
    """Broken: a thread or a process that outlives its call speaks, or prints, in the name of another run."""
    executor, seen, make = local
    executor.start([make.worker("first", "files:leaves_a_thread", width=1)])
    await seen.end_of("first")
    executor.start([make.worker("next", "files:waits_for_it", width=1)])
    assert (await seen.end_of("next")).said == b""
    for name in ("go", "gone"):
        (make.folder / name).unlink()
    executor.start([make.worker("parent", "files:leaves_a_child", width=1)])
    await seen.end_of("parent")
    executor.start([make.worker("other", "files:waits_for_it", width=1)])
    await seen.end_of("other")
    assert make.log("parent").read_text() == "late\n"
    assert not make.log("other").exists() or make.log("other").read_text() == ""


@pytest.mark.asyncio
async def test_a_silent_call_makes_no_file_of_its_own(local: Local) -> None:
    """Broken: a thousand calls that print nothing make, and remove, a thousand files."""
    executor, seen, make = local
    inodes: set[int] = set()
    for number in range(5):
        executor.start([make.worker(f"r{number}", "files:silent", width=1)])
        await seen.end_of(f"r{number}")
        inodes.add(make.log(f"r{number}").stat().st_ino)
    assert len(inodes) == 1
    assert [path.name for path in make.folder.glob("r*.*")] == ["r4.log"]


def test_without_room_for_its_files_a_run_waits_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a full disk uses up the tries of everything that is about to start, or whoever came last goes first."""
    began_first: list[str] = []
    supervisor = Supervisor(selectors.DefaultSelector(), "k", lambda run, _: began_first.append(run))
    make, full = RunFiles.make, True

    def make_or_not(files: RunFiles, context: str) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        make(files, context)

    monkeypatch.setattr(RunFiles, "make", make_or_not)
    supervisor.take([request(f"r{number}", place=f"{tmp_path}/r{number}") for number in range(3)])
    supervisor.start_some(1_000.0)
    assert [supervisor.running(f"r{number}") for number in range(3)] == [None] * 3
    full = False
    supervisor.start_some(1_000.0 + RETRY_S / 2)
    assert supervisor.running("r0") is None
    supervisor.start_some(1_000.0 + RETRY_S)
    began = [supervisor.running(f"r{number}") for number in range(3)]
    leaders = [run.leader.pid for run in began if run is not None and run.leader is not None]
    for pid in leaders:
        os.waitpid(pid, 0)
    assert (began_first, len(leaders)) == (["r0", "r1", "r2"], 3)
    assert supervisor.take_ended() == []


def test_long_reports_do_not_stay_in_the_journal(tmp_path: Path) -> None:
    """Broken: reports of mebibytes fill the disk until ten thousand runs are settled."""
    ledger = Ledger(made(tmp_path), [])
    for number in range(64):
        run = f"r{number}"
        ledger.ask(request(run), 1)
        ledger.commit()
        ledger.queue_end(run, {"kind": "exit", "said": "A" * (1 << 20)})
        ledger.commit()
        ledger.settle([run])
    assert (tmp_path / journal.NAME).stat().st_size < 20 << 20
