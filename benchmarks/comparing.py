"""Our figures beside others': of several cases the worst counts, and is named."""

from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.figures import Figures
from benchmarks.rows import Batch, Phase, Side, Subject


class Measured(NamedTuple):
    """What was found: a number that is the worse the larger it is, of what, and how it is shown."""

    value: float
    of: str
    shown: str


def beside(
    found: Figures, phase: Phase, side: Side, cases: Iterable[Subject], other: Phase | None = None
) -> Measured | None:
    """The worst ratio of our time in a phase to that of another side, in the same phase or in its ``other`` one."""
    ratios: list[Measured] = []
    for case in cases:
        mine, theirs = found.of("wantd", case, phase), found.of(side, case, other or phase)
        if mine is not None and theirs is not None:
            value = mine.seconds / theirs.seconds
            ratios.append(Measured(value, f"{named(case)}, with {side}", f"{value:.2f} x"))
    return worst(ratios)


def beside_an_event(found: Figures, phase: Phase, side: Side, cases: Iterable[Subject]) -> Measured | None:
    """The same of the time an event; shown as the share of the other side's rate that we reach."""
    ratios: list[Measured] = []
    for case in cases:
        mine, theirs = found.of("wantd", case, phase), found.of(side, case, phase)
        if mine is not None and theirs is not None:
            value = mine.us_an_event / theirs.us_an_event
            ratios.append(Measured(value, f"{named(case)}, with {side}", f"{1 / value:.0%}"))
    return worst(ratios)


def time_of(seconds: float, of: str) -> Measured:
    """A time, shown in milliseconds."""
    return Measured(seconds, of, f"{seconds * 1000:,.1f} ms")


def worst(found: Iterable[Measured]) -> Measured | None:
    """The one with the largest value; None where there is none."""
    return max(found, key=lambda one: one.value, default=None)


def named(case: Subject) -> str:
    """What was measured, in words."""
    if isinstance(case, Batch):
        return f"{case.events:,} events a batch"
    return f"{case.job} {case.shape} of {case.n:,}"
