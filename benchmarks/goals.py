"""How far it is from the goals: each goal held against what was measured for it.

A goal is a number that must not be passed: a ratio of medians taken in the same rounds, a time, a count or a size. Of
several sizes and shapes the worst counts. What was not measured is said to be so, never left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.builders import COMMANDS
from benchmarks.comparing import Measured, beside, beside_an_event, named, time_of, worst
from benchmarks.figures import Figures
from benchmarks.growth import HELD, SECONDS, Grown
from benchmarks.markdown import NONE, table
from benchmarks.rows import Case, Phase
from benchmarks.workloads import JobKind, Shape

ENTRIES_OF_LARGE = 1_000_000
MANY = 10_000
"""The fewest partitions for goals about many: below it, memory and plans are lost in what everything costs."""

SAME = 1.5
"""By how much a turn may differ between sizes and still count as the same: what the clock alone makes it differ."""

_WIDE: tuple[Shape, ...] = ("fanout", "diamond")


class Goal(NamedTuple):
    """A goal, how it is told, and the worst that was measured for it."""

    name: str
    told: str
    bound: float
    measured: Measured | None

    @property
    def distance(self) -> float | None:
        """What was measured, as a multiple of the bound: up to 1 the goal is met."""
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
    parts = (_p1, _p2, _p3, _p4, _p5, _p6, _p7, _p8, _p9, _p10, _p13, _p14)
    return [*(goal for part in parts for goal in part(found)), *_p15(grown), *_p16(found), *_p17(found)]


def _p1(found: Figures) -> Iterator[Goal]:
    for shape in _WIDE:
        cases = _built(found, "inline", shape)
        yield Goal("P1", f"in-process job, {shape}: 3.5 x floor", 3.5, beside(found, "build", "floor", cases))


def _p2(found: Figures) -> Iterator[Goal]:
    cases = _built(found, "inline", "chain")
    yield Goal("P2", "in-process chain, a link: 1.6 x floor", 1.6, beside(found, "build", "floor", cases))


def _p3(found: Figures) -> Iterator[Goal]:
    for builder in COMMANDS:
        told = f"ask again over an open connection: 4 x faster than {builder}"
        yield Goal("P3", told, 1 / 4, beside(found, "asked", builder, found.cases("asked"), "again"))
    events = [
        Measured(one.events, named(case), f"{one.events:.0f}")
        for case, one in found.each("asked")
        if one.events is not None
    ]
    yield Goal("P3", "events that asking again writes: 3", 3, worst(events))


def _p4(found: Figures) -> Iterator[Goal]:
    told = f"a turn with nothing to do, largest to smallest size: the same (up to {SAME} x)"
    yield Goal("P4", told, SAME, _turns_at_both_ends(found))
    shares = [Measured(one.seconds, named(case), f"{one.seconds:.2%}") for case, one in found.each("rest")]
    yield Goal("P4", "processor of an idle daemon: near 0 (up to 1 %)", 0.01, worst(shares))


def _turns_at_both_ends(found: Figures) -> Measured | None:
    turns = sorted(found.each("idle"), key=lambda one: one[0].n)
    if len({case.n for case, _ in turns}) < 2:
        return None
    (few, small), (many, large) = turns[0], turns[-1]
    value = large.seconds / small.seconds
    times = f"{small.seconds * 1e6:.0f} and {large.seconds * 1e6:.0f} us"
    return Measured(value, f"{named(many)} with {named(few)}", f"{value:.2f} x ({times})")


def _p5(found: Figures) -> Iterator[Goal]:
    phases: dict[Phase, str] = {"plan": "plan", "graph": "graph (its answer is cut at 5,000 nodes)"}
    for phase, what in phases.items():
        told = f"{what} of {MANY:,} and more over an open connection: no slower than ninja -n"
        cases = [case for case in found.cases(phase) if case.n >= MANY and case.shape in _WIDE]
        yield Goal("P5", told, 1.0, beside(found, phase, "ninja", cases, "plan"))


def _p6(found: Figures) -> Iterator[Goal]:
    cases = _built(found, "process", "diamond")
    yield Goal("P6", "process job, diamond: 1.0 x make -j2", 1.0, beside(found, "build", "make", cases))
    yield Goal("P6", "process job, diamond: 1.3 x floor", 1.3, beside(found, "build", "floor", cases))


def _p7(found: Figures) -> Iterator[Goal]:
    for shape in _WIDE:
        cases = _built(found, "worker", shape)
        yield Goal("P7", f"job on a warm worker, {shape}: 1.8 x floor", 1.8, beside(found, "build", "floor", cases))


def _p8(found: Figures) -> Iterator[Goal]:
    told = "log append with fold and encoding: 60 % of the rate of aiosqlite alone"
    yield Goal("P8", told, 1 / 0.6, beside_an_event(found, "append", "aiosqlite", found.batches()))


def _p9(found: Figures) -> Iterator[Goal]:
    told = "replay with chain and transitions checked: 50 % of the floor's events/s"
    yield Goal("P9", told, 1 / 0.5, beside_an_event(found, "replay", "floor", found.cases("replay")))
    told = "daemon with 100,000 partitions and a million entries: 500 ms above an empty one"
    yield Goal("P9", told, 0.5, worst(_starts_of_large(found)))


def _starts_of_large(found: Figures) -> Iterator[Measured]:
    """How much longer the daemon takes to be ready, where there is a snapshot, than on an empty log."""
    for case, ready in found.each("ready again"):
        first = found.of("wantd", case, "first")
        if first is not None and (ready.events or 0) >= ENTRIES_OF_LARGE:
            yield time_of(ready.seconds - first.seconds, f"{named(case)}, {ready.events:,.0f} entries")


def _p10(found: Figures) -> Iterator[Goal]:
    yield Goal("P10", "a live partition with its last run: 1.3 KB", 1.3, _held_a_partition(found))
    empty = [
        Measured(one.held_mb, "an empty daemon at rest, PSS of all its processes", f"{one.held_mb:.0f} MB")
        for _, one in found.each("first")
        if one.held_mb is not None
    ]
    yield Goal("P10", "an idle daemon: 80 MB", 80, worst(empty))


def _held_a_partition(found: Figures) -> Measured | None:
    """What the largest daemon that was measured holds above an empty one: in small ones it is lost in the noise."""
    many = [(case, one) for case, one in found.each("ready") if case.n >= MANY]
    largest = max((case.n for case, _ in many), default=0)
    held: list[Measured] = []
    for case, ready in many:
        first = found.of("wantd", case, "first")
        if case.n == largest and first is not None and ready.held_mb is not None and first.held_mb is not None:
            kb = (ready.held_mb - first.held_mb) * 1024 / ready.partitions
            held.append(Measured(kb, f"{named(case)}, the daemon with them and without", f"{kb:.2f} KB"))
    return worst(held)


def _p13(found: Figures) -> Iterator[Goal]:
    waits: dict[Phase, str] = {"started": "request to process started", "next": "exit to next process started"}
    for phase, told in waits.items():
        half = [time_of(one.seconds, named(case)) for case, one in found.each(phase)]
        yield Goal("P13", f"{told}, p50: 4 ms", 0.004, worst(half))
        late = [time_of(one.p99, named(case)) for case, one in found.each(phase) if one.p99 is not None]
        yield Goal("P13", f"{told}, p99: 15 ms", 0.015, worst(late))


def _p14(found: Figures) -> Iterator[Goal]:
    typed = found.each("typed")
    fewest = min((case.n for case, _ in typed), default=0)
    asked = [
        time_of(one.seconds, f"wantd want create, {named(case)}, all built") for case, one in typed if case.n == fewest
    ]
    yield Goal("P14", "a command, from its start to its end: 100 ms", 0.1, worst(asked))
    first = [time_of(one.seconds, "wantd serve, empty log") for _, one in found.each("first")]
    yield Goal("P14", "daemon ready, empty log: 500 ms", 0.5, worst(first))


def _p15(grown: Sequence[Grown]) -> Iterator[Goal]:
    series: tuple[tuple[str, Phase, str], ...] = (
        ("P1", "build", SECONDS),
        ("P3", "asked", SECONDS),
        ("P5", "plan", SECONDS),
        ("P9", "replay", SECONDS),
        ("P10", "ready", HELD),
    )
    for name, phase, what in series:
        found = [_upper_end(one) for one in grown if (one.phase, one.what) == (phase, what) and one.shape in _WIDE]
        yield Goal("P15", f"growth of {name}: exponent 1.05, with all of its interval", 1.05, worst(found))


def _upper_end(one: Grown) -> Measured:
    sizes = len({n for n, _ in one.points})
    shown = f"{one.exponent.value:.2f} ({one.exponent.low:.2f} to {one.exponent.high:.2f})"
    return Measured(one.exponent.high, f"{one.shape}, {one.phase}, {len(one.points)} runs in {sizes} sizes", shown)


def _p16(found: Figures) -> Iterator[Goal]:
    wide = [case for case in found.slowed() if case.shape == "diamond"]
    yield Goal("P16", "5 ms a commit more, diamond: 1.8 x floor", 1.8, beside(found, "build", "floor", wide))
    links = [
        Measured(one.commits / one.partitions, named(case), f"{one.commits / one.partitions:.3f}")
        for case in found.slowed()
        if case.shape == "chain" and (one := found.of("wantd", case, "build")) is not None and one.commits is not None
    ]
    yield Goal("P16", "5 ms a commit more, chain: 1.15 commits a link", 1.15, worst(links))


def _p17(found: Figures) -> Iterator[Goal]:
    told = "process jobs of 1 to 50 ms, 64 at a time: 10 % above the ideal"
    cases = found.cases("build", "sleep")
    ours, bare = beside(found, "build", "ideal", cases), beside(found, "build", "bare", cases)
    if ours is not None and bare is not None:
        ours = ours._replace(of=f"{ours.of}; {bare.shown} a loop that only starts them")
    yield Goal("P17", told, 1.1, ours)


def _built(found: Figures, job: JobKind, shape: Shape) -> list[Case]:
    return [case for case in found.cases("build", job) if case.shape == shape]
