"""JobRuns beyond the slots of their pool, and syncs that many ends share."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.runtime.syncing import GroupSync
from tests.runtime.rig import Rig

TWO_SLOTS = """
[application]
name = "a"
[pools]
default = 2
[[job]]
name = "j"
outputs = ["x/{i:int(0..99)}"]
command = ["true"]
"""
WITH_AN_INLINE_JOB = (
    TWO_SLOTS
    + """
[[job]]
name = "k"
outputs = ["y"]
python = "m:f"
executor = "inline"
"""
)


class RoomFor:
    """An executor that has room for some beyond the slots."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self) -> Mapping[str, int]:
        return {"default": self.number}


@pytest.mark.asyncio
@pytest.mark.parametrize(("toml", "launched"), [(TWO_SLOTS, 5), (WITH_AN_INLINE_JOB, 2)])
async def test_so_many_are_launched_as_there_is_room_for(
    toml: str, launched: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: slots stand idle between an end and a start, or a line is used by those whose slots it does not know."""
    rig = Rig(tmp_path, toml)
    monkeypatch.setattr(rig.executor, "ahead", RoomFor(3))
    async with rig.life() as life:
        await life.want(*(f"x/{number}" for number in range(10)))
        await life.started(launched)
        await life.turn()
        assert len(rig.executor.starts) == launched
        await life.play()
    await rig.check()


@pytest.mark.asyncio
async def test_a_sync_serves_all_who_asked_before_it_began() -> None:
    """Broken: a sync is shared by what was written after it began, or everybody pays for one of their own."""
    began: list[asyncio.Future[None]] = []

    async def sync() -> None:
        began.append(asyncio.get_running_loop().create_future())
        await began[-1]

    group = GroupSync(sync)
    first = asyncio.ensure_future(group.everything_written())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.ensure_future(group.everything_written()) for _ in range(10)]
    await asyncio.sleep(0)
    began[0].set_result(None)
    await first
    await asyncio.sleep(0)
    assert [one.done() for one in later] == [False] * 10
    assert len(began) == 2
    began[1].set_result(None)
    await asyncio.gather(*later)


@pytest.mark.asyncio
async def test_a_refused_sync_is_told_to_all_it_would_have_served_and_to_no_one_else() -> None:
    """Broken: a refused sync is taken for a good one, or it fails what a later one made durable."""
    answers: list[OSError | None] = [OSError(5, "Input/output error"), None]

    async def sync() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    group = GroupSync(sync)
    refused = [asyncio.ensure_future(group.everything_written()) for _ in range(2)]
    assert [type(error) for error in await asyncio.gather(*refused, return_exceptions=True)] == [OSError, OSError]
    await group.everything_written()
    assert answers == []


@pytest.mark.asyncio
async def test_who_was_canceled_is_not_synced_for() -> None:
    """Broken: a daemon that ends asks threads that are gone for one more sync."""
    began: list[asyncio.Future[None]] = []

    async def sync() -> None:
        began.append(asyncio.get_running_loop().create_future())
        await began[-1]

    group = GroupSync(sync)
    asking = [asyncio.ensure_future(group.everything_written())]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.append(asyncio.ensure_future(group.everything_written()))
    await asyncio.sleep(0)
    for one in asking:
        one.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    began[0].set_result(None)
    await asyncio.sleep(0.01)
    assert len(began) == 1
