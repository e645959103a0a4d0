"""What is said is true, and says what to do next."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.kit import here, line_with, make_application, start, stop, wantd

PICKY = """
[[job]]
name    = "picky"
outputs = ["picky/{x}"]
command = ["sh", "jobs/picky.sh"]
batch   = { max = 2 }
retry   = { tries = 2, backoff = "1s" }

[[job]]
name    = "inside"
outputs = ["inside"]
inputs  = ["outside"]
python  = "jobs:write"
"""

PICKY_SH = """\
for ref in "$@"; do
    case $ref in
        picky/bad) echo '{"failed": "picky/bad", "reason": "it is sour"}' >>"$WANTD_REPORT" ;;
        *)
            location=$(sed "s|.*\\"$ref\\",\\"location\\":\\"\\([^\\"]*\\)\\".*|\\1|" "$WANTD_CONTEXT")
            echo made >"$location"
            echo "{\\"output\\": \\"$ref\\"}" >>"$WANTD_REPORT" ;;
    esac
done
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = make_application(tmp_path / "app")
    config = folder / "wantd.toml"
    config.write_text(config.read_text() + PICKY)
    (folder / "jobs" / "picky.sh").write_text(PICKY_SH)
    return folder


def test_a_batch_that_half_failed_is_not_called_built(app: Path) -> None:
    """Broken: the line of a batch says that a ref was built which was not, or hides that it is tried again."""
    said = wantd(app, "build", "picky/bad", "picky/good").stderr
    assert "built but for picky/bad: it is sour; next try in 1 s" in said
    assert "failed (exit_code): it is sour (" in said
    assert "wantd want show" in said


def test_data_is_spoken_of_without_a_daemon(app: Path) -> None:
    """Broken: who only uses `wantd build` cannot report what came from outside, or taint what is wrong."""
    assert here(app, "partition", "report", "outside", "--digest", "a").returncode == 0
    assert wantd(app, "build", "inside").returncode == 0
    assert here(app, "partition", "taint", "inside", "--reason", "wrong").returncode == 0
    assert "must not be used" in here(app, "why", "inside").stdout
    assert wantd(app, "build", "inside").returncode == 0
    assert here(app, "bel", "verify").returncode == 0


def test_what_is_stale_is_called_stale(app: Path) -> None:
    """Broken: data that is there and readable is said not to be there."""
    here(app, "partition", "report", "outside", "--digest", "a")
    assert wantd(app, "build", "inside").returncode == 0
    assert here(app, "why", "inside").stdout.startswith("inside is there (Live)")
    here(app, "partition", "report", "outside", "--digest", "b")
    assert here(app, "why", "inside").stdout.startswith("inside is there, but stale (Live)")
    rows = [line.split("\t")[:3] for line in here(app, "partition", "list").stdout.splitlines()]
    assert ["inside", "Live", "stale"] in rows


def test_a_build_that_waits_for_somebody_says_so(app: Path) -> None:
    """Broken: a build that waits for data from outside looks as if it hung."""
    building = start(app, "build", "inside")
    assert "1 ref of outside" in line_with(building, "nothing runs")
    assert "wantd partition report" in line_with(building, "Ctrl-C")
    refused = here(app, "partition", "report", "outside")
    assert refused.returncode == 75
    assert f"process {building.pid}" in refused.stderr
    assert "wantd serve" in refused.stderr
    assert stop(building, signal.SIGINT) == 130


def test_a_plan_that_can_not_be_carried_out_says_no(app: Path) -> None:
    """Broken: a script goes on after a plan that is impossible."""
    assert here(app, "plan", "sum").returncode == 0
    done = here(app, "plan", "sum/of/nothing")
    assert done.returncode == 1
    assert "nothing to run; 1 ref impossible" in done.stderr
    assert "1 ref awaited from outside" in here(app, "plan", "inside").stderr


def test_counts_of_one_read_well(app: Path) -> None:
    """Broken: sentences speak of "1 refs", as if nobody had ever read one."""
    here(app, "partition", "report", "outside", "--digest", "a")
    assert wantd(app, "build", "inside").returncode == 0
    here(app, "partition", "report", "outside", "--digest", "b")
    assert "is stale: 1 of 1 inputs changed since" in here(app, "why", "inside").stdout


def test_who_reports_what_is_not_awaited_learns_what_is(app: Path) -> None:
    """Broken: a typing error in a report leaves a person without the name that would have been right."""
    mistyped = here(app, "partition", "report", "outsid")
    assert (mistyped.returncode, "the nearest is outside" in mistyped.stderr) == (65, True)
    nothing_like_it = here(app, "partition", "report", "x/y/z")
    assert (nothing_like_it.returncode, "wantd job list" in nothing_like_it.stderr) == (65, True)
    made_here = here(app, "partition", "report", "sum")
    assert (made_here.returncode, "wantd build sum" in made_here.stderr) == (65, True)


def test_a_plan_of_something_like_nothing_points_to_the_list(app: Path) -> None:
    """Broken: a plan says that the nearest patterns are none."""
    assert "wantd job list" in here(app, "plan", "x/y/z").stdout
    assert "the nearest: sum" in here(app, "plan", "sums").stdout


def test_a_plan_that_no_script_can_follow_is_refused_in_words(app: Path) -> None:
    """Broken: asking for a script of what cannot be scripted is answered as if wantd had a bug."""
    for ref in ("sum/of/nothing", "inside"):
        done = here(app, "plan", "--format", "sh", ref)
        assert done.returncode == 1
        assert "use wantd build instead" in done.stderr
        assert not done.stdout
