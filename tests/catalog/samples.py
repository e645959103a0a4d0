"""Catalogs made from the text of a configuration."""

from pathlib import Path

from orchestrator.catalog import Catalog, build_catalog
from orchestrator.config import read_config

FOLDER = Path("/app")
FLIGHTS = """\
[application]
name = "flights"

[limits]
refs_per_want = 400

[[job]]
name = "daily"
outputs = ["delays/daily/date={date:date(2013-01-01..2013-12-31)}"]
inputs = ["flights/raw/date={date}", "weather/raw/date={date-1d..date}", { ref = "airports", type = "query" }]
command = ["python", "jobs/daily.py"]
retry = { tries = 3, timeout = 1 }

[[job]]
name = "monthly"
outputs = ["delays/monthly/month={month:month}"]
inputs = ["delays/daily/date={days(month)}", "airports", { ref = "airports", type = "query" }]
python = "jobs.monthly:build"

[[job]]
name = "running"
outputs = ["running/n={n:int}"]
inputs = ["running/n={n-1}"]
python = "jobs.running:build"
executor = "inline"

[[job]]
name = "copy"
outputs = ["copy/{what}/date={date:date}", "copies/{what}/date={date:date}", "files/{what}{date:date}.csv"]
inputs = ["{what}/raw/date={date}"]
command = ["cp"]

[[external]]
name = "raw"
outputs = [
    "flights/raw/date={date:date(2013-01-01..2013-12-31)}",
    "weather/raw/date={date:date(2013-01-01..2013-12-31)}",
]

[[external]]
name = "airports"
outputs = ["airports"]
"""


def catalog_of(text: str) -> Catalog:
    config = read_config(FOLDER / "wantd.toml", text, cpus=2)
    return build_catalog(config, FOLDER, {table.name: f"print of {table.name}" for table in config.jobs})
