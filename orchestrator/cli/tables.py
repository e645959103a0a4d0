"""Answers on standard output: JSON for programs, tables on a terminal, tab-separated lines in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from orchestrator.cli.speech import data, in_color, is_drawn, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GOOD, BAD, MOVING, QUIET = "green", "red", "yellow", "dim"

_STYLES = {
    **dict.fromkeys(("Successful", "Live", "Succeeded", "done", "ok"), GOOD),
    **dict.fromkeys(("Failed", "UpstreamFailed", "Lost", "Tainted", "failed", "upfailed", "problem"), BAD),
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
        data(f"{name:<{width}}  {value}" if is_drawn(sys.stdout) else f"{name}\t{value}")


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

    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, style=style_of(cell), overflow="fold") for cell in row))
    Console(no_color=not in_color(sys.stdout), highlight=False).print(table)
