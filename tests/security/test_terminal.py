"""What comes from jobs and people is shown on a terminal, never obeyed by it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import structlog

from orchestrator.api.requests import BASE
from orchestrator.cli.main import run
from orchestrator.cli.service import _logger
from tests.cli.kit import as_json, here
from tests.security.kit import ESCAPES, Terminal, built
from tests.security.test_secrets import reads
from tests.security.wire import ask
from wantd.__main__ import Parts

OBEYED = ("\x1b]", "\x1b[2J", "\x9b", "\x07", "\u202e", "\r")


def on_terminal(app: Path, *arguments: str) -> str:
    """What a command draws on a terminal, its own colors included."""
    screen = Terminal()
    with contextlib.chdir(app), redirect_stdout(screen), redirect_stderr(screen):
        run(arguments, Parts())
    return screen.getvalue()


@pytest.fixture(scope="module")
def hostile(app: Path) -> Iterator[Path]:
    """An application in which every text that may come from outside holds escapes."""
    path = app / ".wantd" / "socket"
    assert built(app, "noisy/a", "process/a") == "Successful"
    assert built(app, "failing/a") == "Failed"
    assert built(app, "unfound/a") == "Failed"
    for number, said in enumerate(
        ({"failed": "reporting/t0", "reason": ESCAPES}, {"output": "reporting/t1", "metadata": {ESCAPES: ESCAPES}})
    ):
        (app / "report.jsonl").write_text(json.dumps(said, ensure_ascii=False) + "\n")
        assert built(app, f"reporting/t{number}") == "Failed"
    (app / "report.jsonl").write_text(ESCAPES)
    assert built(app, "reporting/t2") == "Failed"
    (app / "lie.json").write_text(ESCAPES)
    assert built(app, "asked/t") == "Failed"
    (app / "lie.json").unlink()
    want = ask(path, "POST", f"{BASE}/wants", {"refs": ["above/t"], "comment": ESCAPES}).json()["id"]
    ask(path, "POST", f"{BASE}/wants/{want}/cancel", {"reason": ESCAPES})
    told = {"ref": "outside/t", "location": f"/x/{ESCAPES}", "metadata": {ESCAPES: ESCAPES}, "digest": ESCAPES}
    assert ask(path, "POST", f"{BASE}/partitions/report", told).status < 500
    told = {"ref": "outside/u", "location": f"/x/{ESCAPES}", "metadata": {"a": ESCAPES}}
    assert ask(path, "POST", f"{BASE}/partitions/report", told).status == 200
    assert ask(path, "POST", f"{BASE}/partitions/taint", {"refs": ["process/a"], "reason": ESCAPES}).status == 200
    yield app
    (app / "report.jsonl").unlink()


def test_no_command_lets_a_terminal_obey_what_came_from_outside(hostile: Path) -> None:
    """Broken: a job, a reason or a comment writes to the clipboard, the title or the screen of whoever looks."""
    asked = {
        f"{name} {' '.join(some)}": [*name.split(), *some] for name, each in reads(hostile).items() for some in each
    }
    runs = [run["id"] for run in as_json(hostile, "jobrun", "list")]
    asked |= {f"logs {run}": ["jobrun", "logs", run] for run in runs}
    asked |= {f"path {ref}": ["partition", "path", ref] for ref in ("process/a", "outside/u")}
    screens = {name: on_terminal(hostile, *arguments) for name, arguments in asked.items()}
    assert [name for name, drawn in screens.items() if any(sign in drawn for sign in OBEYED)] == []
    shown = {name.split(" ")[0] for name, drawn in screens.items() if "owned" in drawn}
    assert shown >= {"why", "want", "partition", "jobrun", "logs", "path"}


def test_json_on_a_terminal_is_harmless_and_in_a_pipe_it_is_exact(hostile: Path) -> None:
    """Broken: JSON carries escapes to a terminal, or is changed on its way to a program."""
    for command in (["jobrun", "list"], ["want", "list"], ["partition", "show", "process/a"], ["bel", "tail"]):
        drawn = on_terminal(hostile, *command, "--json")
        assert not any(sign in drawn for sign in OBEYED)
    comments = {want["comment"] for want in as_json(hostile, "want", "list")}
    assert ESCAPES in comments


@pytest.mark.parametrize(
    "arguments",
    [["want", "show", "a", ESCAPES], [ESCAPES], ["plan", f"--{ESCAPES}"], ["why", ESCAPES], ["jobrun", "show", ESCAPES],
     ["graph", "--format", ESCAPES], ["want", "create", "a", "--ttl", ESCAPES], ["job", "exec", ESCAPES, "a"],
     ["why", "a", "--config", ESCAPES]],
)  # fmt: skip
def test_what_was_typed_wrongly_is_quoted_harmlessly(app: Path, arguments: list[str]) -> None:
    """Broken: an argument that came from a list of refs is obeyed by the terminal in the message about it."""
    drawn = on_terminal(app, *arguments)
    assert drawn
    assert not any(sign in drawn for sign in OBEYED)


@pytest.mark.parametrize("sign", [*OBEYED, ESCAPES])
def test_the_daemon_shows_reasons_harmlessly_on_a_terminal(monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
    """Broken: a job writes to the terminal of whoever runs the daemon in the foreground."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("NO_COLOR", "1")
    try:
        _logger().warning("JobRunFailed", reason=f"owned{sign}", failure={"reason": sign}, missing=[sign])
    finally:
        structlog.reset_defaults()
    assert "owned" in screen.getvalue()
    assert not any(obeyed in screen.getvalue() for obeyed in OBEYED)


def test_a_pipe_gets_what_a_job_printed_as_it_is(hostile: Path) -> None:
    """Broken: the output of a job cannot be had exactly."""
    (run,) = [run for run in as_json(hostile, "jobrun", "list", "--job", "noisy") if run["first_output"] == "noisy/a"]
    assert ESCAPES in here(hostile, "jobrun", "logs", run["id"]).stdout
