"""Whichever door is taken, the past is read like the present, and says which moment it is."""

from pathlib import Path

import msgspec
import pytest

from orchestrator.api.door import Door, DoorError, PastReading, Reading
from orchestrator.api.reading import open_reading_door
from orchestrator.views.codes import Code
from orchestrator.views.shapes import (
    AsOf,
    EntryFilter,
    JobRunFilter,
    PartitionFilter,
    Status,
    WantFilter,
    Wish,
)
from tests.api.rigs import KINDS, application, open_door

pytestmark = pytest.mark.asyncio


async def build(door: Door, ref: str) -> Status:
    want = await door.create_want(Wish((ref,)))
    await door.wait_want(want.id, 20)
    return await door.status()


async def everything(door: Reading, want: str, run: str) -> dict[str, object]:
    """All that can be read, without where the present differs by nature."""
    answers: dict[str, object] = {
        "wants": await door.wants(WantFilter()),
        "want": await door.want(want),
        "partitions": await door.partitions(PartitionFilter()),
        "partition": await door.partition("top/1"),
        "lineage": await door.lineage("top/1"),
        "jobruns": await door.jobruns(JobRunFilter()),
        "jobrun": await door.jobrun(run),
        "jobs": await door.jobs(),
        "lookup": await door.lookup("top/1"),
        "plan": await door.plan(("top/1", "top/2")),
        "why": await door.why("top/1"),
        "graph": await door.graph("top/1"),
        "graph of jobs": await door.graph(),
        "entries": await door.entries(EntryFilter()),
    }
    return answers


def without_moment(answer: object) -> object:
    return msgspec.structs.replace(answer, at_seq=None, at_time=None) if isinstance(answer, AsOf) else answer


@pytest.mark.parametrize("kind", KINDS)
async def test_the_past_is_what_was_answered_when_it_was_the_present(kind: str, tmp_path: Path) -> None:
    """Broken: a read leaves out the moment it is asked about, or shows some of the present."""
    async with open_door(kind, tmp_path) as door:
        then = await build(door, "top/1")
        (want,), run = await door.wants(WantFilter()), (await door.jobruns(JobRunFilter()))[-1]
        before = await everything(door, want.id, run.id)
        await door.taint(("raw/1",), "bad", downstream=True)
        await build(door, "bad/1")
        past = await door.at(str(then.seq))
        after = await everything(past, want.id, run.id)
        assert {name: without_moment(answer) for name, answer in after.items()} == before
        for name, answer in after.items():
            if isinstance(answer, AsOf):
                assert (answer.at_seq, answer.at_time) == (then.seq, past.moment.at_time), name
        (last,) = await door.entries(EntryFilter(after=then.seq - 1, upto=then.seq))
        assert past.moment.at_time == last.at
        progress = await past.progress(want.id)
        assert (progress.cases, progress.at_seq, progress.now) == ({"done": 1}, then.seq, last.at)
        assert await everything(await door.at(last.at), want.id, run.id) == after


@pytest.mark.parametrize("kind", KINDS)
async def test_a_moment_that_is_none_is_refused(kind: str, tmp_path: Path) -> None:
    """Broken: a typing error, or a moment outside the log, is answered with something."""
    async with open_door(kind, tmp_path) as door:
        head = (await build(door, "raw/1")).seq
        for moment, code in [
            ("lunch", "bad_time"),
            ("", "bad_time"),
            (str(head + 1), "no_such_seq"),
            ("1999-12-31", "no_such_seq"),
            ("8999-12-31", "no_such_seq"),
            ("-90000d", "bad_time"),
            ("-9000d", "no_such_seq"),
        ]:
            with pytest.raises(DoorError) as refused:
                await door.at(moment)
            assert (refused.value.code, bool(refused.value.hint)) == (code, True), moment
        with pytest.raises(DoorError) as unknown:
            await (await door.at("0")).want("w0-0")
        assert unknown.value.code == "no_such_want"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_difference_of_two_moments_is_told(kind: str, tmp_path: Path) -> None:
    """Broken: what happened since yesterday cannot be asked."""
    async with open_door(kind, tmp_path) as door:
        first = (await build(door, "raw/1")).seq
        second = (await build(door, "bad/1")).seq
        found = await door.diff(str(first))
        assert (found.begin_seq, found.end_seq) == (first, second)
        assert (found.sums["wants_failed"], found.sums["partitions_live"]) == (1, 0)
        assert [change.about for change in found.partitions] == ["bad/1"]
        assert await door.diff(str(first), str(second)) == found
        assert (await door.diff("0", str(first))).sums["partitions_live"] == 1
        with pytest.raises(DoorError, match="comes after") as refused:
            await door.diff(str(second), str(first))
        assert refused.value.code == "bad_time"


async def test_the_past_is_read_without_a_daemon_too(tmp_path: Path) -> None:
    """Broken: time travel works only while a daemon runs."""
    async with open_door("local", tmp_path) as door:
        then = await build(door, "top/1")
        (want,), run = await door.wants(WantFilter()), (await door.jobruns(JobRunFilter()))[-1]
        await build(door, "raw/2")
        expected = await everything(await door.at(str(then.seq)), want.id, run.id)
    reading: Door = await open_reading_door(application(tmp_path))
    try:
        past: PastReading = await reading.at(str(then.seq))
        assert await everything(past, want.id, run.id) == expected
        assert (await (await reading.at("0")).why("top/1")).root.code is Code.NOBODY_WANTS
        assert (await reading.diff(str(then.seq))).sums["partitions_live"] == 1
    finally:
        await reading.close()


async def test_where_nothing_has_happened_there_is_no_past(tmp_path: Path) -> None:
    """Broken: a fresh application answers with an error of the file system."""
    reading = await open_reading_door(application(tmp_path))
    try:
        with pytest.raises(DoorError, match="nothing has happened here yet") as refused:
            await reading.at("-1h")
        assert refused.value.exit_code == 66
    finally:
        await reading.close()
