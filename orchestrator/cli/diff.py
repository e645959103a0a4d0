"""``wantd diff``: what two moments differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import json_option
from orchestrator.cli.speech import data, readable, talk
from orchestrator.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import Change, Diff


@click.command("diff")
@click.option(
    "--from", "begin", required=True, metavar="MOMENT", help="A seq, a time (ISO 8601) or how long ago (-2h)."
)
@click.option("--to", "end", metavar="MOMENT", help="The same; without it, now.")
@click.option("--sums", "only_sums", is_flag=True, help="Only what it comes to, not each entity.")
@json_option
@click.pass_obj
def diff(session: Session, /, *, begin: str, end: str | None, only_sums: bool, as_json: bool) -> None:
    """Show what happened between two moments: what went live, failed, was tainted, canceled or got slower."""
    found = session.ask(lambda door: door.diff(begin, end))
    if as_json:
        print_json(found)
        return
    _print_sums(found)
    for title, changes in () if only_sums else _lists(found):
        data("")
        rows = [(change.id, change.about, change.before or "", change.after, change.seq) for change in changes]
        print_table((title, "about", "before", "after", "entry"), rows)
    talk(
        readable(
            f"from entry {found.begin_seq}, {_told(found.begin_time)} to entry {found.end_seq}, {_told(found.end_time)}"
        )
    )
    if found.cut:
        talk("the lists hold only what changed last: name moments that are closer, or use --sums")


def _print_sums(found: Diff) -> None:
    sums = [(name.replace("_", " "), number) for name, number in found.sums.items() if number]
    print_table(("what", "number"), sums)
    slower = [pace for pace in found.paces if pace.slower]
    if slower:
        data("")
        rows = [(pace.job, f"{pace.before_s:.3g}", f"{pace.after_s:.3g}", pace.runs_after) for pace in slower]
        print_table(("slower", "seconds before", "seconds now", "jobruns"), rows)


def _lists(found: Diff) -> list[tuple[str, tuple[Change, ...]]]:
    lists = [("want", found.wants), ("partition", found.partitions), ("jobrun", found.jobruns)]
    return [(title, changes) for title, changes in lists if changes]


def _told(time: str | None) -> str:
    return time or "before anything happened,"
