"""Disks without room: what the daemon cannot write waits, costs nobody a try, and goes on by itself."""

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bel.errors import LogFull
from orchestrator.commands import CreateWant, Refused
from orchestrator.runtime import room
from orchestrator.runtime.room import Room
from tests.runtime.rig import Rig

APPLICATION = """
[application]
name = "room"
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
"""


class Disk:
    """Says that it is full, or broken, as long as it is told to."""

    def __init__(self) -> None:
        self.error: int | None = None
        self.asked = 0

    def below(self, function: Callable[..., object]) -> Callable[..., object]:
        """Put it under something that writes."""

        def write(*args: object) -> object:
            self.asked += 1
            if self.error is not None:
                raise OSError(self.error, os.strerror(self.error), "/the/disk")
            return function(*args)

        return write


async def becomes(is_so: Callable[[], bool]) -> None:
    """Let the engine go on until it is so."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, APPLICATION)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(room, "PAUSE_S", 0.001)
    return Disk()


@pytest.mark.asyncio
async def test_outputs_that_find_no_room_become_live_when_there_is_some(rig: Rig, disk: Disk) -> None:
    """If this fails, a store that is full ends the daemon, or shows bytes that a power cut takes away."""
    rig.memory.sync = disk.below(rig.memory.sync)  # type: ignore[method-assign, assignment]  # the same, on a disk
    async with rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
        disk.error = errno.EDQUOT
        rig.end(rig.executor.running[0])
        rig.executor.deliver()
        await becomes(lambda: disk.asked > 5)
        assert await life.live() == {}
        disk.error = None
        await life.play()
        assert [*await life.live()] == ["raw/1"]
        assert not life.engine.read_only
    assert len((await rig.check()).runs) == 1


@pytest.mark.asyncio
async def test_a_store_that_cannot_sync_for_another_reason_ends_the_daemon(rig: Rig, disk: Disk) -> None:
    """If this fails, a broken disk passes for a full one, and its partitions become Live when it pretends to work."""
    rig.memory.sync = disk.below(rig.memory.sync)  # type: ignore[method-assign, assignment]  # the same, on a disk
    async with rig.ended_by(OSError) as life:
        await life.want("raw/1")
        await life.started(1)
        disk.error = errno.EIO
        rig.end(rig.executor.running[0])
        rig.executor.deliver()
        await asyncio.Event().wait()
    assert disk.asked == 1


@pytest.mark.asyncio
async def test_a_daemon_that_waits_for_room_can_be_ended(rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, a daemon cannot be stopped while its disk is full, or the next one forgets what has ended."""
    rig.memory.sync = disk.below(rig.memory.sync)  # type: ignore[method-assign, assignment]  # the same, on a disk

    def is_there(_room: Room) -> bool:
        return False

    monkeypatch.setattr(Room, "_is_there", is_there)
    disk.error = errno.ENOSPC
    async with asyncio.timeout(20), rig.life() as life:
        await life.want("raw/1")
        await life.started(1)
        rig.end(rig.executor.running[0])
        rig.executor.deliver()
        await becomes(lambda: life.engine.read_only is not None)
        answer = await life.submit(CreateWant("test", ("raw/2",)))
        assert isinstance(answer, Refused)
        assert (answer.code, "No space left on device: '/the/disk'" in answer.why) == ("log_full", True)
    disk.error = None
    async with rig.life() as life:
        await life.play()
        assert [*await life.live()] == ["raw/1"]


@pytest.mark.asyncio
async def test_a_full_disk_is_looked_at_and_not_the_whole_log_again(
    rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails, a daemon with a large log reads all of it once a second for as long as its disk is full."""
    looks = iter([False] * 20)

    def is_there(_room: Room) -> bool:
        return next(looks, True)

    monkeypatch.setattr(Room, "_is_there", is_there)
    async with rig.life() as life:
        life.log.troubles.append(LogFull(Path("bel.sqlite"), "the script says so"))
        assert (await life.submit(CreateWant("test", ("raw/1",)))).code == "log_full"  # type: ignore[union-attr]
        await becomes(lambda: life.engine.read_only is None)
        assert next(looks, None) is None
        assert len(life.log.asked) == 1
        await life.want("raw/1")


@pytest.mark.asyncio
async def test_room_is_more_than_a_few_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, the daemon takes the last bytes of a disk for room, and goes to and fro."""
    monkeypatch.setattr(room, "PAUSE_S", 0.0)
    found = Room(tmp_path, tmp_path / "nowhere")
    assert not found.is_lacking(OSError(errno.EIO, "broken"))
    assert found.is_lacking(OSError(errno.ENOSPC, "full"))
    asked: list[int] = []

    def allocate(_file: int, _offset: int, length: int) -> None:
        asked.append(length)
        if len(asked) == 1:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    assert [await found.look(), found.lack] == [False, "[Errno 28] full"]
    assert [await found.look(), found.lack] == [True, None]
    assert asked == [room.ROOM_BYTES] * 2
