"""``wantd doctor``: what is wrong with this machine, this installation and this application, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import Exit
from orchestrator.cli.options import json_option
from orchestrator.cli.speech import talk
from orchestrator.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from orchestrator.cli.session import Session


@click.command("doctor")
@json_option
@click.pass_context
def doctor(context: click.Context, /, *, as_json: bool) -> None:
    """Check the machine, the installation and the application, and say how to mend what is wrong."""
    from orchestrator.cli.checks import examine

    session: Session = context.obj
    found = examine(session)
    if as_json:
        print_json(found)
    else:
        print_table(("", "what", "found"), [(one.verdict, one.what, one.text) for one in found])
        for one in found:
            if one.mend:
                talk(f"{one.what}: {one.mend}")
    problems = sum(one.verdict == "problem" for one in found)
    context.exit(Exit.NO if problems else Exit.DONE)
