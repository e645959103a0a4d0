"""Secrets of a run: handed over as files that lie nowhere, and masked in its log and in how it ended."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from orchestrator.executors.base import StopRun
from orchestrator.executors.keeper.wire import BadMessage, parse_message
from orchestrator.executors.local import LocalExecutor
from tests.executors.rigs import Maker, Seen, end_all_keepers, keeper_folders, keeper_pid, line_in

SECRET = b"hunter2 \xff\x00 in bytes"
TEXT = "a-plain-word"
MASKED: dict[str, Any] = {"secrets": {"PASSWORD": SECRET}, "masked": (SECRET, TEXT.encode())}
FUNCTIONS = f"""
import os, subprocess, sys, time

def tell(ctx):
    with open(os.environ["PASSWORD_FILE"], "rb") as file:
        secret = file.read()
    print("the secret is", secret == {SECRET!r}, flush=True)
    os.write(1, secret)
    subprocess.run(["cat", os.environ["PASSWORD_FILE"]])
    print("and {TEXT}", file=sys.stderr)

def report(ctx):
    with open(os.environ["WANTD_REPORT"], "ab") as file:
        file.write(open(os.environ["PASSWORD_FILE"], "rb").read())
    sys.exit(3)

def quiet(ctx): pass
def fail(ctx): raise ValueError("it is {TEXT}")
def plain(ctx): print("{TEXT}", os.environ.get("PASSWORD_FILE"))
"""

Local = tuple[LocalExecutor, Seen, Maker]


@pytest_asyncio.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    (tmp_path / "tasks.py").write_text(FUNCTIONS)
    executor, seen = LocalExecutor(tmp_path / "keepers", 1, linger_s=0.2), Seen()
    await executor.open(seen)
    yield executor, seen, Maker(tmp_path)
    await executor.close()
    end_all_keepers(tmp_path / "keepers")


def held_by_keeper(keepers: Path) -> list[str]:
    """What descriptors the keeper has, apart from where it complains."""
    (folder,) = keeper_folders(keepers)
    handles = Path(f"/proc/{keeper_pid(folder)}/fd")
    found = [str(handle.readlink()) for handle in handles.iterdir()]
    return [name for name in found if not name.endswith("errors.log")]


@pytest.mark.asyncio
async def test_a_process_reads_its_secret_from_a_file_and_cannot_print_it(local: Local) -> None:
    """Broken: a job does not get its secret as it is, or the secret stands in its log."""
    executor, seen, make = local
    script = (
        f'cat "$PASSWORD_FILE"; stat -Lc %a,%s "$PASSWORD_FILE"; printf a-pl; sleep 0.2; echo ain-word; echo {TEXT} >&2'
    )
    executor.start([make.shell("a", script, **MASKED)])
    assert (await seen.end_of("a")).code == 0
    assert make.log("a").read_bytes() == b"***400,%d\n***\n***\n" % len(SECRET)


@pytest.mark.asyncio
async def test_a_worker_reads_its_secret_from_a_file_and_cannot_print_it(local: Local) -> None:
    """Broken: what holds for processes does not hold for functions, or for the second call of a worker."""
    executor, seen, make = local
    for run in ("a", "b"):
        executor.start([make.worker(run, "tasks:tell", **MASKED)])
        assert (await seen.end_of(run)).code == 0
        assert make.log(run).read_bytes() == b"the secret is True\n******and ***\n"
    executor.start([make.worker("c", "tasks:plain")])
    assert (await seen.end_of("c")).code == 0
    assert make.log("c").read_text() == f"{TEXT} None\n"


@pytest.mark.asyncio
async def test_who_prints_nothing_leaves_no_log(local: Local) -> None:
    """Broken: every run that is given secrets leaves an empty file."""
    executor, seen, make = local
    executor.start([make.shell("a", "true", **MASKED), make.worker("b", "tasks:quiet", **MASKED)])
    for run in ("a", "b"):
        assert (await seen.end_of(run)).code == 0
        assert list(make.folder.glob(f"{run}.*")) == []


@pytest.mark.asyncio
async def test_no_report_holds_a_secret(local: Local) -> None:
    """Broken: a job that reports its secret has it in the journal of its keeper, or in a file that is kept."""
    executor, seen, make = local
    script = 'cat "$PASSWORD_FILE" >> "$WANTD_REPORT"; exit 3'
    executor.start([make.shell("a", script, **MASKED), make.worker("b", "tasks:report", **MASKED)])
    for run, name in (("a", "a.report"), ("b", "b.report")):
        assert (await seen.end_of(run)).said == b"***"
        assert (make.folder / name).read_bytes() == b"***"
    kept = [path for path in make.folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    assert "journal" in [path.name for path in kept]
    assert SECRET not in b"".join(path.read_bytes() for path in kept)


@pytest.mark.asyncio
async def test_no_message_about_an_end_holds_a_secret(local: Local) -> None:
    """Broken: the last line of a traceback, or why nothing started, carries a secret into journal, log and answers."""
    executor, seen, make = local
    executor.start([make.worker("a", "tasks:fail", **MASKED), make.process("b", TEXT, **MASKED)])
    assert (await seen.end_of("a")).message == "ValueError: it is ***"
    assert "'***' was not found" in (await seen.end_of("b")).message
    (folder,) = keeper_folders(make.folder / "keepers")
    assert TEXT.encode() not in (folder / "journal").read_bytes()


@pytest.mark.asyncio
async def test_nothing_of_a_run_is_held_once_it_has_ended(local: Local) -> None:
    """Broken: the keeper runs out of descriptors, or keeps secrets longer than their run."""
    executor, seen, make = local
    starts = [make.shell(f"r{n}", "exit 3", **MASKED) for n in range(20)]
    executor.start([*starts, make.process("bad", "/no/such/program", **MASKED)])
    for start in starts:
        await seen.end_of(start.run)
    await seen.end_of("bad")
    held = held_by_keeper(make.folder / "keepers")
    assert not [name for name in held if "memfd" in name or name.startswith("pipe:") or name.endswith(".log")]


@pytest.mark.parametrize("more", [MASKED, {}])
@pytest.mark.asyncio
async def test_a_flood_is_capped_and_holds_up_nobody(local: Local, more: dict[str, Any]) -> None:
    """Broken: a job that prints for ever fills the disk, or others of its keeper wait for it."""
    executor, seen, make = local
    executor.start([make.shell("a", "echo begun; exec yes hunter3", log_bytes_max=100_000, **more)])
    executor.start([make.shell("b", "echo begun; exec sleep 1000", **more)])
    assert await line_in(make.log("b")) == "begun"
    for quick in range(5):  # others are served while one floods its keeper
        executor.start([make.shell(f"q{quick}", "exit 4")])
        assert (await seen.end_of(f"q{quick}")).code == 4
    executor.stop([StopRun("a"), StopRun("b")])
    assert (await seen.end_of("a")).kind == (await seen.end_of("b")).kind == "canceled"
    log = make.log("a").read_bytes()
    assert len(log) <= 100_000
    assert log.startswith(b"begun\nhunter3\n")
    assert b"the log is over its cap" in log


def test_a_request_that_is_refused_is_not_quoted() -> None:
    """Broken: a request that cannot be used carries its secrets into an error file."""
    for line in (b'{"do": "start", "epoch": 1, "runs": ["%s"]}', b'{"do": "start", "epoch": "%s"}', b'"%s'):
        with pytest.raises(BadMessage) as error:
            parse_message(line % TEXT.encode())
        assert TEXT not in str(error.value)


def test_a_start_shows_its_run_and_nothing_else(local_maker: Maker) -> None:
    """Broken: a start that lands in a traceback or a debug line shows the environment of its job."""
    for start in (local_maker.process("a", TEXT, env={"K": TEXT}, **MASKED), local_maker.worker("a", "m:f", **MASKED)):
        assert repr(start) == f"{type(start).__name__}('a')"


@pytest.fixture
def local_maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)
