"""A property: whatever crashes, is lost, repeated or delayed on the way, the end is the one that a calm day has."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bel.errors import LogFull
from orchestrator.commands import CreateWant
from orchestrator.executors.base import Exit
from orchestrator.runtime import room
from statemachines.refs import Ref
from tests.runtime.rig import BAD, GOOD, Died, Life, Rig, live_in

SEEDS = 120
MISSED = "0/99"


def application(dice: random.Random) -> str:
    """Some jobs on top of each other, some of which take many refs at once."""
    size = dice.randrange(2, 7)
    lines = ["[application]", 'name = "chaos"', "[pools]", f"default = {dice.randrange(1, 4)}"]
    lines += ["[retry]", 'backoff = "0s"', "tries = 3", "lost = 100", "could_not_start = 3"]
    for number in range(size):
        inputs = [f"{below}/{{n}}" for below in range(number) if dice.random() < 0.5]
        lines += ["[[job]]", f'name = "j{number}"', f'outputs = ["{number}/{{n:int}}"]']
        lines += [f"inputs = {inputs}", 'command = ["job"]', f"batch = {{ max = {dice.choice([1, 1, 3])} }}"]
        lines += [f"dynamic = {dice.choice(['true', 'false'])}"]
    return "\n".join(lines)


def script(rig: Rig, seed: int) -> Callable[[str], None]:
    """How each run ends follows from the seed, the refs it makes, what it was given and how often they failed."""
    failures: dict[str, int] = {}

    def play(run: str) -> None:
        refs = rig.refs_of(run)
        given = {one.ref for one in rig.told(run).inputs}
        miss = [ref for ref in refs if misses(seed, ref) and MISSED not in given]
        if miss:
            rig.say(run, {"missing": [MISSED], "for": miss})
            rig.end(run, BAD)
        elif 0.15 < character(seed, refs[0]) < 0.4 and failures.get(refs[0], 0) < 2:
            failures.update({ref: failures.get(ref, 0) + 1 for ref in refs})
            rig.end(run, BAD)
        else:
            make(rig, seed, run)
            rig.executor.end(run, GOOD)

    return play


def character(seed: int, ref: str) -> float:
    return random.Random(f"{seed} {ref}").random()


def misses(seed: int, ref: str) -> bool:
    return character(seed, ref) < 0.15 and not ref.startswith("0/")


def make(rig: Rig, seed: int, run: str) -> None:
    """Each output follows from its own inputs, whatever else is in the batch."""
    told = rig.told(run)
    rig.memory.prepare(Path(output.location) for output in told.outputs)
    for output in told.outputs:
        own = [MISSED] if misses(seed, output.ref) else []
        number = "/" + output.ref.rpartition("/")[2]
        read = [one for one in told.inputs if one.ref in own or one.ref.endswith(number)]
        text = "\n".join([output.ref, *sorted(f"{one.ref} {one.digest}" for one in read)])
        rig.memory.write(Path(output.location), text.encode())


async def build(rig: Rig, life: Life, refs: list[str], play: Callable[[str], None]) -> None:
    if not (await life.engine.board()).world.wants:
        await life.want(*refs)
    await life.play(play)


async def calm_end(folder: Path, toml: str, refs: list[str], seed: int) -> dict[Ref, str]:
    rig = Rig(folder, toml)
    async with rig.life() as life:
        await build(rig, life, refs, script(rig, seed))
    return live_in(await rig.check())


async def stormy_end(folder: Path, toml: str, refs: list[str], seed: int) -> dict[Ref, str]:
    rig, dice = Rig(folder, toml), random.Random(seed)
    calm = script(rig, seed)
    play = stormy(rig, calm, dice)
    for _ in range(dice.randrange(1, 6)):
        try:
            async with rig.life(dies_at=dice.randrange(1, 6), written=dice.random() < 0.5) as life:
                if dice.random() < 0.3:
                    life.log.troubles.append(LogFull(Path("bel"), "the script says so"))
                    await life.engine.submit(CreateWant("test", tuple(refs)))
                await build(rig, life, refs, play)
        except Died:
            if dice.random() < 0.3:
                rig.executor.lose_all()
    async with rig.life() as life:
        await build(rig, life, refs, calm)
        assert (await life.engine.board()).world.digest() == (await rig.world()).digest()
    assert rig.executor.repeated == []
    return live_in(await rig.check())


def stormy(rig: Rig, play: Callable[[str], None], dice: random.Random) -> Callable[[str], None]:
    """The same jobs, but some keep the daemon waiting, some are lost, and facts come mixed up and twice."""

    def storm(run: str) -> None:
        if dice.random() < 0.1:
            rig.executor.end(run, Exit(kind="lost"))
        else:
            play(run)
        facts = rig.executor._facts
        facts += [fact for fact in facts if dice.random() < 0.3]
        dice.shuffle(facts)

    return storm


@pytest.mark.parametrize("tens", range(SEEDS // 10))
@pytest.mark.asyncio
async def test_a_stormy_day_ends_like_a_calm_one(tmp_path: Path, tens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, some order of crashes, losses and repetitions changes what is built. The message has the seed."""
    monkeypatch.setattr(room, "PAUSE_S", 0.0)
    for seed in range(10 * tens, 10 * tens + 10):
        dice = random.Random(seed)
        toml = application(dice)
        top = toml.count("[[job]]") - 1
        refs = [f"{top}/{number}" for number in range(dice.randrange(1, 5))]
        expected = await calm_end(tmp_path / f"calm{seed}", toml, refs, seed)
        found = await stormy_end(tmp_path / f"storm{seed}", toml, refs, seed)
        assert found == expected, f"seed {seed}"
        assert set(refs) <= set(expected), f"seed {seed}"
