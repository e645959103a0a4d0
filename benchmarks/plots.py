"""The figures as plots: what a partition costs by system, and how times grow with the number of partitions."""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.drawing import Bar, Kind, Line, draw_bars, draw_lines
from benchmarks.figures import Figures
from benchmarks.growth import SECONDS, Grown
from benchmarks.peers.environments import about_peers
from benchmarks.rows import PEERS, Case, Side
from benchmarks.workloads import JOB_KINDS, Shape

_BESIDE: tuple[Side, ...] = ("floor", "make", "ninja", *PEERS)
_SHOWN: Shape = "diamond"


def plots(found: Figures, grown: Sequence[Grown]) -> dict[str, str]:
    """Draw what there is to draw: SVG texts by name."""
    drawn: dict[str, str] = {}
    if bars := sorted(_bars(found), key=lambda bar: bar.value):
        sizes = min(case.n for case in found.cases("build") if case.shape == _SHOWN)
        title = f"ms a partition, {_SHOWN} of {sizes:,} (blue: wantd; dark: what is done is durable there, too)"
        drawn["cost-of-a-partition"] = draw_bars(title, bars)
    if lines := [_line(one) for one in grown if one.shape == _SHOWN and one.what == SECONDS]:
        drawn["growth-with-partitions"] = draw_lines(f"seconds, by number of partitions, {_SHOWN}", lines)
    return drawn


def _bars(found: Figures) -> Iterator[Bar]:
    """A bar for each system and kind of job, all of one shape and of the smallest size."""
    cases = [case for case in found.cases("build") if case.shape == _SHOWN]
    fewest = min((case.n for case in cases), default=0)
    for job in JOB_KINDS:
        case = Case(_SHOWN, fewest, job)
        for side in ("wantd", *_BESIDE):
            took = found.of(side, case, "build")
            if took is not None and (job == "process" or side not in {"make", "ninja"}):
                label = side if side in PEERS else f"{side}, {_KINDS[job]}"
                yield Bar(label, took.us_a_partition / 1000, _kind(side))


def _kind(side: Side) -> Kind:
    if side == "wantd":
        return "ours"
    about = about_peers().get(side)
    return "durable" if side == "floor" or (about is not None and about.is_durable) else "others"


_KINDS = {"inline": "in-process", "worker": "warm worker", "process": "process"}


def _line(one: Grown) -> Line:
    sizes = sorted({n for n, _ in one.points})
    name = f"{one.phase} ({one.exponent.value:.2f})"
    return Line(name, [(n, median(y for x, y in one.points if x == n)) for n in sizes])
