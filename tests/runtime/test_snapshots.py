"""A snapshot is a shortcut: one that is not what the log gives is passed over."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bel.entry import Snapshot
from orchestrator.history.proof import Proof, prove
from orchestrator.runtime import snapshots
from orchestrator.runtime.snapshots import is_due, load_world, save_world
from statemachines import roster
from statemachines.rolls import RUN_CODES
from statemachines.snapshot import FORMAT, encode_states, encode_world
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


def without_its_wants(sound: Snapshot, world: World) -> Snapshot:
    states = world.states()
    without = states._replace(wants=[], opened={}, seqs=list(states.seqs)[len(world.wants) :])
    body = encode_states(without)
    return msgspec.structs.replace(sound, body=body)


def of_nothing(sound: Snapshot, _: World) -> Snapshot:
    return msgspec.structs.replace(sound, body=encode_world(World()), digest=World().digest())


def of_another_format(sound: Snapshot, world: World) -> Snapshot:
    return msgspec.structs.replace(without_its_wants(sound, world), format=FORMAT + 1)


def without_its_seqs(sound: Snapshot, world: World) -> Snapshot:
    return msgspec.structs.replace(sound, body=encode_states(world.states()._replace(seqs=[])))


def without_its_instances(sound: Snapshot, world: World) -> Snapshot:
    return msgspec.structs.replace(sound, body=encode_states(world.states()._replace(partitions=[])))


def of_no_form(sound: Snapshot, _: World) -> Snapshot:
    return msgspec.structs.replace(sound, body=b"\xc1")


LIES = (without_its_seqs, without_its_instances, of_nothing, of_another_format, of_no_form)


@pytest.mark.asyncio
@pytest.mark.parametrize("lie", LIES)
async def test_a_snapshot_that_is_not_what_it_claims_is_passed_over(
    tmp_path: Path, lie: Callable[[Snapshot, World], Snapshot]
) -> None:
    """If this fails, a cache that was damaged or made by another program becomes the truth at the next start."""
    rig = Rig(tmp_path, APPLICATION)
    async with rig.life() as life:
        await life.want("raw/1")
        await life.play()
        world = await load_world(life.log)
        sound = await save_world(life.log, world)
        await life.log.save_snapshot(lie(sound, world))
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
        sound = await save_world(life.log, world)
        assert not await is_due(life.log, world)
        await life.log.save_snapshot(of_another_format(sound, world))
        assert await is_due(life.log, world)


@pytest.mark.asyncio
async def test_a_snapshot_that_leads_astray_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: looks into the past find other JobRuns than there were, and `bel snapshot check` calls that sound."""
    rig = Rig(tmp_path, APPLICATION)
    async with rig.life() as life:
        await life.want("raw/1")
        await life.play()
        world = await load_world(life.log)
        sound = await save_world(life.log, world)
        assert await prove(life.log) == [Proof(world.seq, "sound")]
        monkeypatch.setattr(roster, "RUN_CODES", dict.fromkeys(RUN_CODES, 1))
        await life.log.save_snapshot(msgspec.structs.replace(sound, body=encode_world(world)))
        assert await prove(life.log) == [Proof(world.seq, "differs")]
