"""Peers are asked to build what we build, and those that cannot be had are told of."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Figures
from benchmarks.peers import environments, running
from benchmarks.peers.environments import About, about_peers
from benchmarks.peers.running import SCRIPTS, peers_installed, run_peer
from benchmarks.peers.table import peers_table
from benchmarks.rows import PEERS, Absent, Case, Row

TOY = '''"""A peer that only looks at what it is told."""
from common import last, needs, timed
with timed("build"):
    graph = needs()
assert graph == {graph}, graph
assert last(graph) == {last}, last(graph)
'''


def test_every_peer_is_pinned_described_and_has_a_script() -> None:
    """Broken: figures are of whatever version was newest, or a peer is asked for that nobody can run."""
    assert set(about_peers()) == set(PEERS)
    assert {path.name for path in SCRIPTS.glob("with_*.py")} == {f"with_{peer}.py" for peer in PEERS}
    for about in about_peers().values():
        assert "==" in about.packages[0]
        assert about.done.startswith(("yes: ", "no: "))


def test_a_peer_is_given_our_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a ratio compares two graphs that are not the same."""
    scripts, folder = tmp_path / "scripts", tmp_path / "run"
    scripts.mkdir()
    folder.mkdir()
    (scripts / "common.py").write_text((SCRIPTS / "common.py").read_text())
    (scripts / "with_dask.py").write_text(TOY.format(graph=[[], [0], [1], [2]], last=[3]))
    monkeypatch.setattr(running, "SCRIPTS", scripts)
    case = Case("chain", 4, "inline")
    (row,) = run_peer("dask", Path(sys.executable), case, folder)
    assert (row.side, row.case, row.phase, row.partitions) == ("dask", case, "build", 4)


def test_a_peer_that_cannot_be_installed_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: one registry that is away ends all measuring, or a peer is missing without a word."""
    nothing = About(("--no-index", "there-is-no-such-thing==1"), "not at all", "no: nothing")
    monkeypatch.setattr(environments, "about_peers", lambda: {"dask": nothing})
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)
    pythons, (absent,) = peers_installed(["dask"])
    assert pythons == {}
    assert (absent.side, "there-is-no-such-thing" in absent.why) == ("dask", True)


def test_the_table_has_what_done_is_worth_and_who_is_missing() -> None:
    """Broken: who keeps nothing looks faster than who keeps everything, and nothing says so."""
    rows = [
        Row("dask", Case("fanout", 1_000, "inline"), "build", 1.001, 1_001, peak_mb=50.0),
        Row("dask", Case("fanout", 1_000, "inline"), "again", 0.1, 1_001),
        Row("wantd", Case("fanout", 1_000, "inline"), "build", 0.2002, 1_001),
        Row("wantd", Case("fanout", 10_000, "inline"), "build", 2.0, 10_001),
    ]
    dask = about_peers()["dask"]
    text = peers_table(Figures(rows), [Absent("prefect", "its environment", "no")])
    assert "| wantd | 1,000 | a Python function in the daemon | 0.2 | - | - | - | - | yes: " in text
    version = dask.packages[0].replace("==", " ")
    assert f"| {version} | 1,000 | {dask.how} | 1 | - | - | 100.00 | 50 | no: nothing is kept |" in text
    assert re.search(r"\| prefect [\d.]+ \| - \|", text)
    assert "not measured" in text
    assert "10,000" not in text


def test_nothing_is_said_of_peers_where_none_was_asked_for() -> None:
    """Broken: an empty table."""
    assert peers_table(Figures([Row("wantd", Case("fanout", 1_000, "inline"), "build", 1.0, 1_001)]), []) == ""
