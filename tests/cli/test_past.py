"""`--at` and `wantd diff`: the past on the command line, without a daemon."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.kit import as_json, here, make_application, wantd


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application in which something was built, then something failed."""
    app = make_application(tmp_path_factory.mktemp("past") / "app")
    assert wantd(app, "build", "sum").returncode == 0
    assert wantd(app, "build", "broken").returncode == 1
    return app


@pytest.fixture
def app(built: Path, tmp_path: Path) -> Path:
    """A copy of it that may be changed."""
    return Path(shutil.copytree(built, tmp_path / "app", ignore=shutil.ignore_patterns("keepers")))


def end_of_first(app: Path) -> int:
    """The entry that says that the first want was successful."""
    lines = here(app, "bel", "tail", "--after", "0", "--kind", "WantSuccessful", "--json").stdout.splitlines()
    return int(json.loads(lines[0])["seq"])


def test_every_read_takes_a_moment(app: Path) -> None:
    """Broken: a read cannot be asked about the past, or answers about the present."""
    seq = end_of_first(app)
    then = ("--at", str(seq))
    (want,) = as_json(app, "want", "list", *then)
    assert (want["state"], len(as_json(app, "want", "list"))) == ("Successful", 2)
    assert as_json(app, "want", "show", want["id"], *then)["at_seq"] == seq
    (failed,) = as_json(app, "jobrun", "list", "--job", "broken")
    assert as_json(app, "jobrun", "list", "--job", "broken", *then) == []
    assert here(app, "jobrun", "show", failed["id"], *then).returncode == 66
    assert as_json(app, "why", "broken", *then)["root"]["code"] == "nobody_wants"
    assert as_json(app, "why", "broken")["root"]["code"] == "want_closed"
    assert [one["ref"] for one in as_json(app, "partition", "list", *then)] == ["one/1", "one/2", "sum"]
    assert as_json(app, "partition", "show", "sum", *then)["done"] is True
    assert as_json(app, "partition", "lineage", "sum", *then)["at_seq"] == seq
    assert as_json(app, "job", "lookup", "sum", "--at", "0")["inputs"][0]["done"] is False
    assert len(as_json(app, "plan", "sum", "--at", "0")["runs"]) == 3
    assert as_json(app, "graph", "sum", *then)["at_seq"] == seq
    assert as_json(app, "job", "list", *then)


def test_where_data_was_is_said_with_the_moment(app: Path) -> None:
    """Broken: nobody can tell which moment an answer is about."""
    seq = end_of_first(app)
    where = here(app, "partition", "path", "sum", "--at", str(seq))
    assert Path(where.stdout.strip()).read_text() == "sum"
    assert re.search(rf"as of entry {seq}, \d{{4}}-", where.stderr)
    assert here(app, "partition", "path", "sum", "--at", "0").returncode == 66


@pytest.mark.parametrize(
    ("moment", "code", "said"),
    [
        ("lunch", 65, "write a seq"),
        ("-9000d", 66, "the log begins at"),
        ("99999999", 66, "the log ends at entry"),
        ("8000-01-01", 66, "has not come yet"),
    ],
)
def test_what_is_no_moment_of_the_log_is_refused_in_words(app: Path, moment: str, code: int, said: str) -> None:
    """Broken: a wrong moment ends in a traceback, or is answered with another one."""
    done = here(app, "want", "list", "--at", moment)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_so_long_ago_is_a_moment(app: Path) -> None:
    """Broken: `--at -1ms` is taken for an option."""
    assert len(as_json(app, "want", "list", "--at", "-1ms")) == 2


def test_the_difference_of_two_moments_is_printed(app: Path) -> None:
    """Broken: nobody sees what happened overnight."""
    seq = str(end_of_first(app))
    done = here(app, "diff", "--from", seq)
    assert done.returncode == 0, done.stderr
    assert "wants failed\t1" in done.stdout
    assert re.search(r"^p\S+\tbroken\t\tFailed\t\d+$", done.stdout, flags=re.MULTILINE)
    assert "partition" not in here(app, "diff", "--from", seq, "--sums").stdout.replace("partitions", "")
    found = as_json(app, "diff", "--from", "0", "--to", seq)
    assert (found["sums"]["partitions_live"], found["events"]["PartitionLive"], found["end_seq"]) == (3, 3, int(seq))
    assert here(app, "diff", "--from", seq, "--to", "0").returncode == 65
    assert here(app, "diff").returncode == 2
