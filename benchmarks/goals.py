"""How far it is from the goals: each goal held against what was measured for it.

A goal is a number that must not be passed: a ratio of medians taken in the same rounds, a time, a count or a size. Of
several sizes and shapes the worst counts. What was not measured is said to be so, never left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.builders import COMMANDS
from benchmarks.figures import Figures
from benchmarks.growth import HELD, SECONDS, Grown
from benchmarks.markdown import NONE, table
from benchmarks.rows import Batch, Case, Phase, Side, Subject
from benchmarks.sides import LARGE
from benchmarks.workloads import JobKind, Shape

ENTRIES_OF_LARGE = 1_000_000
LARGER = 10_000
"""The fewest partitions for goals about many: below it, memory and plans are lost in what everything costs."""

SAME = 1.5
"""By how much a turn may differ between sizes and still count as the same: what the clock alone makes it differ."""


class Measured(NamedTuple):
    """What was found for a goal: the number, of what, and how it is shown."""

    value: float
    of: str
    shown: str


class Goal(NamedTuple):
    """A goal, how it is told, and the worst that was measured for it."""

    name: str
    told: str
    bound: float
    measured: Measured | None

    @property
    def distance(self) -> float | None:
        """How many times the bound was reached: met up to 1."""
        return None if self.measured is None else self.measured.value / self.bound

    def line(self) -> tuple[str, ...]:
        """As a line of the table."""
        if self.measured is None or self.distance is None:
            return self.name, self.told, "not measured", NONE, NONE, NONE
        met = "yes" if self.distance <= 1 else "no"
        return self.name, self.told, self.measured.shown, f"{self.distance:.2f}", met, self.measured.of


def distances(goals: Iterable[Goal]) -> str:
    """Write the goals down."""
    head = ("", "goal", "measured", "to the goal", "met", "what was compared")
    return table(head, [goal.line() for goal in goals])


def goals_of(found: Figures, grown: Sequence[Grown]) -> list[Goal]:
    """Every goal that a time, a count or a size was set for, in their order."""
    parts = (_building, _asking, _idling, _planning, _processes, _writing, _reading, _holding, _waiting, _starting)
    goals = [goal for part in parts for goal in part(found)]
    goals += [*_growing(grown), *_slowed(found), *_trickling(found)]
    return sorted(goals, key=lambda goal: int(goal.name[1:]))


# ------------------------------------------------------------------------------------------------------ one goal each


def _building(found: Figures) -> Iterator[Goal]:
    wide: tuple[Shape, ...] = ("fanout", "diamond")
    for shape in wide:
        told = f"in-process job, {shape}: 3.5 x floor"
        yield Goal("P1", told, 3.5, _beside(found, "build", "floor", _those(found, "build", "inline", (shape,))))
    chain = _those(found, "build", "inline", ("chain",))
    yield Goal("P2", "in-process chain, a link: 1.6 x floor", 1.6, _beside(found, "build", "floor", chain))
    for shape in wide:
        told = f"job on a warm worker, {shape}: 1.8 x floor"
        yield Goal("P7", told, 1.8, _beside(found, "build", "floor", _those(found, "build", "worker", (shape,))))


def _asking(found: Figures) -> Iterator[Goal]:
    cases = found.cases("asked")
    for builder in COMMANDS:
        told = f"ask again over an open connection: 4 x faster than {builder}"
        yield Goal("P3", told, 1 / 4, _beside(found, "asked", builder, cases, "again"))
    events = [
        Measured(mine.events, _named(case), f"{mine.events:.0f}")
        for case in cases
        if (mine := found.of("wantd", case, "asked")) is not None and mine.events is not None
    ]
    yield Goal("P3", "events that asking again writes: 3", 3, _worst(events))


def _idling(found: Figures) -> Iterator[Goal]:
    cases = sorted(found.cases("idle"), key=lambda case: case.n)
    ends = (cases[0], cases[-1]) if cases and cases[0].n != cases[-1].n else None
    small, large = (None, None) if ends is None else (found.of("wantd", case, "idle") for case in ends)
    measured = None
    if ends is not None and small is not None and large is not None:
        value = large.seconds / small.seconds
        of = f"{_named(ends[1])} with {_named(ends[0])}"
        measured = Measured(value, of, f"{value:.2f} x ({small.seconds * 1e6:.0f} and {large.seconds * 1e6:.0f} us)")
    yield Goal("P4", f"a turn with nothing to do, largest to smallest size: the same (up to {SAME} x)", SAME, measured)
    shares = [
        Measured(mine.seconds, _named(case), f"{mine.seconds:.2%}")
        for case in cases
        if (mine := found.of("wantd", case, "rest")) is not None
    ]
    yield Goal("P4", "processor of an idle daemon: near 0 (up to 1 %)", 0.01, _worst(shares))


def _planning(found: Figures) -> Iterator[Goal]:
    told = f"of {LARGER:,} and more over an open connection: no slower than ninja -n"
    planned = [case for case in found.cases("plan") if case.n >= LARGER]
    yield Goal("P5", f"plan {told}", 1.0, _beside(found, "plan", "ninja", planned))
    drawn = [case for case in found.cases("graph") if case.n >= LARGER]
    yield Goal("P5", f"graph {told}", 1.0, _beside(found, "graph", "ninja", drawn, "plan"))


def _processes(found: Figures) -> Iterator[Goal]:
    cases = _those(found, "build", "process", ("diamond",))
    yield Goal("P6", "process job, diamond: 1.0 x make -j2", 1.0, _beside(found, "build", "make", cases))
    yield Goal("P6", "process job, diamond: 1.3 x floor", 1.3, _beside(found, "build", "floor", cases))


def _writing(found: Figures) -> Iterator[Goal]:
    told = "log append with fold and encoding: 60 % of the rate of aiosqlite alone"
    yield Goal("P8", told, 1 / 0.6, _worst(_per_event(found, found.batches(), "append", "aiosqlite")))


def _reading(found: Figures) -> Iterator[Goal]:
    told = "replay with chain and transitions checked: 50 % of the floor's events/s"
    yield Goal("P9", told, 1 / 0.5, _worst(_per_event(found, found.cases("replay"), "replay", "floor")))
    told = "daemon with 100,000 partitions and a million entries: 500 ms above an empty one"
    yield Goal("P9", told, 0.5, _worst(_starts_of_large(found)))


def _starts_of_large(found: Figures) -> Iterator[Measured]:
    """How much longer the daemon takes to be ready, where there is a snapshot, than on an empty log."""
    for case in found.cases("ready again"):
        ready, first = found.of("wantd", case, "ready again"), found.of("wantd", case, "first")
        if case.n >= LARGE and ready is not None and first is not None and (ready.events or 0) >= ENTRIES_OF_LARGE:
            more = ready.seconds - first.seconds
            yield Measured(more, f"{_named(case)}, {ready.events:,.0f} entries", f"{more * 1000:,.0f} ms")


def _holding(found: Figures) -> Iterator[Goal]:
    many = [case for case in found.cases("ready") if case.n >= LARGER]
    largest = max(many, key=lambda case: case.n, default=None)
    ready = None if largest is None else found.of("wantd", largest, "ready")
    first = None if largest is None else found.of("wantd", largest, "first")
    measured = None
    if largest is not None and ready is not None and first is not None:
        assert ready.held_mb is not None, "a start says what the daemon holds"
        assert first.held_mb is not None, "a start says what the daemon holds"
        kb = (ready.held_mb - first.held_mb) * 1024 / ready.partitions
        measured = Measured(kb, f"{_named(largest)}, the daemon with them and without", f"{kb:.2f} KB")
    yield Goal("P10", "a live partition with its last run: 1.3 KB", 1.3, measured)
    empty = [
        Measured(one.held_mb, "an empty daemon at rest, PSS of all its processes", f"{one.held_mb:.0f} MB")
        for case in found.cases("first")
        if (one := found.of("wantd", case, "first")) is not None and one.held_mb is not None
    ]
    yield Goal("P10", "an idle daemon: 80 MB", 80, _worst(empty))


def _waiting(found: Figures) -> Iterator[Goal]:
    waits: tuple[tuple[Phase, str], ...] = (
        ("started", "request to process started"),
        ("next", "exit to next process started"),
    )
    for phase, told in waits:
        medians = [(case, found.of("wantd", case, phase)) for case in found.cases(phase)]
        half = [_time(one.seconds, _named(case)) for case, one in medians if one is not None]
        yield Goal("P13", f"{told}, p50: 4 ms", 0.004, _worst(half))
        late = [_time(one.p99, _named(case)) for case, one in medians if one is not None and one.p99 is not None]
        yield Goal("P13", f"{told}, p99: 15 ms", 0.015, _worst(late))


def _starting(found: Figures) -> Iterator[Goal]:
    fewest = min((case.n for case in found.cases("typed")), default=0)
    typed = [
        _time(one.seconds, f"wantd want create, {_named(case)}, all built")
        for case in found.cases("typed")
        if case.n == fewest and (one := found.of("wantd", case, "typed")) is not None
    ]
    yield Goal("P14", "a command, from its start to its end: 100 ms", 0.1, _worst(typed))
    first = [
        _time(one.seconds, "wantd serve, empty log")
        for case in found.cases("first")
        if (one := found.of("wantd", case, "first")) is not None
    ]
    yield Goal("P14", "daemon ready, empty log: 500 ms", 0.5, _worst(first))


def _growing(grown: Sequence[Grown]) -> Iterator[Goal]:
    series: tuple[tuple[str, Phase, str], ...] = (
        ("P1", "build", SECONDS),
        ("P3", "asked", SECONDS),
        ("P5", "plan", SECONDS),
        ("P9", "replay", SECONDS),
        ("P10", "ready", HELD),
    )
    for name, phase, what in series:
        found = [
            Measured(
                one.exponent.high,
                f"{one.shape}, {one.phase}, {len(one.points)} runs in {len({n for n, _ in one.points})} sizes",
                f"{one.exponent.value:.2f} ({one.exponent.low:.2f} to {one.exponent.high:.2f})",
            )
            for one in grown
            if (one.phase, one.what) == (phase, what) and one.shape != "chain"
        ]
        yield Goal("P15", f"growth of {name}: exponent 1.05, with all of its interval", 1.05, _worst(found))


def _slowed(found: Figures) -> Iterator[Goal]:
    wide = [case for case in found.slowed() if case.shape == "diamond"]
    yield Goal("P16", "5 ms a commit more, diamond: 1.8 x floor", 1.8, _beside(found, "build", "floor", wide))
    links = [
        Measured(one.commits / one.partitions, _named(case), f"{one.commits / one.partitions:.3f}")
        for case in found.slowed()
        if case.shape == "chain" and (one := found.of("wantd", case, "build")) is not None and one.commits is not None
    ]
    yield Goal("P16", "5 ms a commit more, chain: 1.15 commits a link", 1.15, _worst(links))


def _trickling(found: Figures) -> Iterator[Goal]:
    told = "process jobs of 1 to 50 ms, 64 at a time: 10 % above the ideal"
    cases = found.cases("build", "sleep")
    measured, bare = _beside(found, "build", "ideal", cases), _beside(found, "build", "bare", cases)
    if measured is not None and bare is not None:
        measured = measured._replace(of=f"{measured.of}; {bare.shown} a loop that only starts them")
    yield Goal("P17", told, 1.1, measured)


# ---------------------------------------------------------------------------------------------------------- comparing


def _those(found: Figures, phase: Phase, job: JobKind, shapes: Sequence[Shape]) -> list[Case]:
    return [case for case in found.cases(phase, job) if case.shape in shapes]


def _beside(
    found: Figures, phase: Phase, side: Side, cases: Iterable[Case], other: Phase | None = None
) -> Measured | None:
    """The worst ratio of our time in a phase to that of another side, in the same phase or in its ``other`` one."""
    ratios: list[Measured] = []
    for case in cases:
        mine, theirs = found.of("wantd", case, phase), found.of(side, case, other or phase)
        if mine is not None and theirs is not None:
            value = mine.seconds / theirs.seconds
            ratios.append(Measured(value, f"{_named(case)}, with {side}", f"{value:.2f} x"))
    return _worst(ratios)


def _per_event(found: Figures, cases: Iterable[Subject], phase: Phase, side: Side) -> Iterator[Measured]:
    """Times an event, ours to another side's; shown as the share of its rate that we reach."""
    for case in cases:
        mine, theirs = found.of("wantd", case, phase), found.of(side, case, phase)
        if mine is not None and theirs is not None:
            value = mine.us_an_event / theirs.us_an_event
            yield Measured(value, f"{_named(case)}, with {side}", f"{1 / value:.0%}")


def _time(seconds: float, of: str) -> Measured:
    return Measured(seconds, of, f"{seconds * 1000:.1f} ms")


def _worst(found: Iterable[Measured]) -> Measured | None:
    return max(found, key=lambda one: one.value, default=None)


def _named(case: Subject) -> str:
    if isinstance(case, Batch):
        return f"{case.events:,} events a batch"
    return f"{case.job} {case.shape} of {case.n:,}"
