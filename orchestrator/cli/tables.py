"""Answers on standard output: JSON for programs, tables on a terminal, tab-separated lines in a pipe.

On a terminal moments are told to the second, columns without a value are left out, and a table that is wider than the
terminal is folded between words, not inside a ref, a state or a moment: those are there to be copied.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from orchestrator.cli.speech import data, in_color, is_drawn, is_moment, readable, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GOOD, BAD, MOVING, QUIET = "green", "red", "yellow", "dim"
GAP = 2
"""Blanks between two columns."""
WORD_MAX = 60
"""A word longer than this is folded all the same."""
PROSE_MIN = 20
"""Several words get at least this much room."""

_STYLES = {
    **dict.fromkeys(("Successful", "Live", "Succeeded", "done", "ok"), GOOD),
    **dict.fromkeys(
        ("Failed", "UpstreamFailed", "Lost", "Tainted", "failed", "upfailed", "failed upstream", "stale", "problem"),
        BAD,
    ),
    **dict.fromkeys(("Building", "UpstreamBuilding", "UpForRetry", "Launching", "Running", "building"), MOVING),
    **dict.fromkeys(("Canceling", "DepMiss", "Paused", "backoff", "warning"), MOVING),
    **dict.fromkeys(("Canceled", "Expired", "Superseded", "Replaced", "Collected", "Queued"), QUIET),
}


def style_of(word: str) -> str:
    """The style in which a state, a case or a finding is drawn."""
    return _STYLES.get(word, "")


def print_json(shape: object) -> None:
    """Print a shape as indented JSON."""
    import msgspec

    data(msgspec.json.format(msgspec.json.encode(shape), indent=2).decode())


def print_json_line(shape: object) -> None:
    """Print a shape as one line of JSON, for what comes piece by piece."""
    import msgspec

    data(msgspec.json.encode(shape).decode())


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under heads. Nothing but the heads is printed where there are no rows."""
    cells = [[_cell(value) for value in row] for row in rows]
    if is_drawn(sys.stdout):
        _draw(heads, cells)
        return
    for row in (heads, *cells):
        data("\t".join(row))


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names with their values, leaving out what has none."""
    told = [(name, _cell(value)) for name, value in fields if value not in {None, "", ()}]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        data(f"{name:<{width}}  {readable(value)}" if is_drawn(sys.stdout) else f"{name}\t{value}")


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return " ".join(map(_cell, cast("tuple[object, ...]", value)))
        case _:
            return safe(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def _draw(heads: Sequence[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    told = [[readable(cell) for cell in row] for row in rows]
    columns = [(head, *cells) for head, *cells in zip(heads, *told, strict=True) if any(cells) or not rows]
    console = Console(no_color=not in_color(sys.stdout), highlight=False)
    widths = _widths(columns, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for (head, *_), width in zip(columns, widths, strict=True):
        table.add_column(head, width=width, overflow="fold")
    for row in zip(*(cells for _, *cells in columns), strict=True):
        table.add_row(*(Text(cell, style=style_of(cell)) for cell in row))
    console.width = max(console.width, sum(widths) + GAP * len(widths))
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        print(line.rstrip())


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """Give each column its longest word, and what room is left to those that want more, the modest ones first.

    Where even that is more than the room, the lines are longer than it: the terminal wraps them, and nothing is lost.
    """
    from rich.cells import cell_len

    wanted = [max(map(cell_len, column)) for column in columns]
    words = [max((cell_len(word) for cell in column for word in _words(cell)), default=0) for column in columns]
    widths = [min(want, max(PROSE_MIN, min(word, WORD_MAX))) for want, word in zip(wanted, words, strict=True)]
    spare = max(0, room - sum(widths) - GAP * (len(widths) - 1))
    order = sorted(range(len(widths)), key=lambda number: wanted[number] - widths[number])
    for place, number in enumerate(order):
        more = min(wanted[number] - widths[number], spare // (len(order) - place))
        widths[number] += more
        spare -= more
    return widths


def _words(cell: str) -> list[str]:
    return [cell] if is_moment(cell) else cell.split()
