"""A second start on the same log: every row of the recovery table, and a crash at every single append."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec
import pytest

from orchestrator.commands import CancelRun, CancelWant
from orchestrator.executors.base import Exit
from orchestrator.executors.scripted import ScriptedExecutor
from orchestrator.runtime.recovery import examine
from orchestrator.store import DiskStore
from statemachines.ids import RunId
from statemachines.refs import Ref
from statemachines.world import World
from tests.kit.core import Core
from tests.runtime.rig import BAD, GOOD, PATIENCE_S, Died, Rig, live_in

APPLICATION = """
[application]
name = "recovery"
[retry]
backoff = "0s"
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
retry = { tries = 2 }
[[job]]
name = "mid"
outputs = ["mid/{n:int}"]
inputs = ["raw/{n}"]
command = ["mid"]
batch = { max = 2 }
[[job]]
name = "top"
outputs = ["top"]
inputs = ["mid/1", "mid/2"]
command = ["top"]
dynamic = true
[[job]]
name = "inline"
outputs = ["inline/{n:int}"]
python = "nothing:here"
executor = "inline"
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, APPLICATION)


async def start_and_die(rig: Rig, ref: str = "raw/1") -> str:
    """Let a first daemon start the run of a ref, and die."""
    async with rig.ended_by(Died) as life:
        await life.want(ref)
        await life.started(1)
        life.die()
    return rig.executor.starts[0].run


@pytest.mark.asyncio
async def test_what_was_never_started_is_started_once_with_the_same_id(rig: Rig) -> None:
    """If this fails, a start that was promised is forgotten, or happens under another id."""
    async with rig.ended_by(Died, dies_at=1, written=True) as life:
        await life.want("raw/1")
    assert rig.executor.starts == []
    (launched,) = (await rig.check()).open_runs
    async with rig.life() as life:
        await life.play()
        assert [start.run for start in rig.executor.starts] == [launched]
        assert sorted(await life.live()) == ["raw/1"]


@pytest.mark.asyncio
async def test_what_runs_is_adopted(rig: Rig) -> None:
    """If this fails, a running job is started again or given up because its daemon died."""
    run = await start_and_die(rig)
    async with rig.life() as life:
        await life.turn()
        rig.executor.begin(run, pid=7)
        rig.executor.deliver()
        await life.until(lambda board: type(board.world.runs[RunId(run)]).__name__ == "Running")
        await life.play()
        assert await life.state(run) == "Succeeded"
    assert (len(rig.executor.starts), rig.executor.repeated) == (1, [])


@pytest.mark.asyncio
async def test_what_ended_while_nobody_looked_is_brought_in(rig: Rig) -> None:
    """If this fails, the work done while the daemon was away is lost."""
    run = await start_and_die(rig)
    rig.end(run)
    async with rig.life() as life:
        await life.play()
        assert sorted(await life.live()) == ["raw/1"]
        await life.happens(lambda: run in life.executor.settled_runs)
    assert len(rig.executor.starts) == 1


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.asyncio
async def test_what_the_executor_does_not_know_but_ran_is_lost_and_retried(rig: Rig, *, seen: bool) -> None:
    """If this fails, a JobRun whose keeper is gone without a trace hangs for ever, or runs twice under one id."""
    run = await start_and_die(rig)
    if seen:
        async with rig.ended_by(Died) as life:
            rig.executor.begin(run)
            rig.executor.deliver()
            await life.until(lambda board: type(board.world.runs[RunId(run)]).__name__ == "Running")
            life.die()
        starts, rig.executor = rig.executor.starts, ScriptedExecutor()
        rig.executor.starts = starts
    else:
        rig.executor.end(run, Exit(kind="lost"))
    async with rig.life() as life:
        await life.play()
        assert await life.state(run) == "Lost"
        assert sorted(await life.live()) == ["raw/1"]
    assert len({start.run for start in rig.executor.starts}) == len(rig.executor.starts) == 2


@pytest.mark.parametrize("end", [None, GOOD, BAD])
@pytest.mark.asyncio
async def test_what_was_being_canceled_is_stopped_again_or_confirmed(rig: Rig, end: Exit | None) -> None:
    """If this fails, a stop is forgotten with the daemon that asked for it."""
    async with rig.ended_by(Died, dies_at=2, written=True) as life:
        want = await life.want("raw/1")
        await life.started(1)
        await life.submit(CancelWant("test", want))
    (run,) = rig.executor.running
    assert rig.executor.stops == []
    if end is not None:
        rig.end(run, end)
    async with rig.life() as life:
        if end is None:
            await life.happens(lambda: rig.executor.stops == [run])
            rig.end(run, Exit(kind="canceled", stop_requested=True))
            rig.executor.deliver()
        await life.until(lambda board: not board.world.open_runs)
        assert await life.state(run) == ("Succeeded" if end == GOOD else "Canceled")
    await rig.check()


@pytest.mark.asyncio
async def test_what_was_being_canceled_and_is_unknown_has_ended(rig: Rig) -> None:
    """If this fails, a JobRun stays Canceling for ever once its keeper is gone."""
    async with rig.ended_by(Died, dies_at=2, written=True) as life:
        want = await life.want("raw/1")
        await life.started(1)
        await life.submit(CancelWant("test", want))
    (run,) = rig.executor.running
    rig.executor = ScriptedExecutor()
    async with rig.life() as life:
        await life.until(lambda board: not board.world.open_runs)
        assert await life.state(run) == "Canceled"


@pytest.mark.asyncio
async def test_inline_runs_are_lost_and_never_started_again_under_the_same_id(rig: Rig) -> None:
    """If this fails, a call that may have happened in the last daemon happens again as the same JobRun."""
    async with rig.ended_by(Died, dies_at=1, written=True) as life:
        await life.want("inline/1")
    (launched,) = (await rig.world()).open_runs
    async with rig.life() as life:
        await life.started(1)
        assert await life.state(launched) == "Lost"
        assert launched not in [start.run for start in rig.executor.starts]


@pytest.mark.asyncio
async def test_strangers_are_stopped_and_what_is_settled_is_told(rig: Rig) -> None:
    """If this fails, jobs of an older history run on beside ours, or ended records are kept for ever."""
    ended = await start_and_die(rig)
    async with rig.ended_by(Died, dies_at=1, written=True) as life:
        rig.end(ended)
        rig.executor.deliver()
        await life.until(lambda _: False)
    stranger = let_run(rig, "stranger")
    async with rig.life() as life:
        await life.happens(lambda: ended in life.executor.settled_runs)
        assert rig.executor.stops == [stranger]


def let_run(rig: Rig, run: str) -> str:
    """Have the executor run something that no log knows."""
    rig.executor.start([msgspec.structs.replace(rig.executor.starts[0], run=run)])
    return run


@pytest.mark.asyncio
async def test_an_unfinished_launch_of_a_job_that_is_gone_fails(rig: Rig, tmp_path: Path) -> None:
    """If this fails, taking a job out of the configuration keeps the daemon from ever starting again."""
    async with rig.ended_by(Died, dies_at=1, written=True) as life:
        await life.want("raw/1")
    other = Rig(tmp_path, APPLICATION.replace('"raw"', '"renamed"').replace("raw/", "renamed/"))
    rig.application = other.application
    async with rig.life() as life:
        await life.until(lambda board: not board.world.open_runs)
    await rig.check()


def test_examine_says_one_thing_for_every_row() -> None:
    """If this fails, a JobRun that is waiting for slots is taken for one that may run."""
    core = Core(APPLICATION)
    found = examine(World(), {"a": "running", "b": GOOD}, core.catalog)
    assert (found.ended, found.owing, found.strangers, found.settled) == ({}, (), ("a",), ("b",))


# --------------------------------------------------------------------------------------------- a crash at every append


def script_for(rig: Rig) -> Callable[[str], None]:
    """raw/2 fails once; top finds out that it needs raw/9; all else goes well."""

    def script(run: str) -> None:
        refs = rig.refs_of(run)
        if refs == ["raw/2"] and len([s for s in rig.executor.starts if rig.refs_of(s.run) == refs]) == 1:
            rig.end(run, BAD)
        elif refs == ["top"] and "raw/9" not in [given.ref for given in rig.told(run).inputs]:
            rig.say(run, {"missing": ["raw/9"]})
            rig.end(run, BAD)
        else:
            rig.end(run)

    return script


@pytest.mark.asyncio
async def test_a_crash_at_any_append_changes_nothing_about_the_end(tmp_path: Path) -> None:
    """If this fails, there is a moment at which a crash loses work, repeats it, or damages the log."""
    calm = Rig(tmp_path / "calm", APPLICATION)
    async with calm.life() as life:
        await life.want("top")
        await life.play(script_for(calm))
        appends = len(life.log.asked)
    expected = live_in(await calm.check())
    assert Ref("raw/9") in expected
    for at in range(1, appends + 1):
        for written in (False, True):
            rig = Rig(tmp_path / f"{at}-{written}", APPLICATION)
            await crash(rig, at, written=written)
            assert live_in(await rig.check()) == expected, (at, written)
            assert rig.executor.repeated == []
            assert len(rig.executor.starts) == len(calm.executor.starts), (at, written)


async def crash(rig: Rig, at: int, *, written: bool) -> None:
    """Build ``top`` with a daemon that dies in that append, and with a second one to the end."""
    async with rig.ended_by(Died, dies_at=at, written=written) as life:
        await life.want("top")
        await life.play(script_for(rig))
    assert len(life.log.asked) == at
    async with rig.life() as life:
        if not (await life.engine.board()).world.wants:
            await life.want("top")
        await life.play(script_for(rig))
        assert (await life.engine.board()).world.digest() == (await rig.world()).digest()


# -------------------------------------------------------------------------------------------------- effects are owed


@pytest.mark.asyncio
async def test_links_that_were_not_drawn_are_drawn_at_the_next_start(tmp_path: Path) -> None:
    """If this fails, people find an old partition, or none, for ever after a crash."""
    store = DiskStore(tmp_path / "store")
    rig = Rig(tmp_path, APPLICATION, store)
    run = await start_and_die(rig)
    rig.end(run)
    async with rig.ended_by(Died, dies_at=1, written=True) as life:
        await life.until(lambda _: False)
    ((ref, _),) = live_in(await rig.check()).items()
    assert store.published("local", ref) is None
    async with rig.life() as life, asyncio.timeout(PATIENCE_S):
        await life.turn()
        while store.published("local", ref) is None:
            await life.turn()
    assert store.published("local", ref) == Path(rig.told(run).outputs[0].location)


@pytest.mark.asyncio
async def test_outputs_of_a_failed_run_are_removed_by_the_next_start(tmp_path: Path) -> None:
    """If this fails, every crash at a bad moment leaves bytes that nobody ever removes."""
    rig = Rig(tmp_path, APPLICATION, DiskStore(tmp_path / "store"))
    run = await start_and_die(rig)
    left = Path(rig.told(run).outputs[0].location)
    rig.write_outputs(run)
    rig.end(run, BAD)
    async with rig.ended_by(Died, dies_at=1, written=True) as life:
        await life.until(lambda _: False)
    assert lies(left)
    async with rig.life() as life:
        await life.happens(lambda: run in life.executor.settled_runs)
    assert not lies(left)


def lies(place: Path) -> bool:
    """Whether something is there."""
    return place.exists()


@pytest.mark.asyncio
async def test_a_stop_that_overtakes_its_start_still_stops_it(tmp_path: Path) -> None:
    """If this fails, a JobRun that was canceled while its secrets were read runs on though nobody wants it."""
    rig = Rig(tmp_path, APPLICATION.replace('command = ["raw"]', 'command = ["raw"]\npass_env = ["TOKEN"]', 1))
    async with rig.life() as life:
        read = Event()
        life.runner._starter.submit(read.wait)
        await life.want("raw/1")
        (run,) = (await life.engine.board()).world.open_runs
        await life.submit(CancelRun("test", run))
        assert (rig.executor.starts, rig.executor.stops) == ([], [run])
        read.set()
        await life.started(1)
        assert rig.executor.stops == [run, run]
