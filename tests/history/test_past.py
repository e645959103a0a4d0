"""Any moment of a log can be looked at, and what is shown is what was."""

import asyncio
import time
from pathlib import Path
from random import Random
from statistics import median

import pytest

from orchestrator.history.at import Moment
from orchestrator.history.past import WORLDS_MAX, Past
from orchestrator.runtime import snapshots
from statemachines.ids import Timestamp
from tests.history.logs import LAYERS, Batch, digests, layers, record, snapshot_at, write_log
from tests.kit.core import catalog_of
from tests.model.story import Story

NOW = Timestamp(10**15)


def end_of(batches: list[Batch], seq: int) -> int:
    """The last end of a batch at or before a seq."""
    return max((batch.facts[-1].seq for batch in batches if batch.facts[-1].seq <= seq), default=0)


@pytest.mark.asyncio
async def test_any_position_is_what_a_fresh_replay_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: somebody who looks back is shown a world that never was."""
    monkeypatch.setattr(snapshots, "ENTRIES_BETWEEN", 500)
    batches = layers(8_000)
    fresh, path = digests(batches), tmp_path / "bel.sqlite"
    await write_log(path, batches)
    head = batches[-1].facts[-1].seq
    kept = await snapshot_at(path, sorted({end_of(batches, seq) for seq in range(500, head, 500)}))
    assert len(kept) > 3
    past, dice = Past(path, catalog_of(LAYERS)), Random(4)
    try:
        for asked in (0, head, *(dice.randint(1, head) for _ in range(200))):
            moment = await past.moment(str(asked), NOW)
            assert moment.seq == end_of(batches, asked)
            assert (await past.world(moment)).digest() == fresh[moment.seq]
    finally:
        await past.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", [3, 11])
async def test_a_board_of_the_past_is_that_of_a_replay_at_every_turn(tmp_path: Path, seed: int) -> None:
    """Broken: retries, taints, batches or cancels look different afterwards from what they were."""
    story = Story(seed)
    batches = record(story.core)
    story.play()
    fresh, path = digests(batches), tmp_path / "bel.sqlite"
    await write_log(path, batches)
    past = Past(path, story.core.catalog)
    try:
        moments = [Moment(seq, None) for seq in fresh]
        Random(seed).shuffle(moments)
        for moment in moments:
            board = await past.see(moment, lambda board: board, demand=True)
            assert board.world.digest() == fresh[moment.seq]
            assert await past.see(moment, lambda board: board, demand=True) is board
        assert len(past._worlds) == WORLDS_MAX
    finally:
        await past.close()


@pytest.mark.asyncio
async def test_a_look_back_does_not_stop_the_loop(tmp_path: Path) -> None:
    """Broken: a daemon starts nothing while somebody looks at the past."""
    path = tmp_path / "bel.sqlite"
    await write_log(path, layers(6_000))
    past = Past(path, catalog_of(LAYERS))
    try:
        look = asyncio.create_task(past.world(Moment(end_of(layers(6_000), 5_000), None)))
        turns = 0
        while not look.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10
    finally:
        await past.close()


def test_snapshots_thin_out_with_their_age() -> None:
    """Broken: snapshots grow without bound, or a moment long ago has none near."""
    kept: list[int] = []
    for head in range(10_000, 5_000_001, 10_000):
        kept.append(head)
        gone = snapshots.superfluous(kept, head)
        kept = [seq for seq in kept if seq not in gone]
        assert kept[-1] == head
        for before, after in zip([0, *kept], kept, strict=False):
            assert after - before <= max(10_000, (head - after) // snapshots.AGE_PER_GAP)
    assert len(kept) < 50


@pytest.mark.long
@pytest.mark.asyncio
async def test_a_log_of_100_000_entries_is_looked_at_in_time(tmp_path: Path) -> None:
    """Broken: time travel is right, and too slow to be used."""
    batches = layers(100_000, width=50)
    fresh, path = digests(batches), tmp_path / "bel.sqlite"
    await write_log(path, batches)
    head = batches[-1].facts[-1].seq
    await snapshot_at(path, [end_of(batches, seq) for seq in range(snapshots.ENTRIES_BETWEEN, head, 10_000)])
    dice, far, near = Random(1), list[float](), list[float]()  # seconds of a processor, whoever else uses it
    past = Past(path, catalog_of(LAYERS))
    for _ in range(1_000):
        moment = await past.moment(str(dice.randint(1, head)), NOW)
        nearest = max((seq for seq in past._worlds if seq <= moment.seq), default=0)
        begun = time.process_time()
        world = await past.world(moment)
        (near if moment.seq - nearest < 2_000 else far).append(time.process_time() - begun)
        assert world.digest() == fresh[moment.seq]
    await past.close()
    assert max(far) < 1
    assert median(near) < 0.1
