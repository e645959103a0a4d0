"""What the outside world says is hostile: repeated, late, out of order, about things that are over; and so are the
files that a job leaves.
"""

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from orchestrator.commands import CancelWant, TaintPartitions
from orchestrator.executors.base import Exit, Fact, RunEnded, RunStarted
from orchestrator.observations import JobConfigured, JobEnded, JobNotConfigured, JobStarted
from orchestrator.planning.board import Board
from orchestrator.report import REPORT_BYTES_MAX, Report
from orchestrator.store import DiskStore
from statemachines.ids import RunId
from statemachines.jobrun import Failed, Succeeded
from statemachines.refs import Ref
from tests.runtime.rig import BAD, GOOD, Rig

APPLICATION = """
[application]
name = "observations"
[pools]
default = 100
[retry]
backoff = "1h"
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "asked"
outputs = ["asked/{n:int}"]
command = ["asked"]
configure = ["sleep", "1000"]
retry = { could_not_start = 3 }
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, APPLICATION, DiskStore(tmp_path / "store"))


@pytest.mark.asyncio
async def test_what_comes_twice_late_or_out_of_order_changes_nothing(rig: Rig) -> None:
    """If this fails, a report that was sent twice ends something twice, or wakes what is over."""
    async with rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
        run = rig.executor.starts[0].run
        await life.play()
        await life.turn()
        before, asked = (await life.engine.board()).world.digest(), len(life.log.asked)
        late: list[Fact] = [
            RunEnded(run, BAD),
            RunStarted(run, 0, 1),
            RunEnded(run, GOOD),
            RunEnded(run, Exit(kind="lost")),
        ]
        life.executor.sink(late)
        life.executor.sink(list(reversed(late)))
        life.executor.sink([RunEnded("nobody", GOOD), RunStarted("nobody", 0, 1)])
        for one in (JobStarted(RunId(run), 1), JobEnded(RunId(run), BAD, Report(), {}), JobStarted(RunId("nobody"), 1)):
            life.tell(one)
        life.tell(JobConfigured("nobody", ()))
        life.tell(JobNotConfigured("raw", (Ref("raw/9"),), "it is not even wanted"))
        for _ in range(5):
            await life.turn()
        assert (await life.engine.board()).world.digest() == before
        assert len(life.log.asked) == asked


@pytest.mark.asyncio
async def test_an_end_may_come_before_the_start_is_seen(rig: Rig) -> None:
    """If this fails, a job that is faster than its reports is not brought in, or is seen running after its end."""
    async with rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
        run = rig.executor.starts[0].run
        rig.write_outputs(run)
        life.executor.sink([RunEnded(run, GOOD)])
        life.executor.sink([RunStarted(run, 0, 1)])
        await life.until(lambda board: not board.world.opened)
        await life.turn()
        assert await life.state(run) == "Succeeded"


@pytest.mark.asyncio
async def test_the_same_refusal_to_configure_twice_counts_once(rig: Rig) -> None:
    """If this fails, a repeated observation uses up tries and jumps the wait between them."""
    async with rig.life() as life:
        await life.want("asked/1")
        refused = JobNotConfigured("asked", (Ref("asked/1"),), "no")
        life.tell(refused)
        await life.turn()
        runs = len((await life.engine.board()).world.runs)
        life.tell(refused)
        await life.turn()
        assert runs == 1
        assert len((await life.engine.board()).world.runs) == runs


@pytest.mark.asyncio
async def test_a_taint_of_nothing_is_refused(rig: Rig) -> None:
    """If this fails, one silly command ends the daemon."""
    async with rig.life() as life:
        await life.submit(TaintPartitions("test", (), "for fun"))


# ------------------------------------------------------------------------------------------------------- hostile files

Deed = Callable[[Path], object]
"""What a job does with the path of its output."""


def _link_as_output(output: Path) -> None:
    output.symlink_to("/etc/passwd")


def _fifo_as_output(output: Path) -> None:
    os.mkfifo(output)


def _socket_in_output(output: Path) -> None:
    output.mkdir()
    here = Path.cwd()
    os.chdir(output)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
    os.chdir(here)


def _loop_in_output(output: Path) -> None:
    output.mkdir()
    (output / "up").symlink_to("..")


def _nothing(_: Path) -> None:
    pass


BAD_REPORTS = [
    Exit(kind="exit", unreadable="it is not a regular file any more"),
    Exit(kind="exit", said=b"\xff\x00{" * 1000),
    Exit(kind="exit", said=b'{"metadata":' + b"[" * 100_000),
    Exit(kind="exit", said=b"\n" * (REPORT_BYTES_MAX + 1)),
]
BAD_OUTPUTS: list[Deed] = [_link_as_output, _fifo_as_output, _socket_in_output, _loop_in_output, _nothing]


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def failure_of(rig: Rig, deed: Deed, end: Exit) -> tuple[str, str]:
    """Run a job that does this and ends like that; say why it failed."""
    async with rig.life() as life:
        want = await life.want("raw/1")
        await life.started(1)
        (start,) = rig.executor.starts
        location = Path(rig.told(start.run).outputs[0].location)
        rig.store.prepare([location])
        deed(location)
        rig.executor.end(start.run, end)
        rig.executor.deliver()
        await life.until(lambda board: not board.world.opened)
        await life.happens(lambda: start.run in life.executor.settled_runs)
        assert await life.state(want) == "Failed"
        state = (await life.engine.board()).world.runs[RunId(start.run)]
        assert isinstance(state, Failed)
        return state.failure.kind, state.failure.reason


@pytest.mark.parametrize("end", BAD_REPORTS)
@pytest.mark.asyncio
async def test_whatever_comes_as_a_report_fails_the_job_alone(rig: Rig, end: Exit) -> None:
    """If this fails, a job can hang or end the daemon with what it says."""
    assert (await failure_of(rig, lambda output: output.write_text("made"), end))[0] == "bad_report"


@pytest.mark.parametrize("deed", BAD_OUTPUTS)
@pytest.mark.asyncio
async def test_whatever_lies_in_the_place_of_an_output_fails_the_job_alone(rig: Rig, deed: Deed) -> None:
    """If this fails, a job can hang or end the daemon, or publish what it must not, with what it leaves."""
    kind, reason = await failure_of(rig, deed, GOOD)
    assert (kind, "raw/1" in reason) == ("missing_output", True)


@pytest.mark.asyncio
async def test_bytes_that_can_not_be_removed_and_links_that_can_not_be_drawn_end_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails, a disk that is full or stubborn ends the daemon in its housekeeping."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DiskStore, "remove", refuse)
    async with rig.life() as life:
        with monkeypatch.context() as full:
            full.setattr(DiskStore, "publish", refuse)
            await life.want("raw/1", "raw/2")
            await life.started(2)
            bad, good = (start.run for start in rig.executor.starts)
            rig.write_outputs(bad)
            rig.end(bad, BAD)
            rig.end(good)
            rig.executor.deliver()
            await life.happens(lambda: {bad, good} <= set(life.executor.settled_runs))
            await life.turn()
            assert rig.store.published("local", Ref("raw/2")) is None
        await life.want("raw/3")
        await life.play()
    assert rig.store.published("local", Ref("raw/2")) is not None
    assert rig.store.published("local", Ref("raw/3")) is not None


def has_succeeded(run: RunId, board: Board) -> bool:
    return isinstance(board.world.runs[run], Succeeded)


@pytest.mark.asyncio
async def test_links_are_drawn_one_after_the_other(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, two links drawn at once trip over a folder both need, or the older one wins."""
    drawing: list[Ref] = []
    beside: list[Ref] = []
    publish = DiskStore.publish

    def slow(store: DiskStore, environment: str, ref: Ref, location: Path) -> None:
        beside.extend(drawing)
        drawing.append(ref)
        Event().wait(0.005)
        publish(store, environment, ref, location)
        drawing.remove(ref)

    monkeypatch.setattr(DiskStore, "publish", slow)
    async with rig.life() as life:
        await life.want(*(f"raw/{number}" for number in range(20)))
        await life.started(20)
        for run in list(rig.executor.running):
            rig.end(run)
            rig.executor.deliver()
            await life.until(partial(has_succeeded, RunId(run)))
    assert beside == []
    assert all(rig.store.published("local", Ref(f"raw/{number}")) for number in range(20))


@pytest.mark.asyncio
async def test_a_run_nobody_wants_any_more_that_ended_well_keeps_what_it_made(rig: Rig) -> None:
    """If this fails, work that was done before the stop reached it is thrown away."""
    async with rig.life() as life:
        want = await life.want("raw/1")
        await life.started(1)
        await life.submit(CancelWant("test", want))
        (run,) = rig.executor.running
        assert run in rig.executor.stops
        rig.write_outputs(run)
        rig.executor.end(run, Exit(kind="exit", stop_requested=True))
        rig.executor.deliver()
        await life.until(lambda board: not board.world.open_runs)
        assert await life.state(run) == "Succeeded"
        assert sorted(await life.live()) == ["raw/1"]
