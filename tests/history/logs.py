"""Logs to look back in: what a core recorded, turn by turn, written as a daemon would write it."""

from pathlib import Path
from typing import NamedTuple

from bel.entry import Entry
from bel.open import open_log
from orchestrator.commands import CreateWant
from orchestrator.planning.turn import Fact
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import Snapshots, fold_on
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Timestamp
from statemachines.world import World
from tests.kit.core import Core
from tests.views.samples import Fresh

LAYERS = """
[application]
name = "layers"
[pools]
default = 200
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "mid"
outputs = ["mid/{n:int}"]
inputs = ["raw/{n}"]
command = ["mid"]
[[job]]
name = "top"
outputs = ["top/{n:int}"]
inputs = ["mid/{n}", "raw/{n}"]
command = ["top"]
"""


class Batch(NamedTuple):
    """What one turn recorded, and when."""

    at: Timestamp
    facts: list[Fact]

    def entries(self) -> list[Entry[AnyEvent]]:
        first = self.facts[0].seq
        return [
            Entry(fact.seq, first, self.at, fact.event, f"e{fact.seq:08x}", fact.cause, fact.correlation, fact.actor)
            for fact in self.facts
        ]


def record(core: Core) -> list[Batch]:
    """From now on, keep what each turn of a core records."""
    batches: list[Batch] = []
    play = core.turn

    def turn(*inputs: object) -> object:
        before = len(core.facts)
        answers = play(*inputs)  # type: ignore[arg-type]  # whatever the core takes
        if len(core.facts) > before:
            batches.append(Batch(core.now, core.facts[before:]))
        return answers

    core.turn = turn  # type: ignore[method-assign,assignment]
    return batches


def layers(entries: int, width: int = 20) -> list[Batch]:
    """At least so many entries of three layers of refs, built ``width`` at a time, a second between two turns."""
    core, job, done = Core(LAYERS), Fresh(), 0
    batches = record(core)
    while len(core.facts) < entries:
        core.turn(CreateWant("test", tuple(f"top/{number}" for number in range(done, done + width))))
        done += width
        while runs := core.active():
            core.now = Timestamp(core.now + SECOND_US)
            core.turn(*(job(run) for run in runs))
    return batches


async def write_log(path: Path, batches: list[Batch]) -> None:
    """Write batches into a new log."""
    log = await open_log(path, CODEC)
    try:
        for batch in batches:
            await log.append(batch.entries(), epoch=0)
    finally:
        await log.close()


async def snapshot_at(path: Path, seqs: list[int]) -> list[int]:
    """Have snapshots made at these ends of batches, as a daemon would, and say which were kept."""
    log = await open_log(path, CODEC)
    try:
        world, kept = World(), Snapshots(log)
        for seq in seqs:
            await fold_on(world, log, seq)
            await kept.save(world)
        return [one.seq for one in await log.snapshots()]
    finally:
        await log.close()


def digests(batches: list[Batch]) -> dict[int, str]:
    """The digest of a fresh replay at the end of each batch, and of the empty log."""
    world = World()
    found = {0: world.digest()}
    for batch in batches:
        for fact in batch.facts:
            world.apply(fact.event, fact.seq)
        found[world.seq] = world.digest()
    return found
