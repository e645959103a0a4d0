"""``wantd init``: a small application that runs, to be changed into one's own."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.speech import data, talk

TEMPLATES = Path(__file__).parent / "templates"
RENAMED = {"gitignore": ".gitignore"}
WEEK = "summary/weekly/week=2026-W02"


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a small runnable example into DIR, which must be empty or not exist."""
    _refuse_full(folder)
    for source in sorted(TEMPLATES.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            _write(source, folder)
    talk(f"wrote an application into {folder}; try:")
    for line in (
        f"cd {shlex.quote(str(folder))}",
        f"wantd build {WEEK}",
        f"cat $(wantd partition path {WEEK})",
        "wantd why summary/daily/date=2026-01-06",
    ):
        data(f"  {line}")


def _refuse_full(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise CliError(Exit.NOT_ALLOWED, f"{folder} is not empty, and nothing in it is touched", "name a new folder")


def _write(source: Path, folder: Path) -> None:
    target = folder / source.relative_to(TEMPLATES).with_name(RENAMED.get(source.name, source.name))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
