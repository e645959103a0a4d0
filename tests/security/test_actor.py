"""Who did it: known from the kernel, written down with every command, and never taken from a request."""

from __future__ import annotations

import getpass
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.api.requests import BASE
from tests.security.kit import built
from tests.security.wire import ask

ME = f"cli:{getpass.getuser()}"
FORGED = (
    *("X-Forwarded-For: boss", "X-Forwarded-User: boss", "X-Forwarded-Proto: https", "Forwarded: for=boss"),
    *("X-Real-IP: boss", "Remote-User: boss", "Authorization: Basic Ym9zczpib3Nz", "Cookie: user=boss"),
)


def _tail(app: Path, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := ask(
        app / ".wantd" / "socket", "GET", f"{BASE}/entries?kind={kind}&after={found[-1]['seq'] if found else 0}"
    ).json()["items"]:
        found += page
    return found


def test_every_command_leaves_who_gave_it(app: Path) -> None:
    """Broken: something was done, and nobody can say by whom; or a header says that it was somebody else."""
    path = app / ".wantd" / "socket"
    assert built(app, "process/actor") == "Successful"

    def post(target: str, body: object) -> dict[str, object]:
        answer = ask(path, "POST", f"{BASE}{target}", body, *FORGED)
        assert answer.status < 300, answer
        told: dict[str, object] = answer.json()
        return told

    def is_mine(kind: str) -> None:
        actors = [entry["actor"] for entry in _tail(app, kind)]
        assert actors
        assert actors[-1] == ME, kind

    want = post("/wants", {"refs": ["above/actor"]})["id"]
    is_mine("WantCreated")
    post(f"/wants/{want}/pause", {"reason": "x"})
    is_mine("WantPaused")
    post(f"/wants/{want}/resume", {})
    is_mine("WantResumed")
    post(f"/wants/{want}/cancel", {"reason": "x"})
    is_mine("WantCanceled")
    post("/partitions/taint", {"refs": ["process/actor"], "reason": "x"})
    is_mine("PartitionTainted")
    post("/partitions/report", {"ref": "outside/b", "location": "/nowhere"})
    assert [entry["actor"] for entry in _tail(app, "PartitionLive")][-1] == ME
    failed = post("/wants", {"refs": ["unfound/actor"]})["id"]
    ask(path, "GET", f"{BASE}/wants/{failed}/wait?timeout_s=20")
    post(f"/wants/{failed}/retry", {})
    is_mine("WantRetried")
    slow = post("/wants", {"refs": ["slow/actor"]})["id"]
    while not (runs := ask(path, "GET", f"{BASE}/jobruns?job=slow&states=Running&want={slow}").json()["items"]):
        pass
    post(f"/jobruns/{runs[0]['id']}/cancel", {"reason": "x"})
    assert [entry["event"]["by"] for entry in _tail(app, "JobRunCanceling")][-1] == ME
    is_mine("JobRunCanceling")


@pytest.mark.parametrize("target", ["/wants", "/partitions/taint", "/partitions/report", "/wants/x/cancel", "/plan"])
def test_an_actor_in_a_request_is_refused(app: Path, target: str) -> None:
    """Broken: a request may say who it comes from."""
    answer = ask(app / ".wantd" / "socket", "POST", f"{BASE}{target}", {"refs": ["process/a"], "actor": "cli:boss"})
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")
    asked = ask(app / ".wantd" / "socket", "GET", f"{BASE}/status?actor=cli:boss")
    assert asked.status in {200, 400}
    assert "boss" not in json.dumps(_tail(app, ""))


def test_only_the_owner_reaches_the_socket_whatever_the_umask(app: Path) -> None:
    """Broken: with a careless umask everybody on the machine may command the daemon."""
    state = app / ".wantd"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "socket").stat().st_mode) == 0o600


def test_nothing_in_the_state_directory_is_open_to_others(app: Path) -> None:
    """Broken: where somebody widens the state directory itself, others can read or change what is in it."""
    assert built(app, "process/modes", "worker/modes") == "Successful"
    inside = [path for path in (app / ".wantd").rglob("*") if not path.is_symlink()]
    wide = {str(path): oct(path.lstat().st_mode) for path in inside if stat.S_IMODE(path.lstat().st_mode) & 0o077}
    assert len(inside) > 10
    assert wide == {}
