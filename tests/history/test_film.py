"""A log can be wound to any entry, either way, and shows what a fold shows."""

from pathlib import Path
from random import Random

import pytest

from bel.open import open_reader
from orchestrator.history.film import Film, Step, kind_of
from orchestrator.runtime.codec import CODEC
from statemachines.world import World
from tests.history.logs import record, write_log
from tests.model.story import Story

pytestmark = pytest.mark.asyncio


async def told(path: Path, seed: int) -> list[tuple[World, int]]:
    """Write the log of a story, and give the world after each entry."""
    story = Story(seed)
    batches = record(story.core)
    story.play()
    await write_log(path, batches)
    world, worlds = World(), [(World(), 0)]
    for batch in batches:
        for fact in batch.facts:
            world.apply(fact.event, fact.seq)
            worlds.append((world.copy(), fact.seq))
    return worlds


def states(world: World) -> dict[str, object]:
    return {
        str(entity): state for kind in (world.wants, world.partitions, world.runs) for entity, state in kind.items()
    }


@pytest.mark.parametrize("seed", [2, 23])
async def test_every_position_is_the_same_whichever_way_it_was_come_to(tmp_path: Path, seed: int) -> None:
    """Broken: stepping back shows states that never were."""
    worlds, dice = await told(tmp_path / "bel.sqlite", seed), Random(seed)
    async with await open_reader(tmp_path / "bel.sqlite", CODEC) as log:
        film = Film(log, log.head.seq)
        for position in [*dice.choices(range(len(worlds)), k=60), 0, len(worlds) - 1]:
            await film.wind(position)
            world, seq = worlds[position]
            assert film.seq == seq
            assert film.states == states(world)
            counted = {group: number for group, number in film.counts.items() if number}
            assert sum(counted.values()) == len(film.states)
            assert counted.get(("want", "Successful"), 0) == sum(
                type(state).__name__ == "Successful" for state in world.wants.values()
            )


async def test_a_step_back_is_the_step_that_was_taken(tmp_path: Path) -> None:
    """Broken: what is undone is not what was done."""
    await told(tmp_path / "bel.sqlite", 4)
    async with await open_reader(tmp_path / "bel.sqlite", CODEC) as log:
        film = Film(log, log.head.seq)
        steps = list[Step]()
        while step := await film.forward():
            steps.append(step)
            assert await film.shown() == step
            assert kind_of(step.entry.event)[0] in "wpj"
        assert [one.entry.seq for one in steps] == list(range(1, log.head.seq + 1))
        assert await film.peek() is None
        for step in reversed(steps):
            assert await film.back() == step
        assert await film.back() is None
        assert await film.shown() is None
        assert film.states == {}


async def test_it_ends_where_it_is_told_to(tmp_path: Path) -> None:
    """Broken: --until shows what came after."""
    await told(tmp_path / "bel.sqlite", 4)
    async with await open_reader(tmp_path / "bel.sqlite", CODEC) as log:
        film = Film(log, 7)
        await film.wind(1_000_000)
        assert film.seq == 7
        assert await film.forward() is None
        await film.wind(-5)
        assert film.seq == 0
