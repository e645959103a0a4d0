"""What a job gets of the daemon: what was declared, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.kit import as_json, here
from tests.security.kit import PASSED, built, saw

OF_A_RUN = {"WANTD_CONTEXT", "WANTD_KEEPER", "WANTD_OUTPUT", "WANTD_REPORT", "WANTD_RUN"}
OURS = {"LANG", "PATH", "WANTD_APPLICATION"} | OF_A_RUN


def looked(app: Path, kind: str) -> Any:
    """What a job of a kind saw."""
    if kind == "configure":
        assert built(app, "asked/a") == "Successful"
        return json.loads((app / "configured.json").read_text())
    assert built(app, f"{kind}/a") == "Successful"
    return saw(app, f"{kind}/a")


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("process", OURS | {"TOKEN"}),
        ("worker", OURS | {"TOKEN"}),
        ("configure", OURS - OF_A_RUN),
    ],
)
def test_the_environment_holds_what_was_declared_and_nothing_else(app: Path, kind: str, keys: set[str]) -> None:
    """Broken: a job sees a key of the daemon's environment that nobody gave it, or misses one that was."""
    found = looked(app, kind)
    assert set(found["keys"]) - {"LC_CTYPE"} == keys  # Python itself may set LC_CTYPE
    if "TOKEN" in keys:
        assert found["token"] == hashlib.sha256(PASSED.encode()).hexdigest()


@pytest.mark.parametrize("kind", ["process", "worker", "configure"])
def test_no_descriptor_of_the_daemon_or_keeper_is_open_in_a_job(app: Path, kind: str) -> None:
    """Broken: a job can write to the log, to the socket, or to another job's output."""
    found = looked(app, kind)["fds"]
    own = {"3": "its channel", "4": "/dev/null"} if kind == "worker" else {}
    assert set(found) == {"0", "1", "2", *own}
    assert (found["0"], found.get("4", "/dev/null")) == ("/dev/null", "/dev/null")


@pytest.mark.parametrize("kind", ["process", "worker", "configure"])
def test_a_job_begins_private_and_without_core_dumps(app: Path, kind: str) -> None:
    """Broken: others can read what a job writes, or its secrets from a dump of its memory."""
    found = looked(app, kind)
    assert found["umask"] == 0o077
    assert found["core"] == [0, 0]
    assert found["stdin"] == ("/dev/null" if kind == "worker" else "")
    assert found["session"]


def test_the_log_of_a_job_is_capped(app: Path) -> None:
    """Broken: a job that prints for ever fills the disk."""
    assert built(app, "noisy/cap") == "Successful"
    (run,) = [run for run in as_json(app, "jobrun", "list", "--job", "noisy") if run["first_output"] == "noisy/cap"]
    log = app / ".wantd" / "runs" / f"{run['id']}.log"
    assert log.stat().st_size <= 64_000
    assert "bytes dropped here" in here(app, "jobrun", "logs", run["id"]).stdout


@pytest.mark.parametrize("instead", ["fifo", "link", "folder"])
def test_what_a_job_puts_in_the_place_of_its_log_is_not_read(app: Path, instead: str) -> None:
    """Broken: reading the output of a job waits for ever on a pipe, or shows another file."""
    assert built(app, f"process/{instead}") == "Successful"
    runs = as_json(app, "jobrun", "list", "--job", "process")
    (run,) = [run["id"] for run in runs if run["first_output"] == f"process/{instead}"]
    log = app / ".wantd" / "runs" / f"{run}.log"
    log.unlink(missing_ok=True)
    match instead:
        case "fifo":
            os.mkfifo(log)
        case "link":
            log.symlink_to("/etc/passwd")
        case _:
            log.mkdir()
    done = here(app, "jobrun", "logs", run)
    assert done.returncode == 66
    assert "root:" not in done.stdout
