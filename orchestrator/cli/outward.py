"""``wantd outward``: whom the daemon tells what happens, and how far it is with each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.options import json_option
from orchestrator.cli.speech import talk
from orchestrator.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from orchestrator.cli.session import Session
    from orchestrator.outward.cursor import CursorFile


@click.group("outward")
def outward() -> None:
    """Webhooks, lineage and traces: whom the daemon tells what happens."""


@outward.command("status")
@json_option
@click.pass_obj
def status(session: Session, /, *, as_json: bool) -> None:
    """Say how far each receiver has been told, and what is in the way, as of a second ago."""
    from orchestrator.outward.cursor import BadCursor

    head = session.ask(lambda door: door.status()).seq
    told: list[dict[str, object]] = []
    for name, place in _places(session).items():
        try:
            cursor = place.load()
        except BadCursor as error:
            told.append({"name": name, "done": None, "behind": None, "trouble": str(error)})
            continue
        done = None if cursor is None else cursor.done
        behind = None if done is None else max(0, head - done)
        told.append({"name": name, "done": done, "behind": behind, "trouble": cursor.trouble if cursor else ""})
    if as_json:
        print_json(told)
    else:
        heads = ("name", "done", "behind", "trouble")
        print_table(heads, [tuple("" if one[head] is None else one[head] for head in heads) for one in told])


@outward.command("resend")
@click.argument("name")
@click.option("--from", "seq", type=click.IntRange(1), required=True, metavar="SEQ", help="The first entry to tell of.")
@click.pass_obj
def resend(session: Session, /, *, name: str, seq: int) -> None:
    """Tell NAME the past once more, from an entry of the log on; what it knows already comes with the same ids.

    A daemon that runs begins at once, else the next one does. The batch that holds the entry is told of as a whole.
    """
    places = _places(session)
    if name not in places:
        hint = f"there are {', '.join(places)}" if places else "add one to the configuration"
        raise CliError(Exit.NOTHING_THERE, f"nobody called {name!r} is told anything", hint)
    places[name].ask_again(seq)
    talk(f"{name} will be told everything from entry {seq} on")


def _places(session: Session) -> dict[str, CursorFile]:
    from orchestrator.outward.cursor import CursorFile

    application = session.application()
    return {name: CursorFile(application.layout.outward, name) for name in application.config.outward.names}
