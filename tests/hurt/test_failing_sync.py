"""A sync of the log fails under a real daemon: it ends with 74, and the next one goes on without a gap or a repeat.

What a power cut would do after that is tried on images, in tests/faults/test_failed_sync.py.
"""

import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from orchestrator.api.requests import BASE
from tests.acceptance.waiting import wait_until
from tests.hurt.house import Daemon, House
from tests.security.wire import ask


@contextmanager
def failing_sync(daemon: Daemon, nth: int, told: Path) -> Generator[None]:
    """Let the nth sync from now of each thread of a daemon fail. What it began before is not touched."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    command = ["strace", "-f", "-o", str(told), "-p", str(daemon.process.pid), "-e", "trace=fsync,fdatasync"]
    tracer = subprocess.Popen(
        [*command, "-e", f"inject=fsync,fdatasync:error=EIO:when={nth}"], stderr=subprocess.PIPE, text=True
    )
    assert tracer.stderr is not None
    line = tracer.stderr.readline()
    if "attached" not in line:
        tracer.communicate()
        pytest.skip(f"no process can be traced here: {line.strip()}")
    try:
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


def ask_for(house: House, ref: str) -> bool:
    """Want a ref under a key of its own; say whether it was acknowledged."""
    with suppress(OSError, HTTPException):
        answer = ask(house.socket, "POST", f"{BASE}/wants", {"refs": [ref]}, f"Idempotency-Key: {ref}")
        return answer.status == 201
    return False


def fail_and_go_on(house: House, nth: int, told: Path) -> None:
    """Tell the whole story."""
    daemon = house.begin().ready()
    house.becomes(house.want("quick/0"), "Successful")
    refs = [f"quick/{number}" for number in range(1, 30)]
    with failing_sync(daemon, nth, told):
        acknowledged = [ref for ref in refs if daemon.process.poll() is None and ask_for(house, ref)]
        wait_until(lambda: daemon.process.poll() is not None, "it ends")
    said = daemon.ends(74)
    assert "INJECTED" in told.read_text()
    assert "I/O error" in said, said

    house.begin().ready()
    found = {want["first_ref"] for want in house.ask("GET", f"{BASE}/wants").json()["items"]}
    assert {*acknowledged} <= found
    assert all(ask_for(house, ref) for ref in refs)
    wants = house.ask("GET", f"{BASE}/wants").json()["items"]
    assert sorted(want["first_ref"] for want in wants) == sorted(["quick/0", *refs]), "a want is lost, or there twice"
    for want in wants:
        house.becomes(want["id"], "Successful")
    assert sorted(note.ref for note in house.noted()) == sorted(["quick/0", *refs]), "a job ran twice, or never"
    house.begin("bel", "verify").ends(0)


@pytest.mark.parametrize("nth", [1, 6])
def test_a_sync_that_fails_ends_the_daemon_and_loses_nothing(house: House, tmp_path: Path, nth: int) -> None:
    """Broken: a failing disk makes a gap, a repeat, or a daemon that goes on over a log that it does not know."""
    fail_and_go_on(house, nth, tmp_path / "traced")


@pytest.mark.long
@pytest.mark.parametrize("nth", range(1, 31))
def test_any_sync_that_fails(house: House, tmp_path: Path, nth: int) -> None:
    """Broken: as above, at a moment that is rarely hit."""
    fail_and_go_on(house, nth, tmp_path / "traced")
