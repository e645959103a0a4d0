"""``wantd bel replay``: the log entry by entry, forwards and backwards.

On a terminal it is wound by keys; elsewhere each step is a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.options import json_option

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.cli.session import Session


@click.command("replay")
@click.option("--until", metavar="MOMENT", help="Stop there: a seq, a time (ISO 8601) or how long ago (-2h).")
@click.option("--entity", default="", metavar="ID", help="Only steps of it; of a want: all that belongs to it.")
@click.option("--kind", default="", metavar="KIND", help="Only entries of this kind, such as PartitionLive.")
@click.option("--speed", type=click.FloatRange(0, min_open=True), help="So many times as fast as it happened.")
@click.option("--backwards", is_flag=True, help="Begin at the end.")
@json_option
@click.pass_obj
def replay(session: Session, /, *, until: str | None, speed: float | None, **told: object) -> None:
    """Go through the log entry by entry, and show what each made of its entity: by keys on a terminal, else as lines.

    With --json each step is one line, with the whole states before and after.
    """
    import asyncio

    import msgspec

    from orchestrator.cli.steps import Telling, tell
    from orchestrator.views.shapes import EntryFilter

    telling = Telling(bool(told.pop("as_json")), bool(told.pop("backwards")), speed)
    asyncio.run(tell(existing_log(session), until, msgspec.convert(told, EntryFilter), telling))


def existing_log(session: Session) -> Path:
    """Say where the log is, if there is one."""
    log = session.layout().log
    if not log.exists():
        raise CliError(Exit.NOTHING_THERE, f"there is no log at {log}", "it begins with the first: wantd build REF")
    return log
