"""The arithmetic of growth, against values worked out by hand."""

from __future__ import annotations

from math import exp, log, sqrt

import pytest

from benchmarks.figures import Figures
from benchmarks.growth import HELD, exponent, grown, students_t
from benchmarks.rows import Case, Phase, Row


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_a_power_law_is_found_again(power: float) -> None:
    """Broken: an exponent is that of something else."""
    found = exponent([(n, 3 * n**power) for n in (10, 100, 1_000, 10_000)])
    assert found == pytest.approx((power, power, power))


def test_the_interval_is_that_of_the_textbook() -> None:
    """Broken: a growth is called proportional, or not, by chance."""
    # On logarithms: x = 0, 1, 2 and y = 0, 1, 1. The slope is 1/2, the line 1/6 + x/2, what is left of the points
    # -1/6, 1/3, -1/6, squared 1/6 in all; with one degree of freedom the error of the slope is sqrt(1/6 / 2).
    found = exponent([(1.0, 1.0), (exp(1), exp(1)), (exp(2), exp(1))])
    reach = 12.706 * sqrt(1 / 12)
    assert found == pytest.approx((0.5, 0.5 - reach, 0.5 + reach))


@pytest.mark.parametrize(
    ("free", "tabled"), [(1, 12.706), (2, 4.303), (4, 2.776), (10, 2.228), (23, 2.069), (120, 1.980)]
)
def test_students_t_is_that_of_the_tables(free: int, tabled: float) -> None:
    """Broken: the interval holds the truth less, or more, often than it says."""
    assert students_t(free) == pytest.approx(tabled, abs=0.001)


def sized(n: int, phase: Phase, seconds: float, held_mb: float | None = None) -> Row:
    return Row("wantd", Case("fanout", n, "inline"), phase, seconds, n, held_mb=held_mb)


def test_memory_grows_above_what_an_empty_daemon_holds() -> None:
    """Broken: a daemon's own size hides how its memory grows."""
    rows = [sized(n, "first", 0.4, 50.0) for n in (1_000, 10_000, 100_000)]
    rows += [sized(n, "ready", 0.4, 50.0 + n / 1000) for n in (1_000, 10_000, 100_000)]
    (held,) = [one for one in grown(Figures(rows)) if one.what == HELD]
    assert held.exponent == pytest.approx((1.0, 1.0, 1.0))


def test_growth_is_not_told_of_two_sizes() -> None:
    """Broken: a line through two points passes for a measurement."""
    assert grown(Figures([sized(n, "ready", log(n)) for n in (100, 100, 1_000)])) == []
