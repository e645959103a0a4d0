"""What two moments differ in is what the entries between them say."""

from pathlib import Path

import pytest

from orchestrator.commands import CancelWant, CreateWant, PauseWant, RetryWant, TaintPartitions
from orchestrator.history.at import Moment
from orchestrator.history.past import Past
from orchestrator.views.shapes import Diff
from statemachines.ids import SECOND_US, Timestamp
from statemachines.refs import Ref
from tests.history.logs import Batch, layers, record, write_log
from tests.kit.core import Core, ended
from tests.model.story import Story
from tests.views.samples import CHAIN


def moment(batch: Batch) -> Moment:
    return Moment(batch.facts[-1].seq, batch.at)


async def diff(path: Path, core: Core, batches: list[Batch], begin: Moment, end: Moment) -> Diff:
    """Write the log and look."""
    await write_log(path, batches)
    past = Past(path, core.catalog)
    try:
        return await past.diff(begin, end)
    finally:
        await past.close()


@pytest.mark.asyncio
async def test_each_thing_that_happened_is_summed_and_listed(tmp_path: Path) -> None:
    """Broken: nobody can see what a night has changed."""
    core = Core(CHAIN)
    batches = record(core)
    core.want("mid/1")
    core.play()
    begin = moment(batches[-1])
    core.turn(TaintPartitions("test", (Ref("raw/1"),), "bad"))
    failed, canceled = core.want("narrow/1"), core.want("inside")
    core.play(lambda run: ended(run, code=1))
    core.turn(CancelWant("test", canceled, "no"), CreateWant("test", ("raw/7",)))
    core.play()
    found = await diff(tmp_path / "bel.sqlite", core, batches, begin, moment(batches[-1]))
    assert {name: number for name, number in found.sums.items() if number} == {
        "wants_opened": 3,
        "wants_closed": 3,
        "wants_successful": 1,
        "wants_failed": 1,
        "wants_canceled": 1,
        "partitions_live": 1,
        "partitions_failed": 1,
        "partitions_tainted": 1,
        "jobruns_succeeded": 1,
        "jobruns_failed": 1,
    }
    assert found.events["PartitionTainted"] == 1
    changed = {change.about: (change.before, change.after) for change in found.partitions}
    assert changed == {"raw/1": ("Live", "Tainted"), "narrow/1": (None, "Failed"), "raw/7": (None, "Live")}
    assert [change.id for change in found.wants if change.after == "Failed"] == [failed]
    assert (found.begin_seq, found.end_seq, found.cut) == (begin.seq, core.board.world.seq, False)


@pytest.mark.asyncio
async def test_a_want_that_is_tried_again_is_opened_and_one_that_is_paused_is_not(tmp_path: Path) -> None:
    """Broken: what is asked again is not seen, or each step of a want counts as a new one."""
    core = Core(CHAIN)
    batches = record(core)
    failed, waits = core.want("narrow/1"), core.want("inside")
    core.play(lambda run: ended(run, code=1))
    begin = moment(batches[-1])
    core.turn(RetryWant("test", failed), PauseWant("test", waits))
    found = await diff(tmp_path / "bel.sqlite", core, batches, begin, moment(batches[-1]))
    assert (found.sums["wants_opened"], found.sums["wants_closed"]) == (1, 0)


@pytest.mark.asyncio
async def test_a_job_that_takes_longer_is_slower(tmp_path: Path) -> None:
    """Broken: a job that slows down over weeks is noticed by nobody."""
    core = Core(CHAIN)
    batches, ends = record(core), list[Moment]()
    for number in range(8):
        core.want(f"raw/{number}", f"narrow/{number}")
        seconds = 2 if number < 4 else 5
        core.now = Timestamp(core.now + seconds * SECOND_US)
        core.turn(*(ended(run) for run in core.active() if run.spec.job == "raw"))
        core.now = Timestamp(core.now + (7 - seconds) * SECOND_US)
        core.play()
        ends.append(moment(batches[-1]))
    found = await diff(tmp_path / "bel.sqlite", core, batches, ends[3], ends[7])
    paces = {pace.job: pace for pace in found.paces}
    assert (paces["raw"].before_s, paces["raw"].after_s, paces["raw"].slower) == (2, 5, True)
    assert (paces["narrow"].before_s, paces["narrow"].slower) == (7, False)
    assert found.paces[0].job == "raw"


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", [5, 17])
async def test_two_differences_in_a_row_are_the_whole(tmp_path: Path, seed: int) -> None:
    """Broken: something that happened belongs to neither half of a day, or to both."""
    story = Story(seed)
    batches = record(story.core)
    story.play()
    path = tmp_path / "bel.sqlite"
    await write_log(path, batches)
    past = Past(path, story.core.catalog)
    start, end = Moment(0, None), moment(batches[-1])
    try:
        whole = await past.diff(start, end)
        assert sum(whole.events.values()) == end.seq
        for batch in batches[:: len(batches) // 5]:
            first, second = await past.diff(start, moment(batch)), await past.diff(moment(batch), end)
            events = {kind: first.events.get(kind, 0) + second.events.get(kind, 0) for kind in whole.events}
            assert events == whole.events
            then = {change.id: change.after for change in (*first.wants, *first.partitions, *first.jobruns)}
            later = {change.id: change for change in (*second.wants, *second.partitions, *second.jobruns)}
            assert all(change.before == then.get(name) for name, change in later.items())
            last = {change.id: change.after for change in (*whole.wants, *whole.partitions, *whole.jobruns)}
            assert {**then, **{name: change.after for name, change in later.items()}} == last
        assert await past.diff(end, end) == Diff(
            end.seq,
            whole.end_time,
            end.seq,
            whole.end_time,
            dict.fromkeys(whole.sums, 0),
            {},
            (),
            (),
            (),
            (),
            cut=False,
        )
    finally:
        await past.close()


@pytest.mark.asyncio
async def test_long_lists_are_cut_and_sums_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: the difference of two years does not fit into memory, or lies about how much there is."""
    monkeypatch.setattr("orchestrator.history.diff.CHANGES_MAX", 10)
    batches = layers(300)
    found = await diff(tmp_path / "bel.sqlite", Core(CHAIN), batches, Moment(0, None), moment(batches[-1]))
    assert found.cut
    assert len(found.partitions) == 10
    assert found.partitions[-1].seq > found.partitions[0].seq
    assert found.sums["partitions_live"] > 10
