"""Without a daemon everything can be read as it was left, and nothing can be commanded."""

from pathlib import Path

import pytest

from orchestrator.api.door import Door, DoorError
from orchestrator.api.local import LocalDoor
from orchestrator.api.reading import open_reading_door
from orchestrator.daemon import open_engine
from orchestrator.views.codes import Code
from orchestrator.views.shapes import EntryFilter, JobRunFilter, PartitionFilter, WantFilter, Wish
from tests.api.rigs import ACTOR, application

pytestmark = pytest.mark.asyncio


async def test_what_a_daemon_left_is_read_as_the_daemon_showed_it(tmp_path: Path) -> None:
    """Broken: the same log says different things with and without a daemon."""
    told = application(tmp_path)
    async with open_engine(told) as engine:
        live = LocalDoor(engine, ACTOR)
        done = await live.create_want(Wish(("top/1",)))
        await live.wait_want(done.id, 20)
        waiting = await live.create_want(Wish(("inside",)))
        shown = (
            await live.wants(WantFilter()),
            await live.want(done.id),
            await live.want(waiting.id),
            await live.partitions(PartitionFilter()),
            await live.partition("top/1"),
            await live.jobruns(JobRunFilter()),
            await live.why("top/1"),
            await live.why("inside"),
            await live.plan(("top/1", "top/2")),
            await live.lineage("top/1"),
            await live.entries(EntryFilter()),
        )
    door: Door = await open_reading_door(told)
    try:
        assert shown == (
            await door.wants(WantFilter()),
            await door.want(done.id),
            await door.want(waiting.id),
            await door.partitions(PartitionFilter()),
            await door.partition("top/1"),
            await door.jobruns(JobRunFilter()),
            await door.why("top/1"),
            await door.why("inside"),
            await door.plan(("top/1", "top/2")),
            await door.lineage("top/1"),
            await door.entries(EntryFilter()),
        )
        assert (await door.wait_want(waiting.id, 60)).state == "UpstreamBuilding"
        assert [entry async for entry in door.tail(0)] == list(await door.entries(EntryFilter()))
        assert not (await door.status()).daemon
    finally:
        await door.close()


async def test_commands_are_refused_with_what_to_do(tmp_path: Path) -> None:
    """Broken: a command without a daemon is lost, or fails without help."""
    door: Door = await open_reading_door(application(tmp_path))
    for command in (
        door.create_want(Wish(("raw/1",))),
        door.cancel_want("w1-1"),
        door.pause_want("w1-1"),
        door.resume_want("w1-1"),
        door.retry_want("w1-1"),
        door.taint(("raw/1",), "bad"),
        door.report("outside", digest="1"),
        door.cancel_jobrun("r1-1"),
    ):
        with pytest.raises(DoorError) as caught:
            await command
        assert (caught.value.code, caught.value.exit_code) == ("no_daemon", 69)
        assert "wantd build" in caught.value.hint


async def test_an_absent_log_is_an_empty_world(tmp_path: Path) -> None:
    """Broken: reading before the first build fails, or leaves files behind."""
    told = application(tmp_path)
    door: Door = await open_reading_door(told)
    assert (await door.wants(WantFilter()), await door.entries(EntryFilter())) == ((), ())
    assert (await door.why("raw/1")).root.code is Code.NOBODY_WANTS
    assert [run.job for run in (await door.plan(("top/1",))).runs] == ["raw", "top"]
    await door.close()
    assert not told.layout.state.exists()
