"""Medians, ratios and growth as Markdown tables."""

from collections.abc import Iterable, Sequence
from math import log
from statistics import median

import msgspec

from benchmarks.builders import COMMANDS
from benchmarks.rows import Case, Phase, Row, Side
from benchmarks.workloads import JOB_KINDS, SHAPES

NONE = "-"


class Medians(msgspec.Struct, frozen=True):
    """What the runs of one phase come to."""

    runs: int
    seconds: float
    partitions: int
    commits: float | None
    events: float | None
    peak_mb: float | None

    @property
    def us_a_partition(self) -> float:
        return self.seconds / self.partitions * 1e6


Figures = dict[tuple[Side, Case, Phase], Medians]


def figures(rows: Iterable[Row]) -> Figures:
    """Put the runs of each phase together."""
    found: dict[tuple[Side, Case, Phase], list[Row]] = {}
    for row in rows:
        found.setdefault((row.side, row.case, row.phase), []).append(row)
    return {key: _medians(found[key]) for key in sorted(found, key=_place)}


def _place(key: tuple[Side, Case, Phase]) -> tuple[int, int, int]:
    case = key[1]
    return JOB_KINDS.index(case.job), SHAPES.index(case.shape), case.n


def _medians(runs: Sequence[Row]) -> Medians:
    return Medians(
        len(runs),
        median(row.seconds for row in runs),
        runs[0].partitions,
        _median(row.commits for row in runs),
        _median(row.events for row in runs),
        _median(row.peak_mb for row in runs),
    )


def tables(found: Figures) -> str:
    """Write everything down: building, asking again with restarting, and growth."""
    parts = [_building(found), _remembering(found)]
    if len({case.n for _, case, _ in found}) > 1:
        parts.append(_growth(found))
    return "\n\n".join(parts)


def _building(found: Figures) -> str:
    head = ("job", "shape", "n", "us a partition", "floor", "ratio", "make", "ninja", "commits", "floor")
    return "### Build everything\n\n" + table(
        (*head, "events a partition", "peak MB", "floor", "runs"),
        [
            _built(found, case, mine)
            for (side, case, phase), mine in found.items()
            if (side, phase) == ("wantd", "build")
        ],
    )


def _built(found: Figures, case: Case, mine: Medians) -> tuple[str, ...]:
    floor = found.get(("floor", case, "build"))
    return (
        case.job,
        case.shape,
        f"{case.n:,}",
        f"{mine.us_a_partition:,.1f}",
        _us(floor),
        _ratio(mine, floor),
        *(_us(found.get((builder, case, "build"))) if case.job == "process" else NONE for builder in COMMANDS),
        _number(mine.commits),
        _number(None if floor is None else floor.commits),
        NONE if mine.events is None else f"{mine.events / mine.partitions:.2f}",
        _number(mine.peak_mb),
        _number(None if floor is None else floor.peak_mb),
        str(mine.runs),
    )


def _remembering(found: Figures) -> str:
    cases = [case for side, case, phase in found if (side, phase) == ("wantd", "again") and case.job == "inline"]
    head = ("shape", "n", "in the daemon, ms", "floor", "ratio", "events", "by an open connection, ms", *COMMANDS)
    asked = table((*head, "by a command, ms"), [_asked(found, case) for case in cases])
    restarted = table(("shape", "n", "ms", "floor's replay, ms", "ratio"), [_restarted(found, case) for case in cases])
    return f"### Ask again when all is built\n\n{asked}\n\n### Restart\n\n{restarted}"


def _asked(found: Figures, case: Case) -> tuple[str, ...]:
    again, floor = found.get(("wantd", case, "again")), found.get(("floor", case, "again"))
    return (
        case.shape,
        f"{case.n:,}",
        _ms(again),
        _ms(floor),
        _ratio(again, floor),
        _number(None if again is None else again.events),
        _ms(found.get(("wantd", case, "asked"))),
        *(_ms(found.get((builder, case, "again"))) for builder in COMMANDS),
        _ms(found.get(("wantd", case, "typed"))),
    )


def _restarted(found: Figures, case: Case) -> tuple[str, ...]:
    restart, floor = found.get(("wantd", case, "restart")), found.get(("floor", case, "restart"))
    return case.shape, f"{case.n:,}", _ms(restart), _ms(floor), _ratio(restart, floor)


def _growth(found: Figures) -> str:
    """How the whole time grows with n between the smallest and the largest size: 1 is in proportion."""
    series: dict[tuple[str, str, str], dict[int, float]] = {}
    for (side, case, phase), mine in found.items():
        if side == "wantd" and (phase == "build" or case.job == "inline"):
            series.setdefault((case.job, case.shape, phase), {})[case.n] = mine.seconds
    rows = [
        (*names, f"{min(times):,} to {max(times):,}", f"{_exponent(times):.2f}")
        for names, times in series.items()
        if len(times) > 1
    ]
    return "### Growth exponent of the time\n\n" + table(("job", "shape", "phase", "n", "exponent"), rows)


def _exponent(times: dict[int, float]) -> float:
    small, large = min(times), max(times)
    return log(times[large] / times[small]) / log(large / small)


def _ratio(mine: Medians | None, floor: Medians | None) -> str:
    return NONE if mine is None or floor is None else f"{mine.seconds / floor.seconds:.1f}"


def _us(some: Medians | None) -> str:
    return NONE if some is None else f"{some.us_a_partition:,.1f}"


def _ms(some: Medians | None) -> str:
    return NONE if some is None else f"{some.seconds * 1000:,.2f}"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write rows below their head."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
