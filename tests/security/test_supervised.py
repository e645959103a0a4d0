"""The daemon under a service manager: when it is ready, how it drains, that it is alive."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.api.requests import BASE
from orchestrator.cli.notify import Manager
from orchestrator.cli.unit import danger_to_jobs
from orchestrator.daemon import open_engine
from tests.api.rigs import application
from tests.cli.kit import as_json, here, line_with
from tests.security.kit import daemon, make_application, start_daemon
from tests.security.wire import Answer, ask, connect, exchange, request

UNIT = Path(__file__).resolve().parents[2] / "config" / "wantd.service"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager: a socket that is told things, and its address."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.settimeout(20)
        yield listening, address


def test_the_service_manager_hears_ready_alive_and_stopping(tmp_path: Path, manager: tuple[socket.socket, str]) -> None:
    """Broken: systemd starts what depends on us too early, or takes a hanging daemon for a living one."""
    listening, address = manager
    process = start_daemon(make_application(tmp_path / "app"), NOTIFY_SOCKET=address, WATCHDOG_USEC="150000")
    try:
        heard = [listening.recv(100) for _ in range(4)]
        assert heard == [b"READY=1"] + [b"WATCHDOG=1"] * 3
        assert (tmp_path / "app" / ".wantd" / "socket").exists()
        process.send_signal(signal.SIGTERM)
        while (last := listening.recv(100)) == b"WATCHDOG=1":
            pass
        assert last == b"STOPPING=1"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def test_the_watchdog_hears_nothing_from_a_daemon_that_hangs(
    tmp_path: Path, manager: tuple[socket.socket, str]
) -> None:
    """Broken: something other than the loop of the daemon keeps the watchdog quiet."""
    listening, address = manager
    process = start_daemon(make_application(tmp_path / "app"), NOTIFY_SOCKET=address, WATCHDOG_USEC="150000")
    try:
        assert [listening.recv(100) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]
        beats = 0
        process.send_signal(signal.SIGSTOP)
        while select.select([listening], [], [], 0.3)[0]:  # six beats long
            assert listening.recv(100) == b"WATCHDOG=1"
            beats += 1
        assert beats <= 2
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    "address", ["", "/nowhere/at/all", "relative", "vsock:2:1", "@nobody-listens-here", "/" + "x" * 200]
)
def test_without_a_manager_nothing_is_told_and_nothing_breaks(address: str) -> None:
    """Broken: a daemon ends because nobody listens to how it is."""
    Manager({"NOTIFY_SOCKET": address}).tell("READY=1")


def test_an_abstract_address_is_reached() -> None:
    """Broken: a manager with an abstract socket, as in containers, never hears that the daemon is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0wantd-test-{os.getpid()}")
        listening.settimeout(5)
        Manager({"NOTIFY_SOCKET": f"@wantd-test-{os.getpid()}"}).tell("READY=1")
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    ("environ", "limit_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        *(({"WATCHDOG_USEC": bad}, None) for bad in ("", "0", "-5", "soon", "\u0663")),
    ],
)
def test_the_watchdog_is_served_where_it_is_ours(environ: dict[str, str], limit_s: float | None) -> None:
    """Broken: a watchdog that was set for another process, or not at all, is served, or ours is not."""
    assert Manager(environ)._limit_s == limit_s


def test_the_unit_waits_for_ready_and_stops_the_daemon_alone() -> None:
    """Broken: systemd kills the jobs with the daemon, or does not use what the daemon tells it."""
    lines = set(UNIT.read_text().splitlines())
    assert lines >= {"Type=notify", "KillMode=process", "UMask=0077", "LimitCORE=0", "NoNewPrivileges=yes"}
    assert lines >= {"Delegate=yes", "WatchdogSec=60"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    """Broken: a line of the unit is misspelt, and systemd passes over it without a word to who copied it."""
    unit = tmp_path / "wantd.service"
    unit.write_text(UNIT.read_text().replace("/opt/wantd/bin/wantd", shutil.which("true") or ""))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert [line for line in said.stderr.splitlines() if str(unit) in line] == []
    unit.write_text(unit.read_text().replace("KillMode", "KilMode"))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert "KilMode" in said.stderr


@pytest.mark.parametrize(
    ("cgroup", "mode", "asked"),
    [
        ("0::/system.slice/wantd.service", "control-group", "show --property=KillMode --value -- wantd.service"),
        ("0::/system.slice/wantd.service/daemon", "mixed", "show --property=KillMode --value -- wantd.service"),
        (
            "1:name=systemd:/system.slice/a@b.service",
            "control-group",
            "show --property=KillMode --value -- a@b.service",
        ),
        ("0::/system.slice/wantd.service", "process", "show --property=KillMode --value -- wantd.service"),
        (
            "0::/user.slice/user-7.slice/user@7.service/app.slice/w.service",
            "control-group",
            "--user show --property=KillMode --value -- w.service",
        ),
        ("0::/user.slice/user-7.slice/session-1.scope", "control-group", ""),
        ("4:memory:/system.slice/wantd.service\n0::/", "control-group", ""),
        ("nonsense", "control-group", ""),
    ],
)
def test_a_unit_that_kills_the_jobs_with_the_daemon_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cgroup: str, mode: str, asked: str
) -> None:
    """Broken: every restart of the daemon kills what it runs, and nobody is told why."""
    (tmp_path / "cgroup").write_text(cgroup)
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho {mode}\n')
    systemctl.chmod(0o755)
    (tmp_path / "asked").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    warning = danger_to_jobs({"INVOCATION_ID": "x"}, tmp_path / "cgroup")
    assert (tmp_path / "asked").read_text().strip() == asked
    assert (f"KillMode={mode}" in warning) == (asked != "" and mode != "process")
    assert danger_to_jobs({}, tmp_path / "cgroup") == ""


def test_what_systemd_does_not_say_is_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a daemon does not start because systemctl is missing or fails."""
    (tmp_path / "cgroup").write_text("0::/system.slice/wantd.service")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert danger_to_jobs({"INVOCATION_ID": "x"}, tmp_path / "cgroup") == ""
    assert danger_to_jobs({"INVOCATION_ID": "x"}, tmp_path / "none") == ""
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "systemctl").chmod(0o755)
    assert danger_to_jobs({"INVOCATION_ID": "x"}, tmp_path / "cgroup") == ""


def running(app: Path) -> dict[str, object]:
    """The one JobRun that runs, once it does."""
    while not (found := as_json(app, "jobrun", "list", "--state", "Running")):
        pass
    (run,) = found
    return dict(run)


def test_a_drain_leaves_running_jobs_to_the_next_daemon(tmp_path: Path) -> None:
    """Broken: stopping the daemon stops its jobs, or is no clean end."""
    app = make_application(tmp_path / "app")
    with daemon(app) as process:
        assert here(app, "want", "create", "slow/1").returncode == 0
        run = running(app)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert '"stopped"' in said.splitlines()[-1]
    assert not (app / ".wantd" / "socket").exists()
    pid = as_json(app, "jobrun", "show", str(run["id"]))["pid"]
    os.kill(pid, 0)
    with daemon(app):
        assert running(app)["id"] == run["id"]
        assert as_json(app, "jobrun", "show", str(run["id"]))["pid"] == pid
        assert here(app, "jobrun", "cancel", str(run["id"])).returncode == 0


def test_a_drain_starts_nothing_more_however_long_it_takes(tmp_path: Path) -> None:
    """Broken: a daemon that was asked to end goes on to start jobs while its last requests end."""
    app = make_application(tmp_path / "app")
    os.mkfifo(app / "gate")
    with daemon(app) as process:
        want = here(app, "want", "create", "turns/1", "turns/2").stdout.strip()
        running(app)
        with connect(app / ".wantd" / "socket") as waiting:  # an open request holds the drain up
            waiting.sendall(request("GET", f"{BASE}/wants/{want}/wait?timeout_s=30"))
            assert ask(app / ".wantd" / "socket", "GET", f"{BASE}/status").status == 200
            process.send_signal(signal.SIGTERM)
            line_with(process, "stopping")
            (app / "gate").write_text("go")  # the first job ends, and the slot is free for the second
            process.communicate(timeout=30)
    assert process.returncode == 0
    kinds = [
        json.loads(line)["kind"] for line in here(app, "bel", "tail", "--after", "0", "--json").stdout.splitlines()
    ]
    assert kinds.count("JobRunQueued") == 2
    assert kinds.count("JobRunLaunching") == 1


def test_an_engine_that_drains_is_not_ready_takes_no_commands_and_still_answers(tmp_path: Path) -> None:
    """Broken: while it ends, a daemon takes what it will not do, or cannot be asked how things stand."""
    import asyncio

    from orchestrator.api.server import serve

    async def story() -> list[Answer]:
        told = application(tmp_path)
        async with open_engine(told) as engine, serve(engine):
            path = told.layout.socket
            before = await asyncio.to_thread(ask, path, "GET", "/readyz")
            engine.drain()
            await asyncio.sleep(0)
            asked = (
                ("GET", "/readyz", None),
                ("POST", f"{BASE}/wants", {"refs": ["slow"]}),
                ("GET", f"{BASE}/status", None),
                ("GET", "/livez", None),
            )
            after = [await asyncio.to_thread(ask, path, *one) for one in asked]
            assert not (await engine.board()).world.runs
            return [before, *after]

    answers = asyncio.run(story())
    assert [answer.status for answer in answers] == [200, 503, 503, 200, 200]


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Broken: a daemon that does not come to its end cannot be ended without killing it."""
    app = make_application(tmp_path / "app")
    process = start_daemon(app)
    line_with(process, "ready")
    path = app / ".wantd" / "socket"
    want = here(app, "want", "create", "above/1").stdout.strip()
    with connect(path) as waiting:  # an open request holds the drain up
        waiting.sendall(request("GET", f"{BASE}/wants/{want}/wait?timeout_s=30"))
        assert exchange(path, request("GET", f"{BASE}/status")).status == 200
        process.send_signal(signal.SIGTERM)
        line_with(process, "stopping")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=1.5)
    assert process.returncode == 128 + signal.SIGTERM
    with daemon(app) as next_one:
        assert isinstance(next_one, subprocess.Popen)
