"""Every command explains itself, and the reference says the same."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from orchestrator.cli.tree import walk, wantd
from tests.cli.reference import page
from tests.house.source import ROOT

COMMANDS = {" ".join(path): command for path, command in walk(wantd)}
HEAVY = {
    "asyncio",
    "msgspec",
    "starlette",
    "uvicorn",
    "structlog",
    "sqlite3",
    "rich",
    "rich_click",
    "orchestrator.daemon",
}


def test_the_reference_is_current() -> None:
    """Broken: a command does something else than docs/commands.md says."""
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m tests.cli.reference > docs/commands.md"


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_and_option_is_explained(path: str) -> None:
    """Broken: --help of a command, or of one of its options, is empty."""
    command = COMMANDS[path]
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_the_commands_of_the_design_are_there() -> None:
    """Broken: a command that the design promises is missing."""
    promised = {
        "init", "serve", "build", "plan", "why", "graph", "diff", "doctor",
        *(f"want {verb}" for verb in ("create", "list", "show", "wait", "cancel", "retry", "pause", "resume")),
        *(f"partition {verb}" for verb in ("list", "show", "path", "taint", "lineage", "report")),
        *(f"jobrun {verb}" for verb in ("list", "show", "logs", "cancel")),
        *(f"job {verb}" for verb in ("list", "lookup", "configure", "exec")),
        *(f"bel {verb}" for verb in ("tail", "show", "verify", "export", "import", "snapshot")),
        "config check", "config show",
    }  # fmt: skip
    assert promised - COMMANDS.keys() == set()


def test_help_imports_nothing_heavy() -> None:
    """Broken: `wantd --help` is slow, because something is imported before it is needed."""
    program = (
        "import sys, runpy\n"
        "sys.argv = ['wantd', '--help']\n"
        "try:\n"
        "    runpy.run_module('wantd', run_name='__main__')\n"
        "finally:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Keep data built" in done.stdout
    assert set(done.stderr.split()) & HEAVY == set()
