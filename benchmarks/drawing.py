"""Bars and lines as small SVGs on logarithmic axes, written by hand, readable on light and on dark pages."""

from collections.abc import Callable, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Literal, NamedTuple

WIDTH = 720
_LABEL, _RIGHT, _TOP, _BOTTOM = 190, 70, 34, 30
_BAR, _THICK = 24, 15
_LINES_HEIGHT, _NAMES = 380, 170
_NAME_APART = 14
_SEEN = 0.7
"""Where bars begin, at most, as a part of the least value, so that it can be seen too."""
_COLORS = ("#1f6feb", "#d1762b", "#2da44e", "#8250df", "#bf3989", "#57606a", "#9a6700")
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #444 } .title { font-weight: 600; font-size: 13px }
  .grid { stroke: #ddd } .ours { fill: #1f6feb }
  .durable { fill: #57606a } .others { fill: #c4cad1 }
  polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round }
  @media (prefers-color-scheme: dark) { text { fill: #bbb } .grid { stroke: #333 }
    .durable { fill: #8b949e } .others { fill: #484f58 } }
"""

Scale = Callable[[float], float]


Kind = Literal["ours", "durable", "others"]
"""What gives a bar its color."""


class Bar(NamedTuple):
    """A bar, longer the larger the value."""

    label: str
    value: float
    kind: Kind


class Line(NamedTuple):
    """A line through points (x, y), from left to right."""

    name: str
    points: Sequence[tuple[float, float]]


def draw_bars(title: str, bars: Sequence[Bar]) -> str:
    """Draw one horizontal bar a row. Values must be above 0."""
    least = min(bar.value for bar in bars)
    low, high = _decades([least * _SEEN, *(bar.value for bar in bars)])
    bottom = _TOP + _BAR * len(bars)
    x = _log_scale((low, high), _LABEL, WIDTH - _RIGHT)
    parts = _uprights(x, _ticks(low, high), _TOP - 4, bottom)
    for row, bar in enumerate(bars):
        y, end = _TOP + row * _BAR, x(bar.value)
        parts += [
            _text(_LABEL - 8, y + 12, bar.label, "end"),
            f'<rect class="{bar.kind}" x="{_LABEL}" y="{y}" width="{end - _LABEL:.1f}" height="{_THICK}" rx="2"/>',
            _text(end + 6, y + 12, f"{bar.value:.3g}", "start"),
        ]
    return _svg(title, bottom + _BOTTOM, parts)


def draw_lines(title: str, lines: Sequence[Line]) -> str:
    """Draw lines over a common pair of axes, with their names where they end. Values must be above 0."""
    points = [point for line in lines for point in line.points]
    wide, tall = _decades([x for x, _ in points]), _decades([y for _, y in points])
    bottom = _LINES_HEIGHT - _BOTTOM
    x, y = _log_scale(wide, 60, WIDTH - _NAMES), _log_scale(tall, bottom, _TOP)
    parts = [
        f'<path class="grid" d="M60 {y(tick):.1f}H{WIDTH - _NAMES}"/>{_text(52, y(tick) + 4, _short(tick), "end")}'
        for tick in _ticks(*tall)
    ]
    parts += _uprights(x, _ticks(*wide), _TOP, bottom)
    ends = _apart([y(line.points[-1][1]) for line in lines])
    for number, (line, end) in enumerate(zip(lines, ends, strict=True)):
        color = _COLORS[number % len(_COLORS)]
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line.points)
        parts.append(f'<polyline stroke="{color}" points="{path}"/>')
        parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.6" fill="{color}"/>' for a, b in line.points]
        parts.append(_text(WIDTH - _NAMES + 10, end + 4, line.name, "start", color))
    return _svg(title, _LINES_HEIGHT, parts)


def _uprights(x: Scale, ticks: Sequence[float], top: float, bottom: float) -> list[str]:
    """Lines of the grid from top to bottom, with their values below."""
    return [
        f'<path class="grid" d="M{x(tick):.1f} {top}V{bottom}"/>' + _text(x(tick), bottom + 16, _short(tick), "middle")
        for tick in ticks
    ]


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """The powers of ten around some values, two at least."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def _ticks(low: float, high: float) -> list[float]:
    return [10.0**power for power in range(round(log10(low)), round(log10(high)) + 1)]


def _log_scale(reach: tuple[float, float], first: float, last: float) -> Scale:
    low, high = map(log10, reach)
    return lambda value: first + (last - first) * (log10(value) - low) / (high - low)


def _apart(heights: Sequence[float]) -> list[float]:
    """The same heights, moved down where two would be printed over each other."""
    placed: dict[int, float] = {}
    lowest = float("-inf")
    for number in sorted(range(len(heights)), key=lambda one: heights[one]):
        lowest = placed[number] = max(heights[number], lowest + _NAME_APART)
    return [placed[number] for number in range(len(heights))]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _text(x: float, y: float, said: str, anchor: str, color: str = "") -> str:
    style = f' style="fill: {color}"' if color else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(said)}</text>'


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
    name = escape(title)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{name}</title>",
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="12" y="18">{name}</text>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
