"""The daemon as process 1 of a container without an init: it reaps what jobs leave behind, and ends when asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.kit import as_json, here, line_with
from tests.security.kit import built, make_application

APART = ["unshare", "--pid", "--fork", "--mount-proc"]
"""A container as far as processes are concerned."""
PATIENCE_S = 20.0


def can_be_apart() -> bool:
    try:
        return subprocess.run([*APART, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not can_be_apart(), reason="this user may not make a process namespace (unshare --pid)")


def children(pid: int) -> dict[int, str]:
    """The children of a process, each with its state."""
    found: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(parent) == pid:
                found[int(folder.name)] = state
    return found


class Container:
    """A daemon as process 1."""

    def __init__(self, app: Path) -> None:
        self.app = app
        command = [*APART, sys.executable, "-m", "wantd", "serve"]
        self.outside = subprocess.Popen(command, cwd=app, stderr=subprocess.PIPE, text=True, start_new_session=True)
        line_with(self.outside, "ready")
        (self.first,) = children(self.outside.pid)

    def end(self, number: int) -> int:
        """Signal process 1, and say how the container ended."""
        os.kill(self.first, number)
        self.outside.communicate(timeout=PATIENCE_S)
        return self.outside.returncode


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    made = Container(make_application(tmp_path / "app"))
    yield made
    if made.outside.poll() is None:
        os.kill(made.first, signal.SIGKILL)
        made.outside.communicate()


def test_what_jobs_leave_behind_is_reaped(container: Container) -> None:
    """Broken: every process that a job leaves running stays as a zombie, until the container has no ids left."""
    assert built(container.app, *(f"orphans/{n}" for n in range(3))) == "Successful"
    give_up_at = time.monotonic() + PATIENCE_S
    while "Z" in children(container.first).values():
        assert time.monotonic() < give_up_at, children(container.first)
    assert (container.app / "orphaned").read_text().split() == ["1"] * 6
    assert container.end(signal.SIGTERM) == 0


def test_a_signal_drains_the_daemon_and_the_container_ends_as_it_does(container: Container) -> None:
    """Broken: stopping the container kills the daemon in the middle of its work after ten seconds."""
    assert here(container.app, "want", "create", "slow/1").returncode == 0
    while not as_json(container.app, "jobrun", "list", "--state", "Running"):
        pass
    assert container.end(signal.SIGTERM) == 0
    assert not (container.app / ".wantd" / "socket").exists()


def test_a_daemon_that_dies_takes_the_container_with_it(container: Container) -> None:
    """Broken: a container without a daemon goes on for ever, and nobody starts it anew."""
    (daemon,) = [pid for pid in children(container.first) if b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(daemon, signal.SIGKILL)
    container.outside.communicate(timeout=PATIENCE_S)
    assert container.outside.returncode == 128 + signal.SIGKILL
