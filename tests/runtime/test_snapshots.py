"""A snapshot is a shortcut: one that is not what the log gives is passed over."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bel.entry import Snapshot
from orchestrator.history.proof import Proof, prove
from orchestrator.runtime import snapshots
from orchestrator.runtime.snapshots import Snapshots, load_world
from statemachines import roster
from statemachines.rolls import RUN_CODES
from statemachines.snapshot import FORMAT, WorldCodec, encode_world
from statemachines.world import World
from tests.runtime.rig import Rig

APPLICATION = """
[application]
name = "snapshots"
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
"""


def of_nothing(sound: Snapshot) -> Snapshot:
    nothing = WorldCodec().encode(World().states())
    return msgspec.structs.replace(sound, body=nothing.body, digest=nothing.digest)


def of_another_format(sound: Snapshot) -> Snapshot:
    return msgspec.structs.replace(changed(sound, 1, {}), format=FORMAT + 1)


def of_another_place(sound: Snapshot) -> Snapshot:
    return changed(sound, 0, sound.seq - 1)


def with_too_many_readable(sound: Snapshot) -> Snapshot:
    return changed(sound, 5, b"\1" * 99)


def with_torn_columns(sound: Snapshot) -> Snapshot:
    return changed(sound, 3, [[b"torn", b"", b""]])


def changed(sound: Snapshot, field: int, value: object) -> Snapshot:
    """Another in one field of its body."""
    fields = msgspec.msgpack.decode(sound.body, type=list[object])
    fields[field] = value
    return msgspec.structs.replace(sound, body=msgspec.msgpack.encode(fields))


def of_no_form(sound: Snapshot) -> Snapshot:
    return msgspec.structs.replace(sound, body=b"\xc1")


LIES = (of_nothing, of_another_format, of_another_place, with_too_many_readable, with_torn_columns, of_no_form)


@pytest.mark.asyncio
@pytest.mark.parametrize("lie", LIES)
async def test_a_snapshot_that_is_not_what_it_claims_is_passed_over(
    tmp_path: Path, lie: Callable[[Snapshot], Snapshot]
) -> None:
    """If this fails, a cache that was damaged or made by another program becomes the truth at the next start."""
    rig = Rig(tmp_path, APPLICATION)
    async with rig.life() as life:
        await life.want("raw/1")
        await life.play()
        world = await load_world(life.log)
        sound = await Snapshots(life.log).save(world)
        await life.log.save_snapshot(lie(sound))
        assert (await load_world(life.log)).digest() == world.digest()


@pytest.mark.asyncio
async def test_a_snapshot_of_another_format_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: after an upgrade every start replays the whole log, until as much again has been written."""
    monkeypatch.setattr(snapshots, "ENTRIES_BETWEEN", 1)
    rig = Rig(tmp_path, APPLICATION)
    async with rig.life() as life:
        await life.want("raw/1")
        await life.play()
        world = await load_world(life.log)
        sound = await Snapshots(life.log).save(world)
        assert not await Snapshots(life.log).are_due(world)
        await life.log.save_snapshot(of_another_format(sound))
        assert await Snapshots(life.log).are_due(world)


@pytest.mark.asyncio
async def test_a_snapshot_that_leads_astray_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: looks into the past find other JobRuns than there were, and `bel snapshot check` calls that sound."""
    rig = Rig(tmp_path, APPLICATION)
    async with rig.life() as life:
        await life.want("raw/1")
        await life.play()
        world = await load_world(life.log)
        sound = await Snapshots(life.log).save(world)
        assert await prove(life.log) == [Proof(world.seq, "sound")]
        monkeypatch.setattr(roster, "RUN_CODES", dict.fromkeys(RUN_CODES, 1))
        await life.log.save_snapshot(msgspec.structs.replace(sound, body=encode_world(world)))
        assert await prove(life.log) == [Proof(world.seq, "differs")]
