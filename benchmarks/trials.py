"""What is measured together: a case with all its sides, by what is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Literal, get_args

from benchmarks.builders import BUILT_BY_OTHERS, builders, run_builder
from benchmarks.rounds import Sided, Trial
from benchmarks.rows import Batch, Case, Phase, Side
from benchmarks.sides import (
    BATCHES,
    BUILT_TWICE,
    append,
    build,
    build_and_return,
    floor_script,
    look_ahead,
    run_floor,
    start_on_a_long_log,
    trickle,
    wait_for,
)
from benchmarks.trickle import bare, ideal
from benchmarks.workloads import JobKind, Shape

Group = Literal["build", "wait", "log", "slow"]
GROUPS: tuple[Group, ...] = get_args(Group)

GROWTH_SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
GROWING: tuple[Shape, ...] = ("fanout", "diamond")

DELAY_MS = 5.0
_SLOW = (Case("diamond", 1_000, "inline", DELAY_MS), Case("chain", 200, "inline", DELAY_MS))
_WAITS: tuple[tuple[Phase, Case], ...] = (
    ("started", Case("flat", 101, "process")),
    ("next", Case("chain", 101, "process")),
)
_TRICKLE = Case("flat", 1_001, "sleep")


def building(cases: Iterable[Case]) -> Iterator[Trial]:
    """Build cases, beside the floor, make and ninja; inline ones also with all that can be asked before and after."""
    for case in cases:
        yield Trial(_name(case), [*_ours(case), *_builders(case), *_floor(case)])


def waiting() -> Iterator[Trial]:
    """How long one job waits, and many that end one by one."""
    for phase, case in _WAITS:
        yield Trial(f"{phase}, {_name(case)}", [("wantd", partial(wait_for, phase, case))])
    sides: list[Sided] = [
        ("wantd", partial(trickle, _TRICKLE)),
        ("bare", partial(bare, _TRICKLE)),
        ("ideal", partial(ideal, _TRICKLE)),
    ]
    yield Trial(_name(_TRICKLE), sides)


def writing() -> Iterator[Trial]:
    """Write a log in batches of several sizes."""
    for batch in map(Batch, BATCHES):
        both: tuple[Side, ...] = ("wantd", "aiosqlite")
        yield Trial(f"log, {batch.events} events a batch", [(side, partial(append, side, batch)) for side in both])


def slowly() -> Iterator[Trial]:
    """Build where each commit takes longer."""
    for case in _SLOW:
        yield Trial(
            f"{_name(case)}, {case.delay_ms:g} ms a commit more", [("wantd", partial(build, case)), *_floor(case)]
        )


def every(groups: Sequence[Group], cases: Iterable[Case]) -> Iterator[Trial]:
    """All trials of some groups."""
    for group in groups:
        match group:
            case "build":
                yield from building(cases)
            case "wait":
                yield from waiting()
            case "log":
                yield from writing()
            case "slow":
                yield from slowly()


def combined(jobs: Iterable[JobKind], shapes: Sequence[Shape], sizes: Sequence[int]) -> list[Case]:
    """Every job of every shape in every size."""
    return [Case(shape, size, job) for size in sizes for job in jobs for shape in shapes]


def _ours(case: Case) -> list[Sided]:
    if case.job != "inline":
        return [("wantd", partial(build, case))]
    once: list[Sided] = [("wantd", partial(look_ahead, case)), ("wantd", partial(build_and_return, case))]
    return [*once, ("wantd", partial(start_on_a_long_log, case))] if case == BUILT_TWICE else once


def _builders(case: Case) -> list[Sided]:
    there = builders() if case.job in BUILT_BY_OTHERS else []
    return [(builder, partial(run_builder, builder, case)) for builder in there]


def _floor(case: Case) -> list[Sided]:
    script = floor_script()
    return [("floor", partial(run_floor, script, case))] if script else []


def _name(case: Case) -> str:
    return f"{case.shape} {case.n} {case.job}"
