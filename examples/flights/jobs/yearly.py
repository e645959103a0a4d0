"""delays/yearly/year=Y: the months of a year, added up: figures, the table, and a page. A warm worker with DuckDB."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from jobs.delays import Count, add_up, write
from jobs.page import page
from wantd import Context, job


@job
def build(ctx: Context) -> None:
    [(ref, location)] = ctx.outputs
    year = ref.rpartition("=")[2]
    months = [given.location for given in ctx.inputs if given.ref.startswith("delays/monthly/")]
    counts = add_up(months)
    total = in_all(count for count in counts if count.kind == "day")
    location.mkdir()
    write(location / "delays.csv", counts)
    (location / "summary.json").write_text(json.dumps(summary(total), indent=2) + "\n")
    (location / "report.html").write_text(page(year, total, counts, names(ctx.input("source/airlines"))))
    ctx.done(ref, metadata=dict(summary(total)))


def in_all(days: Iterable[Count]) -> Count:
    """Add the days up into one row."""
    flights, cancelled, late, minutes = (sum(column) for column in zip(*(day[2:] for day in days), strict=True))
    return Count("year", "", flights, cancelled, late, minutes)


def summary(total: Count) -> dict[str, int | float]:
    return {
        "flights": total.flights,
        "cancelled": total.cancelled,
        "late": total.late,
        "mean_dep_delay": round(total.mean, 3),
    }


def names(airlines: Path) -> dict[str, str]:
    """Give the name of each carrier by its code."""
    with airlines.open(encoding="utf-8", newline="") as file:
        return {row["carrier"]: row["name"] for row in csv.DictReader(file)}
