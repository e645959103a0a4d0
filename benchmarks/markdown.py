"""Tables and numbers as Markdown. What was not measured is a dash."""

from collections.abc import Iterable, Sequence

from benchmarks.figures import Medians

NONE = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write rows below their head."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def ratio(mine: Medians | None, other: Medians | None) -> str:
    """How many times as long as another it took."""
    return NONE if mine is None or other is None else f"{mine.seconds / other.seconds:.1f}"


def us(some: Medians | None) -> str:
    """Microseconds a partition."""
    return NONE if some is None else f"{some.us_a_partition:,.1f}"


def ms(some: Medians | None) -> str:
    """Milliseconds in all."""
    return NONE if some is None else f"{some.seconds * 1000:,.2f}"


def number(value: float | None) -> str:
    """A count."""
    return NONE if value is None else f"{value:,.0f}"
