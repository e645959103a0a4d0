"""What must be true after a build, however often it was interrupted: by the witness, by the log, by the data."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bel.open import open_reader
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.layout import Layout
from statemachines import jobrun, laws
from statemachines.partition import Live
from statemachines.refs import Ref
from statemachines.world import World
from tests.acceptance.killing import REFS, Death
from tests.acceptance.notes import Note, Notes

YEAR = "delays/yearly/year=2013"
FIGURES = (336_776, 8_255, 12.639)
_SHORT = 10_000
_NEAR_S = 20.0
"""On a busy machine a job may have been spawned so long before its first note, and its end be recorded so long after
its last. It also goes on for a moment when its keeper dies, until it is cleared away."""


async def replay(state: Path) -> World:
    """Fold the whole log from nothing; every law holds at the ends of batches.

    Looked at after every batch of a short log, and at each twentieth more of a long one: a look costs as much as the
    world.
    """
    reader = await open_reader(Layout(state).log, CODEC)
    try:
        world, batch, due = World(), 1, 0
        async for entries in reader.read():
            for entry in entries:
                if entry.batch != batch and entry.seq >= due:
                    due = 0 if entry.seq < _SHORT else entry.seq + entry.seq // 20
                    assert list(laws.check(world)) == []
                batch = entry.batch
                world.apply(entry.event, entry.seq)
    finally:
        await reader.close()
    assert list(laws.check(world)) == []
    return world


def live_refs(world: World) -> dict[Ref, str]:
    """The refs that have data, with the instance that is it."""
    canonical = world.holdings("local").canonical
    return {ref: instance for ref, instance in canonical.items() if isinstance(world.partitions[instance], Live)}


def everything_is_there(state: Path, world: World, told: tuple[int, int, float] = FIGURES) -> None:
    """All days, months and the year are Live, found under their plain names, and the year says these figures."""
    live = live_refs(world)
    assert len(live) == REFS
    for ref, instance in live.items():
        link = state / "store" / "current" / "local" / ref
        assert link.resolve().name == f"@{instance}", f"{ref} is {instance}, its link leads to {link.resolve()}"
    assert figures(state) == told


def figures(state: Path) -> tuple[int, int, float]:
    """Read the three figures from the year, by its plain name."""
    told = json.loads((state / "store" / "current" / "local" / YEAR / "summary.json").read_text())
    return told["flights"], told["cancelled"], told["mean_dep_delay"]


def nothing_ran_twice(application: Path, world: World, keepers_died: Sequence[Death]) -> None:
    """No run started twice, no ref made twice, nothing lost, unless a keeper took its runs with it."""
    notes = Notes(application)
    notes.refresh()
    assert {run: times for run, times in notes.started().items() if times > 1} == {}
    first = {note.run: note for note in notes.of("start")}
    last = {note.run: note for note in notes.of("end")}
    lost = {run: state.reason for run, state in world.runs.items() if isinstance(state, jobrun.Lost)}
    for run, reason in lost.items():
        assert died_with_its_keeper(reason, first.get(run), last.get(run), keepers_died), f"{run} is Lost: {reason}"
    made: defaultdict[str, list[str]] = defaultdict(list)
    for note in last.values():
        for ref in note.refs if note.run not in lost else ():
            made[ref].append(note.run)
    assert {ref: runs for ref, runs in made.items() if len(runs) != 1} == {}
    assert len(made) == REFS
    succeeded = {run for run, state in world.runs.items() if isinstance(state, jobrun.Succeeded)}
    assert succeeded == last.keys() - lost.keys()


def died_with_its_keeper(reason: str, first: Note | None, last: Note | None, keepers_died: Sequence[Death]) -> bool:
    """The reason names a keeper that was killed, and that was about when the run ended, by its own notes."""
    deaths = [death.at for death in keepers_died if f"(pid {death.pid})" in reason]
    return any(
        (first is None or first.at <= died + _NEAR_S) and (last is None or abs(last.at - died) <= _NEAR_S)
        for died in deaths
    )
