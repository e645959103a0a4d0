"""How long the JobRuns of a job took, one bar each, from the oldest to the newest."""

from collections.abc import Callable, Sequence
from math import floor, log10
from statistics import median

import msgspec
from markupsafe import Markup

from orchestrator.console.formats import span
from orchestrator.console.tones import TONES

WIDTH, HEIGHT = 720, 140
LEFT, BOTTOM = 52, 18
_BAR_MAX = 14.0


class Took(msgspec.Struct, frozen=True):
    """A JobRun that ended: how it ended, what it made, and how long it took."""

    run: str
    state: str
    about: str
    seconds: float


def durations(runs: Sequence[Took], href: Callable[[str], str]) -> Markup:
    """The plot, with the median as a line; nothing where no JobRun is known."""
    if not runs:
        return Markup("")
    top = _ceiling(max(run.seconds for run in runs))
    step = (WIDTH - LEFT) / len(runs)
    bars = Markup("").join(_bar(run, LEFT + place * step, step, top, href) for place, run in enumerate(runs))
    middle = median(run.seconds for run in runs)
    grid = Markup("").join(_level(seconds, top, "grid") for seconds in (0.0, top / 2, top))
    label = f"How long the last {len(runs)} JobRuns took; the median is {span(middle)}"
    frame = Markup('<svg class="plot" viewBox="0 0 {} {}" role="group" aria-label="{}">{}{}{}</svg>')
    return frame.format(WIDTH, HEIGHT, label, grid, bars, _line(_y(middle, top), "median"))


def _bar(run: Took, x: float, step: float, top: float, href: Callable[[str], str]) -> Markup:
    width = min(_BAR_MAX, step * 0.8)
    y = min(_y(run.seconds, top), HEIGHT - BOTTOM - 2)
    bar = Markup(
        '<a href="{}"><title>{}</title><rect class="fill-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"'
        ' rx="1"/></a>'
    )
    title = f"{run.run}, {run.state}, {span(run.seconds)}: {run.about}"
    left = x + (step - width) / 2
    return bar.format(href(run.run), title, TONES.get(run.state, "past"), left, y, width, HEIGHT - BOTTOM - y)


def _level(seconds: float, top: float, name: str) -> Markup:
    text = Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>')
    y = _y(seconds, top)
    return _line(y, name) + text.format(LEFT - 8, y + 4, span(seconds) if seconds else "0")


def _line(y: float, name: str) -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(name, LEFT, WIDTH, y, y)


def _y(seconds: float, top: float) -> float:
    return 8 + (HEIGHT - BOTTOM - 8) * (1 - seconds / top)


def _ceiling(seconds: float) -> float:
    """The next number above that is 1, 2 or 5 times a power of ten."""
    unit = 10.0 ** floor(log10(max(seconds, 0.001)))
    return next(unit * step for step in (1, 2, 5, 10) if unit * step >= seconds)
