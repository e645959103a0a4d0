"""What was measured is written down: in rounds, as a page with plots, and what was not measured with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from benchmarks.drawing import Bar, Line, draw_bars, draw_lines
from benchmarks.processes import ProgramFailed
from benchmarks.report import BEGIN, END, keep, report
from benchmarks.rounds import Sided, Trial, run_rounds
from benchmarks.rows import Absent, Case, Row, Side
from benchmarks.workloads import SHAPES

SVG = "{http://www.w3.org/2000/svg}"
CASE = Case("fanout", 1_000, "inline")


def side(name: Side, seconds: float) -> Sided:
    return name, lambda _: [Row(name, CASE, "build", seconds, 1_001)]


def failing(name: Side) -> Sided:
    def measure(_: Path) -> list[Row]:
        raise ProgramFailed("it ended with 1:\nTraceback\nOSError: no room")

    return name, measure


def quiet(_: str) -> None: ...


def test_every_round_meets_every_side_of_every_trial_in_turn(tmp_path: Path) -> None:
    """Broken: a busy minute counts against one side alone."""
    trials = [Trial("a", [side("wantd", 1.0), side("floor", 0.5)]), Trial("b", [side("make", 2.0)])]
    found = [one.side for one in run_rounds(trials, 2, tmp_path, quiet)]
    assert found == ["wantd", "floor", "make"] * 2


def test_small_files_stay_until_all_trials_are_over(tmp_path: Path) -> None:
    """Broken: who comes next pays for what was removed, or logs of many trials fill the disk."""
    folders: list[Path] = []

    def write(folder: Path) -> list[Row]:
        assert all((one / "small").exists() and not (one / "large").exists() for one in folders)
        (folder / "small").touch()
        (folder / "large").write_bytes(bytes(2 << 20))
        folders.append(folder)
        return []

    list(run_rounds([Trial("a", [("wantd", write), ("floor", write)])], 2, tmp_path, quiet))
    assert len(set(folders)) == 4
    assert all((folder / "small").exists() and not (folder / "large").exists() for folder in folders)


def test_what_took_long_is_not_repeated(tmp_path: Path) -> None:
    """Broken: one slow case keeps everybody waiting, several times."""
    found = list(run_rounds([Trial("a", [side("wantd", 1.0)])], 5, tmp_path, quiet, long_s=0.0))
    assert len(found) == 1


def test_what_fails_is_absent_and_stops_nobody(tmp_path: Path) -> None:
    """Broken: a peer that does not run takes the figures of all others with it."""
    trials = [Trial("a", [side("wantd", 1.0), failing("dask")]), Trial("b", [side("floor", 1.0)])]
    first, absent, other, *again = run_rounds(trials, 2, tmp_path, quiet)
    assert isinstance(absent, Absent)
    assert (absent.side, absent.what) == ("dask", "a")
    assert [one.side for one in (first, other, *again)] == ["wantd", "floor", "floor"]
    assert "- Not measured: dask, a: OSError: no room" in report([first, absent], []).text


def measured(side_of: Side, cost: Callable[[int], float]) -> list[Row]:
    cases = [Case(shape, n, "inline") for shape in SHAPES for n in (1_000, 10_000, 100_000)]
    return [Row(side_of, case, "build", cost(case.n), case.n) for case in cases]


def test_the_page_keeps_what_is_around_the_figures(tmp_path: Path) -> None:
    """Broken: writing the figures destroys the prose, or leaves old figures among new ones."""
    (tmp_path / "images").mkdir()
    page, results = tmp_path / "page.md", tmp_path / "results" / "latest.json"
    page.write_text(f"before\n{BEGIN}\nfigures of yesterday\n{END}\nafter\n")
    rows = [*measured("wantd", lambda n: n / 1_000), *measured("floor", lambda n: n / 2_000)]
    said = report(rows, ["--write"])
    keep(said, rows, page, results)
    text = page.read_text()
    assert (text.startswith(f"before\n{BEGIN}\n"), text.endswith(f"{END}\nafter\n")) == (True, True)
    assert "yesterday" not in text
    assert "| P1 | in-process job, fanout: 3.5 x floor | 2.00 x | 0.57 | yes |" in text
    for name in said.plots:
        assert f"(images/{name}.svg)" in text
        assert ET.parse(tmp_path / "images" / f"{name}.svg").getroot().tag == f"{SVG}svg"
    assert set(said.plots) == {"cost-of-a-partition", "growth-with-partitions"}
    assert [msgspec.json.decode(line, type=Row) for line in results.read_bytes().splitlines()] == rows


def test_a_bar_is_as_long_as_its_logarithm() -> None:
    """Broken: a plot shows other ratios than were measured."""
    drawing = ET.fromstring(
        draw_bars("t", [Bar("a<b", 1.0, "ours"), Bar("c", 10.0, "others"), Bar("d", 100.0, "others")])
    )
    one, ten, hundred = (float(rect.attrib["width"]) for rect in drawing.iter(f"{SVG}rect"))
    assert one > 0, "the least can be seen, too"
    assert (ten - one, hundred - ten) == pytest.approx((one, one), abs=0.2), "each is a decade more"
    assert "a<b" in {text.text for text in drawing.iter(f"{SVG}text")}


def test_lines_in_proportion_are_straight_and_names_stand_apart() -> None:
    """Broken: growth looks other than it is, or two names are printed over each other."""
    points = [(n, n / 1_000) for n in (1_000.0, 10_000.0, 100_000.0)]
    drawing = ET.fromstring(draw_lines("t", [Line("one", points), Line("two", points)]))
    path = next(drawing.iter(f"{SVG}polyline")).attrib["points"].split()
    (x0, y0), (x1, y1), (x2, y2) = ((float(part) for part in point.split(",")) for point in path)
    assert (x1 - x0, y1 - y0) == pytest.approx((x2 - x1, y2 - y1), abs=0.2)
    one, two = (float(text.attrib["y"]) for text in drawing.iter(f"{SVG}text") if text.text in {"one", "two"})
    assert abs(one - two) >= 14
