"""Three charts as inline SVG: a calendar, lines, bars. Text in, text out; colours are classes that the page defines.

Every mark has a title, which browsers show on hover and screen readers read.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import NamedTuple

LEVELS = (0, 5, 10, 15, 25, 40)
"""A day's colour is the number of these that its mean delay has reached, so there is one colour more than levels."""

CELL, GAP = 15, 3
STEP = CELL + GAP


class Day(NamedTuple):
    """A day of the calendar; ``marked`` draws a ring around it."""

    date: date
    minutes: float
    marked: bool
    note: str


class Bar(NamedTuple):
    """A bar; ``note`` says more on hover."""

    label: str
    minutes: float
    note: str


class Point(NamedTuple):
    """A point of a line, at an hour of the day."""

    hour: int
    minutes: float
    note: str


def calendar(days: Sequence[Day]) -> str:
    """Draw a year as columns of weeks, Monday at the top."""
    left, top = 34, 18
    shift = days[0].date.replace(month=1, day=1).weekday()
    drawn = [
        f'<text x="{left - 6}" y="{top + row * STEP + CELL - 3}" class="end">{name}</text>'
        for row, name in ((0, "Mon"), (2, "Wed"), (4, "Fri"), (6, "Sun"))
    ]
    for day in days:
        week, row = divmod(day.date.timetuple().tm_yday - 1 + shift, 7)
        x, y = left + week * STEP, top + row * STEP
        if day.date.day == 1:
            drawn.append(f'<text x="{x}" y="{top - 6}">{day.date:%b}</text>')
        mark = " marked" if day.marked else ""
        drawn.append(
            f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" rx="3" class="level{level(day.minutes)}{mark}">'
            f"<title>{escape(day.note)}</title></rect>"
        )
    return _svg(left + 53 * STEP, top + 7 * STEP, "Mean delay of every day of the year", drawn)


def level(minutes: float) -> int:
    """Say which colour of the calendar a mean delay has."""
    return sum(minutes >= reached for reached in LEVELS)


def bars(rows: Sequence[Bar], *, width: int = 520, label_width: int = 170) -> str:
    """Draw one horizontal bar a row; bars of negative length go to the left of the base line."""
    height, thickness, value_width = 26, 16, 46
    low, high = min(0.0, *(row.minutes for row in rows)), max(1.0, *(row.minutes for row in rows))
    scale = (width - label_width - value_width) / (high - low)
    base = label_width - low * scale
    drawn: list[str] = []
    for number, row in enumerate(rows):
        y = number * height
        length = abs(row.minutes) * scale
        x = base if row.minutes >= 0 else base - length
        drawn.append(
            f"<g><title>{escape(row.note)}</title>"
            f'<text x="{label_width - 10}" y="{y + 13}" class="end ink">{escape(row.label)}</text>'
            f'<rect x="{x:.1f}" y="{y + 1}" width="{length:.1f}" height="{thickness}" rx="3" class="bar"/>'
            f'<text x="{max(base, x + length) + 7:.1f}" y="{y + 13}" class="ink">{row.minutes:.1f}</text></g>'
        )
    drawn.append(f'<line x1="{base:.1f}" x2="{base:.1f}" y1="-2" y2="{len(rows) * height - 6}" class="axis"/>')
    return _svg(width, len(rows) * height, "Mean delay in minutes", drawn)


def lines(series: Mapping[str, Sequence[Point]], *, width: int = 520, height: int = 340) -> str:
    """Draw one line a series over the hours of the day, with their names in the corner where few delays are."""
    left, right, top, bottom = 30, 22, 10, 26
    points = [point for line in series.values() for point in line]
    first, last = min(point.hour for point in points), max(point.hour for point in points)
    ceiling = 10 * (int(max(point.minutes for point in points)) // 10 + 1)
    floor = min(0.0, *(point.minutes for point in points))

    def x(hour: int) -> float:
        return left + (hour - first) * (width - left - right) / max(1, last - first)

    def y(minutes: float) -> float:
        return top + (ceiling - minutes) * (height - top - bottom) / (ceiling - floor)

    drawn = [
        f'<line x1="{left}" x2="{width - right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" '
        f'class="{"grid" if tick else "axis"}"/><text x="{left - 8}" y="{y(tick) + 4:.1f}" class="end">{tick}</text>'
        for tick in range(0, ceiling + 1, 10)
    ]
    drawn += [
        f'<text x="{x(hour):.1f}" y="{height - 6}" class="middle">{hour}:00</text>'
        for hour in range(first, last + 1, 3)
    ]
    for number, (name, line) in enumerate(series.items()):
        path = " ".join(f"{x(point.hour):.1f},{y(point.minutes):.1f}" for point in line)
        drawn.append(f'<polyline points="{path}" class="line series{number}"/>')
        drawn += [
            f'<circle cx="{x(point.hour):.1f}" cy="{y(point.minutes):.1f}" r="4" class="dot series{number}">'
            f"<title>{escape(point.note)}</title></circle>"
            for point in line
        ]
        drawn += _name(name, number, left + 14, top + 22 + 20 * number)
    return _svg(width, height, "Mean delay in minutes by hour of the day", drawn)


def _name(name: str, number: int, x: int, y: int) -> list[str]:
    return [
        f'<line x1="{x}" x2="{x + 18}" y1="{y}" y2="{y}" class="line series{number}"/>',
        f'<text x="{x + 26}" y="{y + 4}" class="ink">{escape(name)}</text>',
    ]


def _svg(width: int, height: int, label: str, drawn: Sequence[str]) -> str:
    inside = "\n".join(drawn)
    return f'<svg viewBox="0 -4 {width} {height + 4}" role="img" aria-label="{escape(label)}">\n{inside}\n</svg>'
