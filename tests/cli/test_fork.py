"""`wantd bel fork` and `compare`, with a real log and no code of any job: nothing is run, and time is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.kit import as_json, here, wantd

CONFIG = """\
[application]
name = "fork"
state = "elsewhere"

[pools]
default = 4

[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["sh", "jobs/raw.sh"]

[[job]]
name = "broken"
outputs = ["broken"]
command = ["sh", "jobs/broken.sh"]

[[job]]
name = "top"
outputs = ["top"]
inputs = ["raw/0", "raw/1", "raw/2", "raw/3"]
command = ["sh", "jobs/raw.sh"]
"""

RAW = """\
echo ran >> ran
sleep 0.3
location=$(sed -n 's/.*"outputs":\\[{[^}]*"location":"\\([^"]*\\)".*/\\1/p' "$WANTD_CONTEXT")
echo "made $1" > "$location"
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of an application in which something was built, and its configuration: no code of any job."""
    app = tmp_path_factory.mktemp("fork") / "app"
    (app / "jobs").mkdir(parents=True)
    (app / "wantd.toml").write_text(CONFIG)
    (app / "jobs" / "raw.sh").write_text(RAW)
    (app / "jobs" / "broken.sh").write_text("echo ran >> ran; exit 3\n")
    assert wantd(app, "build", "broken").returncode == 1
    assert wantd(app, "build", "top").returncode == 0
    copy = app.parent / "copy"
    copy.mkdir()
    shutil.copy(app / "wantd.toml", copy)
    shutil.copytree(app / "elsewhere", copy / "elsewhere", ignore=shutil.ignore_patterns("store", "runs", "socket"))
    return copy


def forked(copied: Path, folder: Path, at: str = "0") -> Path:
    done = here(copied, "bel", "fork", "--at", at, str(folder))
    assert done.returncode == 0, done.stderr
    return folder


def test_the_same_configuration_gives_the_same_outcome(copied: Path, tmp_path: Path) -> None:
    """Broken: nobody can trust what a comparison says of a change."""
    fork = forked(copied, tmp_path / "fork")
    found = as_json(fork, "bel", "compare")
    assert found["same"] is True
    assert found["wants"] == []
    assert found["was"]["makespan_s"] == pytest.approx(found["would_be"]["makespan_s"], abs=0.001)
    assert found["was"]["wants"] == found["would_be"]["wants"] == {"Failed": 1, "Successful": 1}
    assert "the same outcome" in here(fork, "bel", "compare").stderr


def test_half_the_pool_takes_longer_and_its_log_can_be_asked(copied: Path, tmp_path: Path) -> None:
    """Broken: what a smaller pool costs is not seen, or what would have happened cannot be looked at."""
    fork = forked(copied, tmp_path / "fork")
    config = fork / "wantd.toml"
    config.write_text(config.read_text().replace("default = 4", "default = 2"))
    found = as_json(copied, "bel", "compare", str(fork))
    assert found["would_be"]["makespan_s"] > found["was"]["makespan_s"] + 0.2
    assert found["would_be"]["open_s"] > found["was"]["open_s"] + 0.2
    assert found["would_be"]["queued_s"] > found["was"]["queued_s"]
    assert found["same"] is True
    shown = here(copied, "bel", "compare", str(fork))
    assert "makespan, seconds" in shown.stdout
    assert here(fork, "bel", "verify").returncode == 0
    assert [one["state"] for one in as_json(fork, "want", "list")] == ["Failed", "Successful"]
    assert as_json(fork, "why", "top")["done"] is True
    assert as_json(fork, "why", "top", "--at", "1")["done"] is False


def test_a_fork_begins_where_it_is_told_to(copied: Path, tmp_path: Path) -> None:
    """Broken: a fork holds more than was known at its moment, or forgets what was."""
    first = as_json(copied, "want", "list")[0]["seq"]
    fork = forked(copied, tmp_path / "fork", str(first))
    assert [one["state"] for one in as_json(fork, "want", "list")] == ["Failed"]
    found = as_json(fork, "bel", "compare")
    assert (found["at_seq"], found["same"]) == (first, True)
    assert found["was"]["wants"] == {"Successful": 1}
    assert [one["state"] for one in as_json(fork, "want", "list")] == ["Failed", "Successful"]


def test_nothing_is_ever_started_for_a_fork(copied: Path, tmp_path: Path) -> None:
    """Broken: somebody who plays with a copy of production runs its jobs."""
    fork = forked(copied, tmp_path / "fork")
    (fork / "jobs").mkdir()
    (fork / "jobs" / "raw.sh").write_text("touch it-ran\n")
    (fork / "jobs" / "broken.sh").write_text("touch it-ran\n")
    as_json(fork, "bel", "compare")
    for command in (("build", "raw/7"), ("serve",), ("partition", "taint", "top", "--reason", "x")):
        done = here(fork, *command)
        assert done.returncode == 77, (command, done.stderr)
        assert "fork" in done.stderr
    assert not list(fork.rglob("it-ran"))
    assert not (fork / ".wantd" / "runs").exists()


def test_what_is_no_fork_or_no_place_for_one_is_refused(copied: Path, tmp_path: Path) -> None:
    """Broken: a fork is written over something, or something else is played."""
    assert here(copied, "bel", "fork", "--at", "0", str(copied)).returncode == 77
    assert here(copied, "bel", "compare").returncode == 66
    assert here(copied, "bel", "fork", "--at", "lunch", str(tmp_path / "x")).returncode == 65
    assert not (tmp_path / "x").exists()
