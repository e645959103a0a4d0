"""Every command, in one tree. ``--config`` may stand behind each of them.

One run needs one command, so they are imported when they are asked for: all of them together would cost more than most
of what they do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import config_option

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODULES = {
    "init": "init",
    "doctor": "doctor",
    "serve": "serve",
    "build": "build",
    "plan": "reasons",
    "why": "reasons",
    "graph": "reasons",
    "diff": "diff",
    "sql": "sql",
    "want": "wants",
    "partition": "partitions",
    "jobrun": "jobruns",
    "job": "jobs",
    "bel": "bel",
    "outward": "outward",
    "config": "configs",
    "token": "token",
    "console": "console",
}
"""Where each command is, in this package; in the order in which a person meets them."""


class _Tree(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  the name is click's
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.commands and cmd_name in _MODULES:
            self._load(cmd_name)
        return self.commands.get(cmd_name)

    def load(self) -> None:
        """Import them all, for who looks at all of them."""
        for name in _MODULES:
            if name not in self.commands:
                self._load(name)

    def _load(self, name: str) -> None:
        command: click.Command = getattr(import_module(f"orchestrator.cli.{_MODULES[name]}"), name)
        self.add_command(command)
        for _, each in walk(command):
            each.params.append(config_option())


@click.group("wantd", cls=_Tree, context_settings={"help_option_names": ["-h", "--help"]})
def wantd() -> None:
    """Keep data built: say what should exist, and it is made, and made again when it has to be.

    Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 65 bad data, 66 no such thing, 69 no daemon, 70 a bug, 74
    input or output, 75 try later, 77 not allowed, 78 bad configuration, 124 the time is over, 130 and 143 interrupted.
    """


wantd.params.append(config_option())


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Give every command below one, itself included, with the words that lead to it."""
    yield path, command
    if isinstance(command, _Tree):
        command.load()
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walk(below, (*path, name))
