"""`wantd bel`: reading, judging and moving the log."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.kit import as_json, here, make_application, wantd


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application in which something was built."""
    app = make_application(tmp_path_factory.mktemp("log") / "app")
    assert wantd(app, "build", "sum").returncode == 0
    assert wantd(app, "build", "broken").returncode == 1
    return app


@pytest.fixture
def app(built: Path, tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return Path(shutil.copytree(built, tmp_path / "app", ignore=shutil.ignore_patterns("keepers")))


def change(app: Path, statement: str) -> None:
    """Change the log behind our back."""
    connection = sqlite3.connect(app / ".wantd" / "bel.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_the_newest_entries_are_shown(app: Path) -> None:
    """Broken: nobody can see what happened last."""
    shown = here(app, "bel", "tail", "-n", "3").stdout.splitlines()
    assert len(shown) == 3
    assert "WantFailed" in shown[-1]


def test_entries_are_chosen_and_are_lines_of_json(app: Path) -> None:
    """Broken: a program cannot follow one kind of entries, or one want."""
    done = here(app, "bel", "tail", "--after", "0", "--kind", "PartitionLive", "--json")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(entries) == 3
    want = entries[0]["want"]
    everything = here(app, "bel", "tail", "--after", "0", "--entity", want, "--json").stdout.splitlines()
    assert {json.loads(line)["kind"] for line in everything} >= {"WantCreated", "JobRunSucceeded", "PartitionLive"}


def test_one_entry_is_shown_with_its_payload(app: Path) -> None:
    """Broken: the evidence that `why` names cannot be looked at."""
    assert as_json(app, "bel", "show", "1")["kind"] == "WantCreated"
    assert '"refs"' in here(app, "bel", "show", "1").stdout
    assert here(app, "bel", "show", "1000000").returncode == 66


def test_a_sound_log_is_found_sound(app: Path) -> None:
    """Broken: verify cries wolf."""
    done = here(app, "bel", "verify")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert "0 findings" in done.stderr


def test_a_changed_byte_is_found(app: Path) -> None:
    """Broken: damage in the log goes unseen, or its place is wrong."""
    change(app, "UPDATE entry SET payload = replace(payload, 'sum', 'mus') WHERE seq = 1")
    done = here(app, "bel", "verify")
    assert done.returncode == 1
    assert "the first bad entry is 1" in done.stderr


def content(app: Path) -> dict[str, bytes]:
    """The log and all that lies beside it, but for what a reader needs."""
    files = (app / ".wantd").glob("bel.sqlite*")
    return {path.name: path.read_bytes() for path in files if not path.name.endswith(("-shm", "-wal"))}


def test_a_damaged_log_is_recovered_as_it_was_foreseen(app: Path) -> None:
    """Broken: nobody can go on after damage, a dry run changes something, or what was lost is not told."""
    last = as_json(app, "bel", "tail", "-n", "1", "--json")["seq"]
    change(app, f"UPDATE entry SET payload = '{{}}' WHERE seq = {last - 2}")
    before = content(app)
    foreseen = here(app, "bel", "recover", "--dry-run")
    assert foreseen.returncode == 0, foreseen.stderr
    assert content(app) == before
    done = here(app, "bel", "recover")
    assert done.returncode == 0, done.stderr
    assert done.stderr == foreseen.stderr.replace("would be", "were")
    dropped = app / ".wantd" / "bel.sqlite.damaged-1.dropped.ndjson"
    assert str(dropped) in done.stderr
    entries = [json.loads(line) for line in dropped.read_text().splitlines()[1:]]
    assert f"dropped: {len(entries)} entries" in done.stderr
    assert dropped.with_name("bel.sqlite.damaged-1").exists()
    assert here(app, "bel", "verify").returncode == 0
    assert wantd(app, "build", "sum").returncode == 0


def test_a_sound_log_is_not_recovered(app: Path) -> None:
    """Broken: entries of a sound log are dropped, or a program takes nothing to do for something done."""
    before = content(app)
    for how in ([], ["--dry-run"]):
        done = here(app, "bel", "recover", *how)
        assert done.returncode == 1
        assert "nothing is damaged" in done.stderr
    assert content(app) == before


def test_a_log_is_not_recovered_under_a_daemon(app: Path) -> None:
    """Broken: the log is exchanged while a daemon writes it."""
    with (app / ".wantd" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert here(app, "bel", "recover").returncode == 75


def test_damage_is_not_read_as_if_nothing_were(app: Path) -> None:
    """Broken: answers come from a damaged log, or the error is a traceback."""
    change(app, "UPDATE entry SET kind = 'WantSuccessful' WHERE seq = 1")
    done = here(app, "want", "list")
    assert done.returncode == 1
    assert "bel verify" in done.stderr


def test_a_log_can_be_moved(app: Path, tmp_path: Path) -> None:
    """Broken: an export does not hold everything, or an import is another log."""
    file = tmp_path / "log.ndjson"
    assert here(app, "bel", "export", str(file)).returncode == 0
    other = make_application(tmp_path / "other")
    done = here(other, "bel", "import", str(file))
    assert done.returncode == 0, done.stderr
    assert as_json(other, "partition", "list") != []
    names = ("id", "state", "ref", "seq")
    first, second = ([{n: one[n] for n in names} for one in as_json(a, "partition", "list")] for a in (app, other))
    assert first == second
    assert here(other, "bel", "verify").returncode == 0
    assert here(other, "bel", "import", str(file)).returncode == 77


def test_half_an_export_leaves_nothing(app: Path, tmp_path: Path) -> None:
    """Broken: an import that failed leaves a log that looks whole."""
    file = tmp_path / "log.ndjson"
    here(app, "bel", "export", str(file))
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-3]))
    other = make_application(tmp_path / "other")
    assert here(other, "bel", "import", str(file)).returncode == 65
    assert sorted(path.name for path in (other / ".wantd").iterdir()) == ["lock"]


def test_an_export_goes_to_standard_output(app: Path) -> None:
    """Broken: `wantd bel export | gzip` is empty."""
    lines = wantd(app, "bel", "export").stdout.splitlines()
    assert len(lines) == 1 + json.loads(lines[0])["seq"]


def test_snapshots_are_made_and_listed(app: Path) -> None:
    """Broken: a snapshot cannot be taken by hand, or harms the log."""
    assert as_json(app, "bel", "snapshot", "list") == []
    assert here(app, "bel", "snapshot", "make").returncode == 0
    (made,) = as_json(app, "bel", "snapshot", "list")
    assert made["seq"] == int(here(app, "bel", "tail", "-n", "1").stdout.split()[0])
    assert here(app, "bel", "verify").returncode == 0


def test_where_there_is_no_log_it_is_said(tmp_path: Path) -> None:
    """Broken: verifying nothing looks like verifying something."""
    app = make_application(tmp_path / "fresh")
    for command in ("verify", "export", "snapshot list", "snapshot make"):
        done = here(app, "bel", *command.split())
        assert done.returncode == 66, command
        assert "there is no log" in done.stderr
