"""A log that is played on under the same rules goes on as it did; under others it goes as they say."""

import asyncio
from collections import Counter

import pytest

from bel.open import open_memory
from orchestrator.commands import AnyCommand, CreateWant
from orchestrator.history.rerun import Batch as Played
from orchestrator.history.rerun import Rerun
from orchestrator.history.script import read_script
from orchestrator.observations import AnyObservation
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.codec import CODEC
from statemachines import jobrun, want
from statemachines.ids import SECOND_US, Ids, Timestamp
from statemachines.refs import Ref
from statemachines.traits import live_of
from statemachines.world import World
from tests.history.logs import Batch, record
from tests.kit.core import Core, catalog_of, ended
from tests.model.story import Story

TICK_US = 1_000


class TimelyStory(Story):
    """A story in which each turn has a moment of its own, and what is due is dealt with when it is due."""

    latest = 0

    def turn(self, *inputs: AnyCommand | AnyObservation) -> None:
        now = self.core.now + TICK_US
        while (due := self.core.board.timers.next_at) is not None and due <= now:
            self._at(due)
            super().turn()
        self._at(now)
        super().turn(*inputs)

    def _at(self, moment: int) -> None:
        self.latest = max(moment, self.latest + 1)
        self.core.now = Timestamp(self.latest)


async def played(batches: list[Batch], upto: int, toml: str) -> tuple[Rerun, list[Played]]:
    """Play on what came after so many batches, under a configuration."""
    log, world = await open_memory(CODEC), World()
    for number, batch in enumerate(batches):
        await log.append(batch.entries(), epoch=0)
        for fact in batch.facts if number < upto else ():
            world.apply(fact.event, fact.seq)
    script = await read_script(log, world.seq)
    board = Board(world, Recipes(catalog_of(toml)))
    board.load()
    rerun = Rerun(board, script, batches[upto - 1].at if upto else Timestamp(0), Ids("again"))
    return rerun, list(rerun.play())


def held(world: World) -> dict[str, tuple[str, str]]:
    """What readers of a world get."""
    found: dict[str, tuple[str, str]] = {}
    for ref, instance in world.holdings("local").canonical.items():
        live = live_of(world.partitions[instance])
        assert live is not None
        found[ref] = type(world.partitions[instance]).__name__, live.content.digest
    return found


@pytest.mark.parametrize("part", [0, 0.4, 0.8])
def test_the_same_rules_give_the_same_outcome(part: float) -> None:
    """Broken: a comparison shows differences that come from the simulation, not from what was changed."""
    for seed in range(30):
        story = TimelyStory(seed)
        batches = record(story.core)
        story.play()
        upto = int(len(batches) * part)
        rerun, again = asyncio.run(played(batches, upto, story.plan.toml()))
        was, is_ = story.core.board.world, rerun.board.world
        for name, state in was.wants.items():
            assert type(is_.wants[rerun.wants.get(name, name)]) is type(state), f"seed {seed}: {name}"
        assert held(is_) == held(was), f"seed {seed}"
        kinds = Counter(type(fact.event).__name__ for batch in batches[upto:] for fact in batch.facts)
        assert Counter(type(entry.event).__name__ for batch in again for entry in batch) == kinds, f"seed {seed}"


NIGHT = """
[application]
name = "night"
[pools]
default = {slots}
[[job]]
name = "raw"
outputs = ["raw/{{n:int}}"]
command = ["raw"]
retry = {{ tries = {tries}, backoff = "1s" }}
[[job]]
name = "top"
outputs = ["top"]
inputs = ["raw/0", "raw/1", "raw/2", "raw/3", "raw/4", "raw/5", "raw/6", "raw/7"]
command = ["top"]
"""


def night() -> list[Batch]:
    """With four slots: eight refs of ten seconds each, of which one fails once, and one made from all of them."""
    core, failed = Core(NIGHT.format(slots=4, tries=2)), 0
    batches = record(core)
    core.turn(CreateWant("test", ("top",), sla_us=45 * SECOND_US))
    while core.board.world.opened:
        runs = core.active()
        bad = [run for run in runs if run.spec.outputs[0].ref == "raw/2" and not failed]
        failed += len(bad)
        core.now = Timestamp(core.now + 10 * SECOND_US if runs else core.board.timers.next_at or 0)
        core.turn(*(ended(run, code=int(run in bad)) for run in runs))
    return batches


def outcome(slots: int, tries: int) -> tuple[str, bool, float]:
    """How the want of the night ends under another configuration: its state, whether it is late, and when."""
    batches = night()
    rerun, _ = asyncio.run(played(batches, 0, NIGHT.format(slots=slots, tries=tries)))
    (state,) = rerun.board.world.wants.values()
    return type(state).__name__, state.late, (state.since - batches[0].at) / SECOND_US


def test_other_rules_give_another_outcome() -> None:
    """Broken: whoever thinks about a larger pool, or another try, is told nothing, or something wrong."""
    assert outcome(slots=4, tries=2) == ("Successful", False, 40.0)
    assert outcome(slots=8, tries=2) == ("Successful", False, 31.0)
    assert outcome(slots=2, tries=2) == ("Successful", True, 60.0)
    assert outcome(slots=4, tries=1)[0] == "UpstreamFailed"


def test_another_graph_of_jobs_is_played_too() -> None:
    """Broken: a change of the graph cannot be thought through."""
    batched = NIGHT.replace('command = ["raw"]', 'command = ["raw"]\nbatch = {{ max = 4, wait = "1s" }}')
    rerun, _ = asyncio.run(played(night(), 0, batched.format(slots=4, tries=2)))
    runs = [run for run in rerun.board.world.runs.values() if isinstance(run, jobrun.RunState)]
    assert max(len(run.spec.outputs) for run in runs) == 4
    assert {type(state) for state in rerun.board.world.wants.values()} == {want.Successful}


def test_what_was_never_run_takes_the_usual_time_and_what_failed_fails_again() -> None:
    """Broken: work that was not recorded takes no time at all, or a broken job is mended by asking what if."""
    rerun, _ = asyncio.run(played(night()[:2], 2, NIGHT.format(slots=4, tries=2)))
    world = rerun.board.world
    made = {f"raw/{number}" for number in (0, 1, 3, 4, 5, 6, 7)}
    assert held(world).keys() == made
    newest = world.partitions[world.holdings("local").newest[Ref("raw/7")]]
    assert newest.since - Timestamp(1_000 * SECOND_US) == 20 * SECOND_US
    (state,) = world.wants.values()
    assert isinstance(state, want.UpstreamFailed)
