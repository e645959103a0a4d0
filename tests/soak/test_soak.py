"""The soak, and what it is made of: slopes that are right, a plot that can be read, a table in its place."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance import commands
from tests.executors.rigs import end_all_keepers
from tests.soak import page
from tests.soak.drawing import draw
from tests.soak.findings import MIB, Findings, findings
from tests.soak.sampling import Sample, Taken, taken, write_csv
from tests.soak.soaking import grows_without_cause, soak

SECONDS, LIFE_S, RATE = 1800, 100, 20
WORLD_BYTES = 2_000
WORLD = [(runs, 30 * MIB + WORLD_BYTES * runs) for runs in range(0, SECONDS * RATE + 1, 1000)]


@dataclass(frozen=True)
class Leak:
    """What the processes of an invented soak let go."""

    daemon_bytes_a_run: int = 0
    worker_bytes_a_second: int = 0
    daemon_descriptors_a_life: int = 0
    wal_bytes_a_second: int = 0


def invented(leak: Leak) -> list[Sample]:
    """A soak of half an hour, with a new daemon every 100 s, each of which takes half a minute's memory at once."""
    return [_invented(second, leak) for second in range(SECONDS)]


def _invented(second: int, leak: Leak) -> Sample:
    runs, age = second * RATE, second % LIFE_S
    rss = 60 * MIB + WORLD_BYTES * runs + leak.daemon_bytes_a_run * age * RATE
    lives = second // LIFE_S
    daemon = Taken(1, rss, 14 + leak.daemon_descriptors_a_life * lives, 9) if age else Taken()
    worker = Taken(8, 8 * (14 * MIB + leak.worker_bytes_a_second * second), 32, 8)
    wal = 4 * MIB + leak.wal_bytes_a_second * second
    return Sample(
        float(second), lives + 1, daemon, Taken(1, 14 * MIB, 22, 1), worker, wal, 200 * runs, runs, 0, second // 10
    )


@pytest.fixture(scope="module")
def flat() -> Findings:
    return findings(invented(Leak()), WORLD)


def test_a_flat_soak_is_praised(flat: Findings) -> None:
    """Broken: the growth of the world is taken for a leak, or the figures are not those of the samples."""
    assert grows_without_cause(flat) == []
    assert flat.world_bytes_a_run == pytest.approx(WORLD_BYTES)
    assert flat.daemon_bytes_a_run == pytest.approx(WORLD_BYTES)
    assert flat.unexplained_bytes_a_run == pytest.approx(0)
    assert flat.leap_mib_most < 1
    assert flat.log_bytes_a_run == pytest.approx(200)
    assert flat.runs_a_second == pytest.approx(RATE, rel=0.01)
    assert flat.lives == 18


@pytest.mark.parametrize(
    ("leak", "named"),
    [
        (Leak(daemon_bytes_a_run=5_000), "the daemon's bytes a JobRun"),
        (Leak(worker_bytes_a_second=10_000), "a worker's MiB"),
        (Leak(daemon_descriptors_a_life=1), "the daemon's descriptors"),
        (Leak(wal_bytes_a_second=50_000), "the WAL"),
    ],
)
def test_a_leak_is_named(leak: Leak, named: str) -> None:
    """Broken: a soak cannot fail."""
    [complaint] = grows_without_cause(findings(invented(leak), WORLD))
    assert complaint.startswith(named)


def test_what_this_process_takes_is_measured() -> None:
    """Broken: the samples are made up, or a process that is gone ends the soak."""
    mine = taken([os.getpid()])
    with Path(__file__).open():
        assert taken([os.getpid()]).descriptors == mine.descriptors + 1
    assert mine.rss_bytes > MIB
    assert taken([os.getpid(), os.getpid()]).processes == 2
    assert taken([1 << 30]) == Taken()


def test_the_plot_is_small_and_whole(tmp_path: Path, flat: Findings) -> None:
    """Broken: the plot cannot be shown, shows too little, or makes the docs heavy."""
    path = tmp_path / "images" / "soak.svg"
    draw(invented(Leak()), flat, path)
    svg = ET.parse(path).getroot()
    lines = [line for line in svg.iter() if line.tag.endswith("polyline")]
    assert len(lines) == 9
    points = [point.split(",") for line in lines for point in line.attrib["points"].split()]
    assert all(0 <= float(x) <= 440 and 0 <= float(y) <= 190 for x, y in points)
    assert path.stat().st_size < 60_000


def test_the_table_takes_its_place_again_and_again(tmp_path: Path, flat: Findings) -> None:
    """Broken: a second soak leaves two tables, or eats what is written around them."""
    path = tmp_path / "page.md"
    path.write_text(f"before\n\n{page.BEGIN}\n{page.END}\n\nafter\n")
    for _ in range(2):
        page.write(path, page.table(flat, {"Succeeded": 3}, [0.5, 1.5]))
    assert path.read_text().startswith("before\n")
    assert path.read_text().endswith("\nafter\n")
    assert path.read_text().count("1.00 s (median)") == 1


def test_samples_can_be_read_elsewhere(tmp_path: Path) -> None:
    """Broken: the CSV lacks a column, or its head."""
    write_csv(invented(Leak())[:3], tmp_path / "soak.csv")
    head, first, *_ = (tmp_path / "soak.csv").read_text().splitlines()
    assert head.startswith("at_s,life,daemon_processes,daemon_rss_bytes,")
    assert len(head.split(",")) == len(first.split(","))


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "application"
    commands.end_all()
    end_all_keepers(tmp_path / "application" / ".wantd" / "runs" / "keepers")


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_half_an_hour_under_kills_is_flat(application: Path) -> None:
    """Broken: a daemon that lives long takes ever more memory, descriptors, threads or WAL."""
    assert grows_without_cause(soak(application, 30.0).found) == []
