"""One long history of the real engine, in its SQLite log: lived, replayed, or gone on with, it is the same world."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from random import Random
from typing import NamedTuple

import pytest

from bel.open import open_reader
from bel.reading import LogReader
from bel.replay import round_down
from orchestrator.daemon import Application
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import load_world
from statemachines.events import AnyEvent
from statemachines.snapshot import encode_world, open_world
from statemachines.world import World
from tests.replay.application import write_application
from tests.replay.history import History
from tests.replay.moments import Moment, batch_ends, moment_of, same_since, stops

pytestmark = pytest.mark.timeout(3600)

PLACES = 1_000
"""How many places of the past are looked at."""
LEAP = 40
"""At every so many places the traveler begins anew from the nearest snapshot; between them it goes on."""
KINDS_MIN = 24
"""So many kinds of events at least are in the log: it is not one shape copied."""


class Written(NamedTuple):
    """A log, and what its writer saw while it lived."""

    application: Application
    moments: list[Moment]


@pytest.fixture(scope="module", params=[100_000, pytest.param(2_000_000, marks=pytest.mark.long)])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A history of so many entries."""
    application = write_application(tmp_path_factory.mktemp("replay"))
    history = History(application, request.param, seed=7)
    with _timed(f"{request.param:,} entries written"):
        asyncio.run(history.write())
    return Written(application, history.moments)


@asynccontextmanager
async def _reading(written: Written) -> AsyncGenerator[LogReader[AnyEvent]]:
    log = await open_reader(written.application.layout.log, CODEC)
    try:
        yield log
    finally:
        await log.close()


@contextmanager
def _timed(what: str) -> Generator[None]:
    """Print how long something took: seconds on the clock, and of this process."""
    clock, own = time.perf_counter(), time.process_time()
    yield
    print(f"\n{what}: {time.perf_counter() - clock:.1f} s, of this process {time.process_time() - own:.1f} s")


@pytest.mark.asyncio
async def test_what_lived_is_what_a_replay_gives(written: Written) -> None:
    """If this fails, a restart, a reader of the past or `bel verify` sees another world than the daemon did."""
    seen = {moment.seq: moment for moment in written.moments}
    kinds: set[str] = set()
    async with _reading(written) as log:
        with _timed(f"replayed, compared at {len(seen)} moments"):
            async for world, _ in stops(log, World(), seen):
                assert moment_of(world) == seen.pop(world.seq)
        async for entries in log.read(after=0):
            kinds.update(type(entry.event).__name__ for entry in entries)
    assert seen == {}
    assert len(kinds) >= KINDS_MIN, f"too few kinds of events to tell: {sorted(kinds)}"


@pytest.mark.asyncio
async def test_a_snapshot_and_the_tail_are_what_a_replay_gives(written: Written) -> None:
    """If this fails, a start from a snapshot goes on from another world than the one that was left."""
    async with _reading(written) as log:
        seqs = [facts.seq for facts in await log.snapshots()]
        assert len(seqs) >= 4, "too few snapshots to tell"
        with _timed(f"from each of {len(seqs)} snapshots to the next, and from three to the end"):
            for seq, following in zip(seqs, [*seqs[1:], log.head.seq], strict=True):
                async for world, _ in stops(log, await _snapshot(log, seq), [following]):
                    assert following == log.head.seq or encode_world(world) == (await _body(log, following))
            for seq in (seqs[0], seqs[len(seqs) // 2], seqs[-1]):
                async for world, _ in stops(log, await _snapshot(log, seq), [log.head.seq]):
                    assert moment_of(world) == written.moments[-1]


@pytest.mark.asyncio
async def test_any_place_of_the_past_is_what_a_fresh_replay_gives(written: Written) -> None:
    """If this fails, reading the past depends on which snapshots there are."""
    dice = Random(11)
    async with _reading(written) as log:
        places = sorted(dice.sample(await batch_ends(log), PLACES))
        with _timed(f"{len(places)} places of the past"):
            traveler = World()
            fresh = stops(log, World(), places)
            for at, place in enumerate(places):
                leaps = at % LEAP == 0
                if leaps:
                    assert await round_down(log, place) == place
                    traveler = await load_world(log, place)
                else:
                    traveler = await anext(world async for world, _ in stops(log, traveler, [place]))
                world, changed = await anext(fresh)
                assert same_since(world, traveler, changed), f"at {place}"
                assert not leaps or moment_of(world) == moment_of(traveler), f"at {place}"


async def _snapshot(log: LogReader[AnyEvent], seq: int) -> World:
    return open_world(await _body(log, seq))


async def _body(log: LogReader[AnyEvent], seq: int) -> bytes:
    snapshot = await log.newest_snapshot(seq)
    assert snapshot is not None, "it is listed"
    assert snapshot.seq == seq, "it is listed, and sound"
    return snapshot.body
