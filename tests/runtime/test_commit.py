"""Law 1: commit, then act, then answer. Every append is held, failed or lost here, and what happens is looked at."""

import asyncio
from pathlib import Path

import pytest

from bel.errors import AppendUnknown, LogFull
from orchestrator.commands import Answer, CancelWant, CreateWant, Refused
from orchestrator.runtime import room
from orchestrator.runtime.mailbox import NoAnswer
from statemachines.ids import WantId
from statemachines.jobrun import JobRunSucceeded
from statemachines.partition import PartitionLive
from tests.runtime.rig import Rig, live_in

CHAIN = """
[application]
name = "chain"
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "top"
outputs = ["top"]
inputs = ["raw/1", "raw/2"]
command = ["top"]
"""

FULL = LogFull(Path("bel.sqlite"), "the script says so")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PAUSE_S", 0.0)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, CHAIN)


@pytest.mark.asyncio
async def test_nothing_starts_and_nobody_is_answered_before_the_append_returned(rig: Rig) -> None:
    """If this fails, what a crash takes back was promised or begun already."""
    async with rig.life() as life:
        life.log.gate = asyncio.Event()
        asking = asyncio.create_task(life.want("top"))
        await life.happens(lambda: len(life.log.asked) == 1)
        looking = asyncio.create_task(life.engine.board())
        for _ in range(100):
            await asyncio.sleep(0)
        assert (asking.done(), looking.done(), rig.executor.starts) == (False, False, [])
        life.log.gate.set()
        await asking
        await life.started(2)
        assert life.log.head.seq == len(life.log.asked[0])


@pytest.mark.asyncio
async def test_a_turn_is_one_append_with_all_that_follows(rig: Rig) -> None:
    """If this fails, follow-on events cost commits of their own, or a batch is cut where laws do not hold."""
    async with rig.life() as life:
        await life.want("top")
        (first,) = life.log.asked
        kinds = [type(entry.event).__name__ for entry in first]
        assert kinds.count("JobRunLaunching") == 2
        assert (kinds[0], kinds[-1]) == ("WantCreated", "WantUpstreamBuilding")
        assert {entry.batch for entry in first} == {first[0].seq}
        await life.started(2)
        life.log.gate = asyncio.Event()
        rig.end(rig.run_of("raw/1"))
        rig.executor.deliver()
        await life.happens(lambda: len(life.log.asked) == 2)
        asked = [asyncio.create_task(life.want("raw/7")), asyncio.create_task(life.want("raw/8"))]
        rig.end(rig.run_of("raw/2"))
        rig.executor.deliver()
        life.log.gate.set()
        await asyncio.gather(*asked)
        await life.play()
        creating = [batch for batch in life.log.asked if "WantCreated" in {type(e.event).__name__ for e in batch}]
        assert len(creating) == 2


@pytest.mark.asyncio
async def test_bytes_are_synced_before_the_commit_that_makes_them_live(rig: Rig) -> None:
    """If this fails, a power failure leaves Live partitions without bytes."""
    async with rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
        life.log.gate = asyncio.Event()
        rig.end(rig.run_of("raw/1"))
        rig.executor.deliver()
        await life.happens(lambda: len(life.log.asked) == 2)
        (live,) = [entry.event for entry in life.log.asked[1] if isinstance(entry.event, PartitionLive)]
        rig.memory.lose_power()
        place = Path(rig.told(rig.executor.starts[0].run).outputs[0].location)
        assert rig.memory.seal(place) is not None
        assert type(rig.memory.seal(place)).__name__ == "Sealed", live
        life.log.gate.set()


@pytest.mark.asyncio
async def test_a_full_disk_refuses_commands_and_shows_the_state_as_it_was(rig: Rig) -> None:
    """If this fails, a full disk ends the daemon, or it shows what was never written."""
    async with rig.life() as life:
        await life.want("raw/1")
        before = (await life.engine.board()).world.digest()
        life.log.full = FULL
        answer = await life.submit(CreateWant("test", ("raw/2",)))
        assert isinstance(answer, Refused)
        assert answer.code == "log_full"
        assert (await life.engine.board()).world.digest() == before
        assert "no room left" in (life.engine.read_only or "")
        life.log.full = None
        await life.want("raw/2")
        assert not life.engine.read_only
        await life.play()
        assert sorted(await life.live()) == ["raw/1", "raw/2"]


@pytest.mark.asyncio
async def test_observations_survive_a_full_disk_and_nothing_runs_twice(rig: Rig) -> None:
    """If this fails, an end that came while the disk was full is lost, or its job runs again."""
    async with rig.life() as life:
        want = await life.want("top")
        await life.started(2)
        life.log.full = FULL
        for run in list(rig.executor.running):
            rig.end(run)
        rig.executor.deliver()
        asked = len(life.log.asked)
        await life.happens(lambda: len(life.log.asked) > asked + 3)
        assert len(rig.executor.starts) == 2
        assert await life.live() == {}
        life.log.full = None
        await life.play()
        assert await life.state(want) == "Successful"
        assert len(rig.executor.starts) == 3
        assert rig.executor.repeated == []
    await rig.check()


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.asyncio
async def test_an_unknown_append_ends_the_engine_and_nothing_was_answered_or_started(
    rig: Rig, *, written: bool
) -> None:
    """If this fails, the daemon goes on over a log that it does not know."""
    answers: list[Answer] = []
    asking: list[asyncio.Task[None]] = []

    async def ask() -> None:
        answers.append(await life.submit(CreateWant("test", ("top",))))

    async with rig.ended_by(AppendUnknown) as life:
        life.log.troubles.append(AppendUnknown("the script says so"))
        life.log.written_all_the_same = written
        asking.append(asyncio.create_task(ask()))
        await asyncio.Event().wait()
    with pytest.raises(NoAnswer):
        await asking[0]
    assert (answers, rig.executor.starts) == ([], [])
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]  # a test is a task
    with pytest.raises(NoAnswer):
        await life.engine.board()
    with pytest.raises(NoAnswer):
        await life.want("top")


@pytest.mark.asyncio
async def test_the_asker_itself_gets_the_unknown_append(rig: Rig) -> None:
    """If this fails, `build` without a daemon ends with another status than 74."""
    async with rig.ended_by(AppendUnknown) as life:
        life.log.troubles.append(AppendUnknown("the script says so"))
        await life.want("top")


@pytest.mark.asyncio
async def test_an_append_that_fails_while_closing_is_not_swallowed(rig: Rig) -> None:
    """If this fails, the daemon ends with status 0 though it does not know what its log holds."""
    asking: list[asyncio.Task[WantId]] = []
    async with rig.ended_by(AppendUnknown) as life:
        life.log.gate = asyncio.Event()
        life.log.troubles.append(AppendUnknown("the script says so"))
        asking.append(asyncio.create_task(life.want("top")))
        await life.happens(lambda: len(life.log.asked) == 1)
    with pytest.raises(NoAnswer):
        await asking[0]


@pytest.mark.asyncio
async def test_a_reader_sees_committed_states_only_and_is_not_starved(rig: Rig) -> None:
    """If this fails, a reader sees what a failed commit takes back, or a busy daemon never shows anything."""
    seen: list[tuple[int, int]] = []

    async def look() -> None:
        while True:
            world = (await life.engine.board()).world
            seen.append((world.seq, life.log.head.seq))
            await asyncio.sleep(0)

    async with rig.life() as life:
        looking = asyncio.create_task(look())
        for number in range(200):
            await life.want(f"raw/{number}")
        looking.cancel()
    assert {ours - committed for ours, committed in seen} == {0}
    assert len({ours for ours, _ in seen}) > 100


@pytest.mark.asyncio
async def test_a_reader_gets_its_look_though_every_turn_is_followed_by_another(rig: Rig) -> None:
    """If this fails, nobody can read while the daemon is busy."""

    async def look() -> tuple[int, int]:
        return (await life.engine.board()).world.seq, life.log.head.seq

    async with rig.life() as life:
        life.log.gate = asyncio.Event()
        answers = [life.ask(CreateWant("test", ("raw/1",)))]
        await life.happens(lambda: len(life.log.asked) == 1)
        looking = asyncio.create_task(look())
        await asyncio.sleep(0)
        life.log.meanwhile = lambda: answers.append(life.ask(CreateWant("test", ("raw/1",))))
        life.log.gate.set()
        answers.append(life.ask(CreateWant("test", ("raw/1",))))
        shown, committed = await looking
        assert shown == committed
        assert len(life.log.asked) < 10
        life.log.meanwhile = None
        await asyncio.gather(*answers)


@pytest.mark.asyncio
async def test_an_asker_that_went_away_does_not_break_the_turn(rig: Rig) -> None:
    """If this fails, a client that hangs up stops the daemon, or loses others their answers."""
    async with rig.life() as life:
        life.log.gate = asyncio.Event()
        gone = asyncio.create_task(life.engine.submit(CreateWant("test", ("raw/1",))))
        stays = asyncio.create_task(life.want("raw/2"))
        await life.happens(lambda: len(life.log.asked) == 1)
        early = asyncio.create_task(life.engine.submit(CreateWant("test", ("raw/3",))))
        await asyncio.sleep(0)
        gone.cancel()
        early.cancel()
        await asyncio.gather(gone, early, return_exceptions=True)
        life.log.gate.set()
        await stays
        await life.play()
        assert sorted(await life.live()) == ["raw/1", "raw/2"]


@pytest.mark.asyncio
async def test_commands_beyond_the_bound_are_refused_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, the mailbox grows without bound, or the bound never opens again."""
    monkeypatch.setattr("orchestrator.runtime.mailbox.COMMANDS_MAX", 3)
    async with rig.life() as life:
        life.log.gate = asyncio.Event()
        first = asyncio.create_task(life.want("raw/1"))
        await life.happens(lambda: len(life.log.asked) == 1)
        cancel = CancelWant("test", WantId("nobody"))
        waiting = [asyncio.create_task(life.engine.submit(cancel)) for _ in range(5)]
        await asyncio.wait(waiting[3:])
        codes = [task.result().code for task in waiting if task.done()]  # type: ignore[union-attr]  # all are refused
        assert codes == ["busy", "busy"]
        life.log.gate.set()
        await first
        answers = await asyncio.gather(*waiting)
        assert [answer.code for answer in answers].count("no_such_want") == 3  # type: ignore[union-attr]
        await life.want("raw/2")


@pytest.mark.asyncio
async def test_what_is_shown_equals_what_the_log_says(rig: Rig) -> None:
    """If this fails, live state and replayed state differ."""
    async with rig.life() as life:
        await life.want("top")
        await life.play()
        world = (await life.engine.board()).world
        assert world.digest() == (await rig.check()).digest()
        assert sorted(live_in(world)) == ["raw/1", "raw/2", "top"]
        ends = [entry.event for batch in life.log.asked for entry in batch if isinstance(entry.event, JobRunSucceeded)]
        assert len(ends) == 3
