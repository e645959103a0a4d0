"""The goals are held against rows, not typed: a figure that changes changes its line."""

from __future__ import annotations

from typing import TypedDict, Unpack

import pytest

from benchmarks.figures import Figures
from benchmarks.goals import distances, goals_of
from benchmarks.growth import Exponent, Grown
from benchmarks.rows import Batch, Case, Phase, Row, Side, Subject

THOUSAND = Case("diamond", 1_000, "process")


class Counted(TypedDict, total=False):
    """What a row may say beside its time."""

    commits: int
    events: int
    p99: float
    held_mb: float


def row(side: Side, case: Subject, phase: Phase, seconds: float, n: int = 1_000, **more: Unpack[Counted]) -> Row:
    return Row(side, case, phase, seconds, n, **more)


def lines(*rows: Row, grown: tuple[Grown, ...] = ()) -> dict[str, list[tuple[str, ...]]]:
    """The lines of each goal: measured, distance, met."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for goal in goals_of(Figures(rows), grown):
        found.setdefault(goal.name, []).append(goal.line()[2:5])
    return found


def test_every_goal_has_a_line_where_nothing_was_measured() -> None:
    """Broken: a goal that nobody measured looks as if it were none."""
    found = lines()
    assert list(found) == [f"P{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17)]
    assert {line for group in found.values() for line in group} == {("not measured", "-", "-")}


def test_a_ratio_is_of_medians() -> None:
    """Broken: one slow run, or one quick one, makes the figure."""
    ours = [row("wantd", THOUSAND, "build", seconds) for seconds in (2.0, 3.0, 90.0)]
    floor = [row("floor", THOUSAND, "build", seconds) for seconds in (0.1, 2.0, 2.5)]
    make = [row("make", THOUSAND, "build", 3.0)]
    beside_make, beside_floor = lines(*ours, *floor, *make)["P6"]
    assert beside_make == ("1.00 x", "1.00", "yes")
    assert beside_floor == ("1.50 x", "1.15", "no")


def test_of_several_sizes_the_worst_counts() -> None:
    """Broken: a goal is met because it is met somewhere."""
    rows: list[Row] = []
    for n, seconds in ((1_000, 3.0), (10_000, 70.0), (100_000, 400.0)):
        case = Case("fanout", n, "inline")
        rows += [row("wantd", case, "build", seconds, n), row("floor", case, "build", n / 1_000, n)]
    fanout, diamond = lines(*rows)["P1"]
    assert fanout == ("7.00 x", "2.00", "no")
    assert diamond == ("not measured", "-", "-")


def test_faster_than_others_means_a_share_of_their_time() -> None:
    """Broken: asking again counts as fast where it is slow."""
    case = Case("fanout", 1_000, "inline")
    make, ninja, events = lines(
        row("wantd", case, "asked", 0.001, events=2),
        row("make", case, "again", 0.008),
        row("ninja", case, "again", 0.002),
    )["P3"]
    assert make == ("0.12 x", "0.50", "yes")
    assert ninja == ("0.50 x", "2.00", "no")
    assert events == ("2", "0.67", "yes")


def test_rates_are_compared_an_event() -> None:
    """Broken: a log with more entries counts as slower, or as quicker, than it is."""
    batch, case = Batch(100), Case("chain", 1_000, "inline")
    found = lines(
        row("wantd", batch, "append", 1.0, events=1_000),
        row("aiosqlite", batch, "append", 0.5, events=1_000),
        row("wantd", case, "replay", 1.0, events=5_000),
        row("floor", case, "replay", 0.5, events=4_000),
    )
    assert found["P8"] == [("50%", "1.20", "no")]
    assert found["P9"][0] == ("62%", "0.80", "yes")


def test_memory_is_above_that_of_an_empty_daemon() -> None:
    """Broken: what a partition takes is hidden by what a daemon takes, or holds it too."""
    case = Case("fanout", 10_240, "inline")
    (partition, empty) = lines(
        row("wantd", case, "first", 0.4, 10_240, held_mb=60.0), row("wantd", case, "ready", 0.5, 10_240, held_mb=80.0)
    )["P10"]
    assert partition == ("2.00 KB", "1.54", "no")
    assert empty == ("60 MB", "0.75", "yes")


def test_a_growth_is_met_only_with_all_of_its_interval() -> None:
    """Broken: an exponent that may well be above the goal counts as met."""
    sure, unsure = Exponent(1.0, 0.98, 1.02), Exponent(1.0, 0.9, 1.1)
    points = ((1_000.0, 1.0), (3_000.0, 3.0), (10_000.0, 10.0))
    built = Grown("fanout", "build", "seconds", points, sure)
    asked = Grown("fanout", "asked", "seconds", points, unsure)
    p1, p3, *others = lines(grown=(built, asked))["P15"]
    assert p1 == ("1.00 (0.98 to 1.02)", "0.97", "yes")
    assert p3 == ("1.00 (0.90 to 1.10)", "1.05", "no")
    assert others == [("not measured", "-", "-")] * 3


def test_a_million_entries_are_needed_for_the_start_of_a_large_daemon() -> None:
    """Broken: a small log stands for a large one."""
    case = Case("fanout", 100_000, "inline")
    first = row("wantd", case, "first", 0.4, 100_000, held_mb=60.0)
    few, many = (row("wantd", case, "ready again", 1.0, 100_000, events=events) for events in (500_000, 1_100_000))
    assert lines(first, few)["P9"][1] == ("not measured", "-", "-")
    assert lines(first, many)["P9"][1] == ("600.0 ms", "1.20", "no")


def test_waits_are_held_against_their_goals() -> None:
    """Broken: a late start of one in a hundred is not seen."""
    case = Case("flat", 101, "process")
    found = lines(row("wantd", case, "started", 0.002, 100, p99=0.03))["P13"]
    assert found[:2] == [("2.0 ms", "0.50", "yes"), ("30.0 ms", "2.00", "no")]


@pytest.mark.parametrize(("commits", "met"), [(230, "yes"), (231, "no")])
def test_commits_a_link_are_counted(commits: int, met: str) -> None:
    """Broken: a chain that commits twice a link goes unnoticed."""
    case = Case("chain", 200, "inline", 5.0)
    assert lines(row("wantd", case, "build", 1.0, 200, commits=commits))["P16"][1][2] == met


def test_a_slow_disk_is_compared_with_the_floor_on_one_as_slow() -> None:
    """Broken: a slow disk counts for one side only."""
    slow, quick = Case("diamond", 1_000, "inline", 5.0), Case("diamond", 1_000, "inline")
    rows = (row("wantd", slow, "build", 3.0), row("floor", slow, "build", 2.0), row("floor", quick, "build", 1.0))
    assert lines(*rows)["P16"][0] == ("1.50 x", "0.83", "yes")


def test_the_table_has_a_line_for_each_goal() -> None:
    """Broken: the page shows other goals than are reckoned."""
    goals = goals_of(Figures([]), ())
    assert distances(goals).count("\n") == len(goals) + 1
