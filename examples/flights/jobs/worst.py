"""delays/worst/year=Y: the worst days of a year, and the longest delays on each. A dynamic process.

It declares no input. It asks for the year, finds the worst days in it, asks for those, and is run again each time
what it asked for has been built. Standard library only.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from wantd import Context, job

DAYS = 5
FLIGHTS_A_DAY = 10
COLUMNS = ["date", "delay_minutes", "carrier", "flight", "origin", "destination", "airport"]


@job
def build(ctx: Context) -> None:
    [(ref, location)] = ctx.outputs
    year = f"delays/yearly/year={ref.rpartition('=')[2]}"
    days = worst_days(ctx.input(year) / "delays.csv")
    raw = [f"flights/raw/date={day}" for day in days]
    *flights, airports = ctx.need(*raw, "source/airports")
    ctx.read(year, *raw, "source/airports")
    named = {row["faa"]: row["name"] for row in rows(airports)}
    with location.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for day, day_flights in zip(days, flights, strict=True):
            for row in longest(rows(day_flights)):
                flight = [row["carrier"], row["flight"], row["origin"], row["dest"]]
                table.writerow([day, row["dep_delay"], *flight, named.get(row["dest"], "")])
    ctx.done(ref, metadata={"days": days})


def worst_days(delays: Path) -> list[str]:
    """Give the days with the longest mean delay, the worst first."""
    days = [row for row in rows(delays) if row["kind"] == "day" and row["flights"] != row["cancelled"]]
    mean = {row["key"]: int(row["minutes"]) / (int(row["flights"]) - int(row["cancelled"])) for row in days}
    return sorted(mean, key=lambda day: (-mean[day], day))[:DAYS]


def longest(flights: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Give the flights that left latest, the latest first."""
    departed = [row for row in flights if row["dep_delay"] != "NA"]
    return sorted(departed, key=lambda row: (-int(row["dep_delay"]), row["carrier"], int(row["flight"])))[
        :FLIGHTS_A_DAY
    ]


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    build.main()
