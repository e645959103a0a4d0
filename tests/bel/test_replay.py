"""Any place of the log can be gone back to, at the end of a batch."""

from itertools import pairwise

import pytest

from bel.entry import Entry
from bel.errors import NoSuchSeq
from bel.open import open_memory
from bel.replay import fold_to, round_down, seq_at_time
from bel.stored import StoredLog
from tests.bel.toy import CODEC, Event, puts

NOTHING: list[int] = []

ENDS = [0, 3, 7, 8, 10]


def collect(seen: list[int], entry: Entry[Event]) -> list[int]:
    return [*seen, entry.seq]


async def a_log() -> StoredLog[Event]:
    """Give a log with batches that end at ENDS, the first at 1 s, each a second later."""
    log = await open_memory(CODEC)
    for second, (before, end) in enumerate(pairwise(ENDS), 1):
        await log.append(puts(before + 1, end - before, at=second * 1_000_000), epoch=0)
    return log


@pytest.mark.asyncio
async def test_places_are_rounded_down_to_the_end_of_a_batch() -> None:
    """Broken: somebody is shown a state in the middle of a turn, where the laws do not hold."""
    log = await a_log()
    found = [await round_down(log, seq) for seq in range(11)]
    assert found == [max(end for end in ENDS if end <= seq) for seq in range(11)]


@pytest.mark.asyncio
@pytest.mark.parametrize("seq", [-1, 11])
async def test_places_outside_the_log_are_refused(seq: int) -> None:
    """Broken: a wrong seq is answered with the state of another one."""
    log = await a_log()
    with pytest.raises(NoSuchSeq, match="ends at 10"):
        await round_down(log, seq)
    with pytest.raises(NoSuchSeq):
        await fold_to(log, seq, NOTHING, collect)


@pytest.mark.asyncio
async def test_folding_goes_as_far_as_asked() -> None:
    """Broken: time travel shows too much, too little, or applies an entry twice."""
    log = await a_log()
    for seq in range(11):
        assert await fold_to(log, seq, NOTHING, collect) == list(range(1, await round_down(log, seq) + 1))
    assert await fold_to(log, None, NOTHING, collect) == list(range(1, 11))
    assert await fold_to(log, 9, [1, 2, 3], collect, after=3) == list(range(1, 9))
    with pytest.raises(NoSuchSeq):
        await fold_to(log, 3, NOTHING, collect, after=7)


@pytest.mark.asyncio
async def test_a_time_is_found() -> None:
    """Broken: `--at` with a time shows another moment."""
    log = await a_log()
    assert [await seq_at_time(log, second * 1_000_000) for second in range(6)] == [0, 3, 7, 8, 10, 10]
    assert await seq_at_time(log, 1_999_999) == 3
    assert await seq_at_time(await open_memory(CODEC), 1) == 0
