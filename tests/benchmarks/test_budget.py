"""What the promises cost by themselves can be measured, each step for what it is."""

from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from bel.driver import open_scratch, uri_of
from benchmarks import budget
from benchmarks.appending import happening


def test_each_step_of_an_entry_is_measured_over_the_same_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a step measures nothing, so that everything seems possible."""
    monkeypatch.setattr(budget, "GOES", 1)
    steps = {step.what: step.us for step in budget.of_an_entry(list(islice(happening(), 3_000)), tmp_path)}
    assert list(steps) == [
        "encode",
        "chain",
        "insert",
        "fold: the entity alone",
        "fold: with the indices of the world",
        "read",
        "decode",
    ]
    assert all(us > 0 for us in steps.values())
    with closing(open_scratch()) as database:
        database.execute("ATTACH ? AS log", (uri_of(tmp_path / "log", "ro"),))
        assert database.execute("SELECT count(*), max(seq) FROM log.entry").fetchone() == (3_000, 3_000)


def test_each_step_of_a_start_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: what the machine itself takes is not known."""
    for name, value in (("GOES", 1), ("COMMITS", 20), ("WAKES", 50)):
        monkeypatch.setattr(budget, name, value)
    steps = budget.of_a_start(tmp_path, shells=10)
    assert [step.what for step in steps] == [
        "commit of one entry",
        "a thread is told, and tells",
        "a shell that makes a file, two at a time",
    ]
    assert len(list(tmp_path.glob("*/[0-9]"))) == 10
    assert all(step.us > 0 for step in steps)
