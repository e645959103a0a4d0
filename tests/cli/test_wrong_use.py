"""Everything that a new user may do wrong: each gets what, where and what to do, and a documented exit code."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.kit import here, line_with, make_application, start, stop, wantd


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return make_application(tmp_path / "app")


def refused(folder: Path, *arguments: str, code: int, says: str) -> str:
    """Run a command that must be refused, and give what it said."""
    done = here(folder, *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.splitlines()) >= 2, "it says what is wrong, and what to do"
    return done.stderr


def test_no_configuration(tmp_path: Path) -> None:
    """Broken: in a folder without an application a command does not say how to make one."""
    said = refused(tmp_path, "build", "a", code=78, says="there is no wantd.toml")
    assert "wantd init" in said


def test_a_configuration_that_is_not_there(app: Path) -> None:
    """Broken: a wrong --config is passed over in silence, before or behind the command."""
    refused(app, "--config", "nowhere.toml", "want", "list", code=78, says="nowhere.toml")
    refused(app, "want", "list", "--config", "nowhere.toml", code=78, says="nowhere.toml")


def test_broken_toml(app: Path) -> None:
    """Broken: a slip in the file is a traceback of the parser."""
    (app / "wantd.toml").write_text('[application]\nname = "x\n')
    refused(app, "build", "a", code=78, says="wantd.toml:2")


def test_an_unknown_key(app: Path) -> None:
    """Broken: a misspelt key is ignored, or the nearest one is not named."""
    (app / "wantd.toml").write_text(
        '[application]\nname = "x"\n[[job]]\nnaem = "a"\noutputs = ["a"]\ncommand = ["a"]\n'
    )
    said = refused(app, "config", "check", code=78, says="wantd.toml:4")
    assert "'name'" in said


def test_an_unknown_ref(app: Path) -> None:
    """Broken: a ref that no job makes is wanted for ever."""
    said = refused(app, "job", "lookup", "smu", code=66, says="smu")
    assert "sum" in said
    done = here(app, "build", "smu")
    assert done.returncode in {65, 66}
    assert "the nearest is sum" in done.stderr


def test_an_unknown_job(app: Path) -> None:
    """Broken: a typo in a job's name is not explained."""
    said = refused(app, "job", "exec", "brokn", "broken", code=66, says="brokn")
    assert "'broken'" in said


def test_an_unknown_want(app: Path) -> None:
    """Broken: a typo in an id is a bug of ours."""
    refused(app, "want", "show", "w-0", code=66, says="w-0")
    refused(app, "jobrun", "show", "r-0", code=66, says="r-0")


@pytest.mark.parametrize(
    ("machine", "state"), [("want", "Successful"), ("partition", "UpForRetry"), ("jobrun", "DepMiss")]
)
def test_an_unknown_state(app: Path, machine: str, state: str) -> None:
    """Broken: whoever misspells a state is told that there is nothing."""
    refused(app, machine, "list", "--state", "Sucessful", code=2, says=state)
    assert here(app, machine, "list", "--state", state.lower()).returncode == 0


HOSTILE = {
    "above": "../../etc/passwd",
    "inside": "one/../two",
    "quote": 'one/"1"',
    "newline": "one/1\ntwo",
    "escape": "one/\x1b[31m",
    "space": "one 1",
    "long": "one/" + "1" * 2_000,
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("command", ["build", "plan", "why", "job lookup", "partition show"])
def test_hostile_refs(app: Path, name: str, command: str) -> None:
    """Broken: a text that is no ref gets beyond the gate, or breaks the message that refuses it."""
    done = here(app, *command.split(), HOSTILE[name])
    assert done.returncode == 65, done.stderr
    assert "Traceback" not in done.stderr
    assert "is not a partition ref" in done.stderr
    assert len(done.stderr) < 1_000
    assert "\x1b" not in done.stderr


def test_a_ref_that_is_no_text(app: Path) -> None:
    """Broken: bytes that are not UTF-8 end as a bug."""
    done = wantd(app, "build", os.fsdecode(b"one/\xff"))
    assert done.returncode == 65
    assert "not UTF-8" in done.stderr


def test_a_command_that_needs_a_daemon(app: Path) -> None:
    """Broken: a want is written that nobody will build, or the refusal does not say what to do."""
    said = refused(app, "want", "create", "sum", code=69, says="no daemon")
    assert "wantd serve" in said
    refused(app, "build", "--detach", "sum", code=69, says="daemon")


def test_a_second_daemon(app: Path) -> None:
    """Broken: two daemons write one log, or the second does not say who is there."""
    first = start(app, "serve")
    line_with(first, "ready")
    refused(app, "serve", code=75, says=f"process {first.pid}")
    assert stop(first) == 0


def test_a_state_directory_that_can_not_be_made(app: Path) -> None:
    """Broken: a state directory in an impossible place is a traceback."""
    (app / ".wantd").write_text("a file is in the way")
    done = here(app, "build", "sum")
    assert done.returncode in {74, 77}, done.stderr
    assert str(app / ".wantd") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_no_permission(app: Path) -> None:
    """Broken: a state directory of somebody else is a traceback."""
    state = app / ".wantd"
    state.mkdir(mode=0o500)
    refused(app, "build", "sum", code=77, says=str(state))


def test_a_log_that_is_no_log(app: Path) -> None:
    """Broken: a file in the place of the log is overwritten, or a traceback."""
    state = app / ".wantd"
    state.mkdir(mode=0o700)
    (state / "bel.sqlite").write_text("my only copy of something")
    done = here(app, "build", "sum")
    assert done.returncode == 65, done.stderr
    assert "bel.sqlite" in done.stderr
    assert (state / "bel.sqlite").read_text() == "my only copy of something"


def test_a_socket_that_somebody_left(app: Path) -> None:
    """Broken: a stale socket makes every command fail, or keeps the next daemon from starting."""
    state = app / ".wantd"
    state.mkdir(mode=0o700)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(state / "socket"))
    listener.close()
    assert here(app, "want", "list").returncode == 0
    daemon = start(app, "serve")
    line_with(daemon, "ready")
    assert here(app, "want", "create", "sum").returncode == 0
    assert stop(daemon) == 0


def test_a_full_disk(app: Path, tmp_path: Path) -> None:
    """Broken: a full disk ends in a traceback, or without saying what to do."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        (app / "wantd.toml").write_text(
            (app / "wantd.toml").read_text().replace('name = "kit"', f'name = "kit"\nstate = "{disk}/state"')
        )
        done = wantd(app, "build", "one/1..2000")
        assert done.returncode == 75, done.stderr
        assert "Traceback" not in done.stderr
        assert "space" in done.stderr
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_broken_pipe_is_silent(app: Path) -> None:
    """Broken: `wantd ... | head -1` complains."""
    here(app, "build", "one/1..20")
    with start(app, "bel", "export") as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.read(10)
        listing.stdout.close()
        said = listing.stderr.read()
    assert "Traceback" not in said
    assert "Broken pipe" not in said


def test_a_daemon_stopped_twice_ends_at_once(app: Path) -> None:
    """Broken: a daemon that hangs while it stops can only be killed."""
    daemon = start(app, "serve")
    line_with(daemon, "ready")
    daemon.send_signal(signal.SIGTERM)
    assert stop(daemon) in {0, 128 + signal.SIGTERM}


def test_a_socket_whose_place_is_taken(app: Path) -> None:
    """Broken: the daemon removes somebody's file to listen there, or ends with a traceback."""
    state = app / ".wantd"
    state.mkdir(mode=0o700)
    (state / "socket").write_text("mine")
    assert here(app, "want", "list").returncode == 0
    done = wantd(app, "serve")
    assert done.returncode == 74, done.stderr
    assert f"{state / 'socket'} is not a socket" in done.stderr
    assert "Traceback" not in done.stderr
    assert (state / "socket").read_text() == "mine"
