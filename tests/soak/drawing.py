"""The samples as a plot: a small SVG of four panels, written by hand, readable on light and on dark pages."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.soak.findings import MIB, Findings, Role, a_process
from tests.soak.sampling import Sample

WIDTH, HEIGHT = 440, 190
_LEFT, _TOP, _BOTTOM = 46, 34, 26
_POINTS_MAX = 360
_STYLE = """
  text { font: 11px system-ui, sans-serif; fill: #444 } .title { font-weight: 600; font-size: 12px }
  .axis { stroke: #bbb; fill: none } polyline { fill: none; stroke-width: 1.3; stroke-linejoin: round }
  .c0 { stroke: #1f6feb } .c1 { stroke: #d1762b } .c2 { stroke: #2da44e } .by-itself { stroke-dasharray: 5 4 }
  text.c0 { stroke: none; fill: #1f6feb } text.c1 { stroke: none; fill: #d1762b }
  text.c2 { stroke: none; fill: #2da44e } .kill { stroke: #cf222e; stroke-width: 1 }
  @media (prefers-color-scheme: dark) { text { fill: #bbb } .axis { stroke: #555 } }
"""

Point = tuple[float, float]


class Curve(NamedTuple):
    """One line of a panel, in minutes and in the unit of the panel."""

    name: str
    color: str
    points: Sequence[Point]


class Panel(NamedTuple):
    """One set of axes. ``marks`` are minutes at which something happened."""

    title: str
    curves: Sequence[Curve]
    marks: Sequence[float] = ()


def draw(samples: Sequence[Sample], found: Findings, path: Path) -> None:
    """Write the plot."""
    panels = [_memory(samples, found), _descriptors(samples), _wal(samples), _rate(samples)]
    end = samples[-1].at_s / 60
    parts = [_placed(_panel(panel, end), number) for number, panel in enumerate(panels)]
    size = f'viewBox="0 0 {2 * WIDTH} {2 * HEIGHT}" width="{2 * WIDTH}" height="{2 * HEIGHT}"'
    title = f"<title>{found.minutes:.0f} minutes, {found.runs:,} JobRuns, {found.kills} kills</title>"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', title, f"<style>{_STYLE}</style>", *parts, "</svg>"]
    path.write_text("\n".join(lines) + "\n")


def _memory(samples: Sequence[Sample], found: Findings) -> Panel:
    served = [one for one in samples if one.daemon.processes]
    grown = [(one.at_s / 60, one.daemon.rss_bytes, found.world_bytes_a_run * one.runs) for one in served]
    base = min(rss - world for _, rss, world in grown)
    by_itself = [(at, (base + world) / MIB) for at, _, world in grown]
    curves = [Curve(role, color, _of_one(samples, role, "rss_bytes", MIB)) for role, color in _ROLES]
    deaths = [after.at_s / 60 for before, after in pairwise(samples) if after.life > before.life]
    world = Curve("what its world has to grow by", "c0 by-itself", [by_itself[0], by_itself[-1]])
    return Panel("memory of one process, MiB (red: a daemon is begun anew)", [*curves, world], deaths)


def _descriptors(samples: Sequence[Sample]) -> Panel:
    curves = [Curve(role, color, _of_one(samples, role, "descriptors", 1)) for role, color in _ROLES]
    return Panel("open descriptors of one process", curves)


def _wal(samples: Sequence[Sample]) -> Panel:
    return Panel("WAL file, MiB", [Curve("", "c0", [(one.at_s / 60, one.wal_bytes / MIB) for one in samples])])


def _rate(samples: Sequence[Sample]) -> Panel:
    pairs = zip(samples, samples[30:], strict=False)
    rates = [(b.at_s / 60, (b.runs - a.runs) / (b.at_s - a.at_s)) for a, b in pairs]
    return Panel("JobRuns a second, over 30 s", [Curve("", "c0", rates)])


_ROLES: tuple[tuple[Role, str], ...] = (("daemon", "c0"), ("keeper", "c1"), ("worker", "c2"))


def _of_one(samples: Sequence[Sample], role: Role, what: str, unit: int) -> list[Point]:
    there = [one for one in samples if getattr(one, role).processes]
    return [(one.at_s / 60, a_process(one, role, what) / unit) for one in there]


def _panel(panel: Panel, end: float) -> str:
    top = _round_up(max((y for curve in panel.curves for _, y in curve.points), default=1.0))
    x, y = _scale(end, _LEFT, WIDTH - 14), _scale(top, HEIGHT - _BOTTOM, _TOP)
    floor = HEIGHT - _BOTTOM
    parts = [f'<text class="title" x="{_LEFT}" y="14">{panel.title}</text>']
    parts += [f'<path class="axis" d="M{_LEFT} {_TOP}V{floor}H{WIDTH - 14}"/>']
    parts += [_text(_LEFT - 5, y(value) + 4, f"{value:g}", "end") for value in (0, top / 2, top)]
    times = ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    parts += [_text(x(end * part), floor + 15, f"{end * part:.3g} min", anchor) for part, anchor in times]
    parts += [f'<path class="kill" d="M{x(mark):.1f} {floor}v-5"/>' for mark in panel.marks]
    parts += [_line(curve, x, y) for curve in panel.curves if curve.points]
    names = [curve for curve in panel.curves if curve.name]
    parts += [_text(_LEFT + 8 + 78 * at, 28, one.name, "start", one.color) for at, one in enumerate(names)]
    return "\n".join(parts)


def _line(curve: Curve, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    step = max(1, len(curve.points) // _POINTS_MAX)
    points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in _thinned(curve.points, step))
    return f'<polyline class="{curve.color}" points="{points}"/>'


def _thinned(points: Sequence[Point], step: int) -> Iterable[Point]:
    """Keep the highest of each few, so that no peak is hidden."""
    groups = (points[start : start + step] for start in range(0, len(points), step))
    return (max(group, key=lambda point: point[1]) for group in groups)


def _scale(most: float, first: float, last: float) -> Callable[[float], float]:
    return lambda value: first + (last - first) * value / (most or 1.0)


def _round_up(value: float) -> float:
    """The next round number."""
    power = 10.0 ** (len(f"{int(value)}") - 1)
    return next(n * power for n in (1, 1.6, 2, 2.4, 3, 4, 6, 8, 10) if n * power >= value)


def _text(x: float, y: float, said: str, anchor: str, color: str = "") -> str:
    kind = f' class="{color}"' if color else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{said}</text>'


def _placed(panel: str, number: int) -> str:
    return f'<g transform="translate({number % 2 * WIDTH} {number // 2 * HEIGHT})">\n{panel}\n</g>'
