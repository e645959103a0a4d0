"""``wantd serve``: the daemon in the foreground, for a service manager or a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit

if TYPE_CHECKING:
    from orchestrator.cli.session import Session


@click.command("serve")
@click.pass_obj
def serve(session: Session) -> None:
    """Run the daemon in the foreground, until SIGTERM or Ctrl-C.

    It finishes what it is writing, leaves running jobs to their keeper, and exits with 0. A second signal ends it at
    once. As process 1, in a container, it also reaps what jobs leave behind: no other init is needed.
    """
    import asyncio

    from orchestrator.cli.process_one import leave_process_one
    from orchestrator.cli.service import run_daemon

    if sys.flags.optimize:
        raise CliError(Exit.USAGE, "the daemon does not run without assertions", "drop -O and PYTHONOPTIMIZE")
    session.layout()
    leave_process_one()
    asyncio.run(run_daemon(session))
