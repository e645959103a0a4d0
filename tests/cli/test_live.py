"""What a person sees on a terminal while it builds."""

from __future__ import annotations

import os
import pty
import signal
import struct
import subprocess
import termios
from fcntl import ioctl
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.cli.progress import draw
from orchestrator.views.shapes import JobProgress, Progress, RunProgress, WantView
from tests.cli.kit import make_application, start

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
NOW = "2026-01-01T00:01:05Z"
WANT = WantView("w1", "Building", "local", NOW, "2026-01-01T00:00:00Z", "cli:a", "cli", 1, "top", 1)


def moment(running: int = 1, line: str = "") -> Progress:
    """A moment of a want, with so many JobRuns."""
    runs = (
        RunProgress(f"r{number}", "Running", "daily", "2026-01-01T00:01:00Z", 31, f"day/{number}", line)
        for number in range(running)
    )
    jobs = (
        JobProgress("raw", 31, {"done": 31}),
        JobProgress("daily", 31, {"done": 7, "building": 20, "failed": 1, "ready": 3}),
        JobProgress("top", 1, {"waiting": 1}),
    )
    return Progress("w1", "Building", 9, NOW, WANT, {"waiting": 1}, jobs, tuple(runs), 4, ())


def drawn(progress: Progress, height: int = 24, width: int = 100) -> list[str]:
    """Draw a moment as a terminal without colors would show it."""
    out = StringIO()
    needs = {"daily": {"raw"}, "top": {"daily"}}
    Console(file=out, width=width, height=height, no_color=True).print(draw(progress, needs, height))
    return out.getvalue().splitlines()


def test_it_says_what_runs_what_waits_for_what_and_how_long() -> None:
    """Broken: a person cannot see how far it is, or what it waits for."""
    raw, daily, top, _, run, foot = drawn(moment(line="half of it is done"))
    assert "31/31" in raw
    assert "7/31" in daily
    assert "1 failed, 20 under way, 3 ready" in daily
    assert "1 waiting for daily" in top
    assert all(text in run for text in ("daily", "5 s", "day/0 and 30 more", "half of it is done"))
    assert foot == "4 JobRuns waiting for slots or a batch, 1:05"


@pytest.mark.parametrize("height", [6, 10, 24, 80])
def test_it_never_grows_over_the_terminal(height: int) -> None:
    """Broken: a build with many JobRuns scrolls the terminal away."""
    lines = drawn(moment(running=60), height)
    assert len(lines) <= height
    shown = sum("▸" in line for line in lines)
    assert f"{60 - shown} more run" in lines[-1] or shown == 60


def test_what_a_job_prints_is_not_obeyed() -> None:
    """Broken: a job's output moves the cursor, or is read as markup."""
    text = "\n".join(drawn(moment(line="\x1b[2J\r[bold]x[/bold]")))
    assert "\x1b" not in text
    assert "\\x1b[2J\\r[bold]x[/bold]" in text


def on_a_terminal(app: Path, *arguments: str) -> tuple[subprocess.Popen[str], int]:
    """Start a command on a terminal of its own, and give that terminal."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    process = start(app, *arguments, terminal=theirs)
    os.close(theirs)
    return process, ours


def read_until(terminal: int, text: str = "") -> str:
    """Read what a terminal shows until a text, or to the end."""
    seen = ""
    while not text or text not in seen:
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
    return seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_terminal_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Broken: after Ctrl-C the cursor is gone, or the drawing stays."""
    monkeypatch.setenv("TERM", "xterm-256color")
    process, terminal = on_a_terminal(make_application(tmp_path / "app"), "build", "slow")
    before = read_until(terminal, "started")
    assert HIDE in before
    process.send_signal(number)
    after = read_until(terminal)
    process.wait(30)
    os.close(terminal)
    assert (before + after).rfind(SHOW) > (before + after).rfind(HIDE)
    assert "nothing runs for it any more" in after


def test_no_color_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: NO_COLOR is ignored."""
    monkeypatch.setenv("TERM", "xterm-256color")
    app = make_application(tmp_path / "app")
    shown: list[str] = []
    for value in ("", "1"):
        monkeypatch.setenv("NO_COLOR", value)
        process, terminal = on_a_terminal(app, "doctor")
        shown.append(read_until(terminal))
        process.wait(30)
        os.close(terminal)
    assert "\x1b[32m" in shown[0]
    assert "\x1b[32m" not in shown[1]
