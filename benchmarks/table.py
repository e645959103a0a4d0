"""Medians and ratios as tables: a section for each thing that is measured."""

from collections.abc import Iterable, Sequence

from benchmarks.builders import COMMANDS
from benchmarks.figures import Figures, Medians
from benchmarks.growth import Grown
from benchmarks.markdown import NONE, ms, number, ratio, table, us
from benchmarks.rows import Batch, Case, Phase, Side
from benchmarks.workloads import JOB_KINDS


def tables(found: Figures, grown: Sequence[Grown]) -> str:
    """Write everything down of which there is something."""
    sections = (
        ("Build everything", _building(found)),
        ("Ask what would be done and what is connected", _planning(found)),
        ("Ask again when all is built", _asking(found)),
        ("Start", _starting(found)),
        ("Idle", _idling(found)),
        ("Wait for a job", _waiting(found)),
        ("Jobs of 1 to 50 ms, 64 at a time", _trickling(found)),
        ("Write the log", _writing(found)),
        ("A disk that takes longer", _slowed(found)),
        ("Growth", _growing(grown)),
    )
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in sections if text)


def _section(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where nothing was measured."""
    measured = list(rows)
    return table(head, measured) if measured else ""


def _building(found: Figures) -> str:
    head = ("job", "shape", "n", "us a partition", "floor", "ratio", "make", "ninja", "commits", "floor")
    return _section(
        (*head, "events a partition", "peak MB", "floor", "runs"),
        [_built(found, case, mine) for case, mine in found.each("build") if case.job in JOB_KINDS],
    )


def _built(found: Figures, case: Case, mine: Medians) -> tuple[str, ...]:
    floor = found.of("floor", case, "build")
    return (
        case.job,
        case.shape,
        f"{case.n:,}",
        us(mine),
        us(floor),
        ratio(mine, floor),
        *(us(found.of(builder, case, "build")) if case.job == "process" else NONE for builder in COMMANDS),
        number(mine.commits),
        number(None if floor is None else floor.commits),
        NONE if mine.events is None else f"{mine.events / mine.partitions:.2f}",
        number(mine.peak_mb),
        number(None if floor is None else floor.peak_mb),
        str(mine.runs),
    )


def _planning(found: Figures) -> str:
    head = ("shape", "n", "plan, ms", "floor", *(f"{builder} -n" for builder in COMMANDS), "graph, ms", "its nodes")
    return _section(head, [_planned(found, case) for case in found.cases("plan")])


def _planned(found: Figures, case: Case) -> tuple[str, ...]:
    graph = found.of("wantd", case, "graph")
    sides: tuple[Side, ...] = ("wantd", "floor", *COMMANDS)
    planned = (ms(found.of(side, case, "plan")) for side in sides)
    return case.shape, f"{case.n:,}", *planned, ms(graph), number(None if graph is None else graph.partitions)


def _asking(found: Figures) -> str:
    head = ("shape", "n", "in the daemon, ms", "floor", "ratio", "events", "by an open connection, ms", *COMMANDS)
    return _section((*head, "by a command, ms"), [_asked(found, case) for case in found.cases("again", "inline")])


def _asked(found: Figures, case: Case) -> tuple[str, ...]:
    again, floor = found.of("wantd", case, "again"), found.of("floor", case, "again")
    return (
        case.shape,
        f"{case.n:,}",
        ms(again),
        ms(floor),
        ratio(again, floor),
        number(None if again is None else again.events),
        ms(found.of("wantd", case, "asked")),
        *(ms(found.of(builder, case, "again")) for builder in COMMANDS),
        ms(found.of("wantd", case, "typed")),
    )


def _starting(found: Figures) -> str:
    head = ("shape", "n", "entries", "replay, ms", "events/s", "floor's events/s", "restart of the engine, ms")
    return _section(
        (*head, "daemon, empty log, ms", "daemon, ms", "daemon, built twice, ms", "holds, MB", "empty, MB"),
        [_started(found, case) for case in found.cases("replay")],
    )


def _started(found: Figures, case: Case) -> tuple[str, ...]:
    replay, floor = found.of("wantd", case, "replay"), found.of("floor", case, "replay")
    first, ready = found.of("wantd", case, "first"), found.of("wantd", case, "ready")
    return (
        case.shape,
        f"{case.n:,}",
        number(None if replay is None else replay.events),
        ms(replay),
        *(number(None if one is None else 1e6 / one.us_an_event) for one in (replay, floor)),
        ms(found.of("wantd", case, "restart")),
        *map(ms, (first, ready, found.of("wantd", case, "ready again"))),
        *(number(None if one is None else one.held_mb) for one in (ready, first)),
    )


def _idling(found: Figures) -> str:
    rows: list[tuple[str, ...]] = []
    for case, idle in found.each("idle"):
        rest = found.of("wantd", case, "rest")
        share = NONE if rest is None else f"{rest.seconds:.2%}"
        rows.append((case.shape, f"{case.n:,}", f"{idle.seconds * 1e6:.0f}", _late(idle, 1e6), share))
    return _section(("shape", "n", "a turn, us", "p99", "of a processor when nobody asks"), rows)


def _waiting(found: Figures) -> str:
    rows: list[tuple[str, ...]] = []
    phases: dict[Phase, str] = {"started": "request to process started", "next": "exit to next process started"}
    for phase, name in phases.items():
        for _, waited in found.each(phase):
            rows.append((name, ms(waited), _late(waited, 1e3), str(waited.partitions)))
    return _section(("from, to", "p50, ms", "p99", "of"), rows)


def _late(some: Medians, unit: float) -> str:
    """What one in a hundred takes, in so many parts of a second."""
    return NONE if some.p99 is None else f"{some.p99 * unit:,.2f}"


def _trickling(found: Figures) -> str:
    rows: list[tuple[str, ...]] = []
    for case in found.cases("build", "sleep"):
        ideal = found.of("ideal", case, "build")
        sides: tuple[Side, ...] = ("ideal", "bare", "wantd")
        for side in sides:
            took = found.of(side, case, "build")
            rows.append((side, ms(took), ratio(took, ideal)))
    return _section(("side", "ms", "to ideal"), rows)


def _writing(found: Figures) -> str:
    head = ("events a batch", "events/s, folded, encoded and chained", "aiosqlite alone", "of its rate")
    return _section(head, [_written(found, batch) for batch in found.batches()])


def _written(found: Figures, batch: Batch) -> tuple[str, ...]:
    mine, bare = found.of("wantd", batch, "append"), found.of("aiosqlite", batch, "append")
    share = NONE if mine is None or bare is None else f"{bare.us_an_event / mine.us_an_event:.0%}"
    return f"{batch.events:,}", *(number(None if one is None else 1e6 / one.us_an_event) for one in (mine, bare)), share


def _slowed(found: Figures) -> str:
    rows: list[tuple[str, ...]] = []
    for case in found.slowed():
        mine, floor = found.of("wantd", case, "build"), found.of("floor", case, "build")
        commits = (number(None if one is None else one.commits) for one in (mine, floor))
        rows.append(
            (f"{case.delay_ms:g}", case.shape, f"{case.n:,}", us(mine), us(floor), ratio(mine, floor), *commits)
        )
    return _section(("ms a commit more", "shape", "n", "us a partition", "floor", "ratio", "commits", "floor"), rows)


def _growing(grown: Sequence[Grown]) -> str:
    rows: list[tuple[str, ...]] = []
    for one in grown:
        sizes = sorted({int(n) for n, _ in one.points})
        interval = f"{one.exponent.low:.2f} to {one.exponent.high:.2f}"
        reach = f"{sizes[0]:,} to {sizes[-1]:,}"
        rows.append(
            (one.shape, one.phase, one.what, reach, str(len(one.points)), f"{one.exponent.value:.2f}", interval)
        )
    return _section(("shape", "phase", "of", "n", "runs", "exponent", "95 % interval"), rows)
