"""Every command, in one tree. ``--config`` may stand behind each of them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from orchestrator.cli.bel import bel
from orchestrator.cli.build import build
from orchestrator.cli.configs import config
from orchestrator.cli.console import console
from orchestrator.cli.diff import diff
from orchestrator.cli.doctor import doctor
from orchestrator.cli.init import init
from orchestrator.cli.jobruns import jobrun
from orchestrator.cli.jobs import job
from orchestrator.cli.options import config_option
from orchestrator.cli.outward import outward
from orchestrator.cli.partitions import partition
from orchestrator.cli.reasons import graph, plan, why
from orchestrator.cli.recover import recover
from orchestrator.cli.serve import serve
from orchestrator.cli.sql import sql
from orchestrator.cli.token import token
from orchestrator.cli.wants import want


@click.group("wantd", context_settings={"help_option_names": ["-h", "--help"]})
def wantd() -> None:
    """Keep data built: say what should exist, and it is made, and made again when it has to be.

    Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 65 bad data, 66 no such thing, 69 no daemon, 70 a bug, 74
    input or output, 75 try later, 77 not allowed, 78 bad configuration, 124 the time is over, 130 and 143 interrupted.
    """


for command in (init, doctor, serve, build, plan, why, graph, diff, sql):
    wantd.add_command(command)
for command in (want, partition, jobrun, job, bel, outward, config, token, console):
    wantd.add_command(command)
bel.add_command(recover)


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Give every command below one, itself included, with the words that lead to it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walk(below, (*path, name))


for _, each in walk(wantd):
    each.params.append(config_option())
