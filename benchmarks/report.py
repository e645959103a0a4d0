"""What came out, as the page shows it: facts of the machine, the goals, the tables, the plots."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.figures import Figures
from benchmarks.goals import distances, goals_of
from benchmarks.growth import grown
from benchmarks.machine import machine_facts
from benchmarks.peers.table import peers_table
from benchmarks.plots import plots
from benchmarks.rows import Absent, Row
from benchmarks.sides import ROOT, floor_script
from benchmarks.table import tables

PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
BEGIN, END = "<!-- figures: written by make bench ARGS=--write -->", "<!-- end of figures -->"

NO_FLOOR = "No floor was found ($WANTD_FLOOR names its floor.py): only wantd was measured."


class Report(NamedTuple):
    """What is shown, and the plots that go with it by the names of their files."""

    text: str
    plots: dict[str, str]


def report(found: Sequence[Row | Absent], told: Sequence[str]) -> Report:
    """Write down what was found by a run that was told these arguments."""
    rows, absent = _apart(found)
    figures = Figures(rows)
    growing = grown(figures)
    drawn = plots(figures, growing)
    parts = [
        _facts(told),
        "" if floor_script() else NO_FLOOR,
        _absent(absent),
        _section("How far it is from the goals", distances(goals_of(figures, growing))),
        *(f"![{name.replace('-', ' ')}](images/{name}.svg)" for name in drawn),
        tables(figures, growing),
        _section("Beside others", peers_table(figures, absent)),
    ]
    return Report("\n\n".join(part for part in parts if part), drawn)


def keep(said: Report, found: Sequence[Row | Absent], page: Path = PAGE, results: Path = RESULTS) -> None:
    """Put the report between its marks in the page, its plots beside it, and the rows into a file that programs read.

    What stood there before is gone: figures of two runs are never mixed.
    """
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{said.text}\n\n{END}{after}", encoding="utf-8")
    for name, drawing in said.plots.items():
        (page.parent / "images" / f"{name}.svg").write_text(drawing, encoding="utf-8")
    results.parent.mkdir(exist_ok=True)
    results.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in _apart(found)[0]))


def _apart(found: Sequence[Row | Absent]) -> tuple[list[Row], list[Absent]]:
    rows = [one for one in found if isinstance(one, Row)]
    return rows, [one for one in found if isinstance(one, Absent)]


def _facts(told: Sequence[str]) -> str:
    facts = [f"- {name}: {fact}" for name, fact in machine_facts().items()]
    return "\n".join([*facts, f"- Command: `{' '.join(('python -m benchmarks', *told))}`"])


def _section(title: str, text: str) -> str:
    return f"### {title}\n\n{text}" if text else ""


def _absent(absent: Sequence[Absent]) -> str:
    """The last line of each reason, without where this project happens to lie."""
    reasons = [(one, one.why.strip().splitlines()[-1].replace(f"{ROOT}/", "")) for one in absent]
    return "\n".join(f"- Not measured: {one.side}, {one.what}: {why}" for one, why in reasons)
