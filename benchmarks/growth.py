"""How something grows with n: the exponent of the power law through all runs, with the interval it lies in.

Least squares on logarithms; each run of each size is a point. 1 is in proportion.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import log, sqrt
from statistics import NormalDist, linear_regression, mean
from typing import NamedTuple

from benchmarks.figures import Figures
from benchmarks.rows import Case, Phase, Row
from benchmarks.workloads import SHAPES, Shape

SIZES_MIN = 3
"""With fewer there is no line to be off from."""

SECONDS, HELD = "seconds", "MB above an empty daemon"
"""What grows."""

_T_OF_FEW = (12.706, 4.303)
"""The 97.5 % point of Student's t with 1 and 2 degrees of freedom, where the expansion below is too far off."""

Point = tuple[float, float]


class Exponent(NamedTuple):
    """An exponent, and the interval that holds the true one in 95 of 100 such measurements."""

    value: float
    low: float
    high: float


class Grown(NamedTuple):
    """How one phase of one shape grows."""

    shape: Shape
    phase: Phase
    what: str
    points: Sequence[Point]
    """For each run: n, and seconds or megabytes."""
    exponent: Exponent


def grown(found: Figures) -> list[Grown]:
    """The growth of everything that was measured in at least three sizes, of inline jobs."""
    return [
        Grown(shape, phase, what, points, exponent(points))
        for shape in SHAPES
        for phase, what, points in _series(found, shape)
        if len({n for n, _ in points}) >= SIZES_MIN
    ]


def _series(found: Figures, shape: Shape) -> Iterator[tuple[Phase, str, list[Point]]]:
    for phase in _TIMED:
        yield phase, SECONDS, _seconds(found, shape, phase)
    yield "ready", HELD, _held(found, shape)


_TIMED: tuple[Phase, ...] = ("build", "again", "asked", "plan", "replay", "restart", "ready")


def exponent(points: Sequence[Point]) -> Exponent:
    """The slope of log y on log x, with its 95 % interval. Needs three points, of two different x."""
    x, y = [log(point[0]) for point in points], [log(point[1]) for point in points]
    slope, intercept = linear_regression(x, y)
    left = sum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    middle = mean(x)
    free = len(points) - 2
    error = sqrt(max(0.0, left) / free / sum((a - middle) ** 2 for a in x))
    reach = students_t(free) * error
    return Exponent(slope, slope - reach, slope + reach)


def students_t(free: int) -> float:
    """The 97.5 % point of Student's t, to a thousandth (Cornish and Fisher's expansion)."""
    if free <= len(_T_OF_FEW):
        return _T_OF_FEW[free - 1]
    z = NormalDist().inv_cdf(0.975)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / float(free**power) for power, term in enumerate(terms))


def _seconds(found: Figures, shape: Shape, phase: Phase) -> list[Point]:
    return [(case.n, row.seconds) for case, row in _runs(found, shape, phase)]


def _held(found: Figures, shape: Shape) -> list[Point]:
    """What a daemon holds above what it holds without partitions; runs in which that is lost are left out."""
    return [
        (case.n, row.held_mb - empty.held_mb)
        for case, row in _runs(found, shape, "ready")
        if (empty := found.of("wantd", case, "first")) is not None
        and row.held_mb is not None
        and empty.held_mb is not None
        and row.held_mb > empty.held_mb
    ]


def _runs(found: Figures, shape: Shape, phase: Phase) -> Iterable[tuple[Case, Row]]:
    cases = (case for case in found.cases(phase, "inline") if case.shape == shape)
    return ((case, row) for case in cases for row in found.runs("wantd", case, phase))
