"""Logs that other versions have written: older ones mean what they meant, newer ones are refused.

``fixtures/v<n>`` holds a log as a daemon of schema version n wrote and closed it, with its head file; a fixture is
never written again. ``station.sqlite`` is a small application: a week of data built, tainted downstream, built again,
and a job that failed.
"""

# ruff: noqa: ASYNC240 - these tests look at small local files

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from bel.errors import NewerLog
from bel.open import open_log, open_reader
from bel.schema import MIGRATIONS
from bel.sqlite import SqliteReader
from bel.verify import verify
from orchestrator.runtime.codec import CODEC
from statemachines.world import World

FIXTURES = Path(__file__).parent / "fixtures"
STATION = {"v1": (121, "a51d56926db844f1be97a3feedf9b26d")}
"""For each schema version the number of entries, and the digest of the world they fold to."""


@pytest.fixture
def station(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of a fixture."""
    for file in (FIXTURES / request.param).iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / "station.sqlite"


async def fold(log: Path) -> tuple[int, str]:
    world = World()
    async with await open_log(log, CODEC) as opened:
        async for entries in opened.read():
            for entry in entries:
                world.apply(entry.event, entry.seq)
    return world.seq, world.digest()


@pytest.mark.parametrize(("station", "told"), STATION.items(), indirect=["station"])
def test_an_old_log_means_what_it_meant(station: Path, told: tuple[int, str]) -> None:
    """Broken: after an update the daemon finds another world in its log than it left, or no way in."""
    assert asyncio.run(fold(station)) == told


@pytest.mark.asyncio
@pytest.mark.parametrize("station", STATION, indirect=True)
async def test_an_old_log_is_sound(station: Path) -> None:
    """Broken: what was written soundly is called damaged by a later version."""
    source = await SqliteReader.open(station)
    try:
        assert (await verify(source, CODEC)).findings == ()
    finally:
        await source.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("station", STATION, indirect=True)
async def test_a_newer_log_is_refused(station: Path) -> None:
    """Broken: an old program reads or writes what a newer one means in another way, or does not say which it takes."""
    connection = sqlite3.connect(station)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = station.read_bytes()
    for open_it in (open_log, open_reader):
        with pytest.raises(NewerLog, match=f"schema version {len(MIGRATIONS) + 1}.* up to {len(MIGRATIONS)}.*newer"):
            await open_it(station, CODEC)
    assert station.read_bytes() == before


def test_every_version_has_a_fixture() -> None:
    """Broken: the schema got a new version, and nobody kept a log that it was written in."""
    assert set(STATION) == {f"v{number}" for number in range(1, len(MIGRATIONS) + 1)}
