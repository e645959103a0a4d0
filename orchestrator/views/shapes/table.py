"""The answer to a question that somebody asked in SQL."""

from orchestrator.views.shapes.past import AsOf

ROWS_MAX = 10_000
"""How many rows an answer has at most."""

Cell = str | int | float | None


class Table(AsOf, frozen=True):
    """Rows under ``columns``, as of the entry ``seq``. ``cut``: there are more than the limit that was asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    seq: int
    cut: bool = False
