"""``wantd bel``: the build event log, the one truth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.fork import compare, fork
from orchestrator.cli.options import json_option
from orchestrator.cli.recover import recover
from orchestrator.cli.replay import existing_log, replay
from orchestrator.cli.speech import counted, data, talk
from orchestrator.cli.tables import print_fields, print_json, print_json_line, print_table

if TYPE_CHECKING:
    from orchestrator.api.door import Door
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import EntryFilter, EntryView

SHOWN = 20


@click.group("bel")
def bel() -> None:
    """The build event log: everything that ever happened here."""


@bel.command("tail")
@click.option("--lines", "-n", type=click.IntRange(0), default=SHOWN, help="How many of the newest entries.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes.")
@click.option(
    "--after", type=click.IntRange(0), metavar="SEQ", help="All entries beyond this one, instead of the newest."
)
@click.option("--kind", default="", metavar="KIND", help="Only entries of this kind, such as PartitionLive.")
@click.option("--entity", default="", metavar="ID", help="Only entries about it; of a want: all that belongs to it.")
@json_option
@click.pass_obj
def tail(session: Session, /, *, lines: int, follow: bool, as_json: bool, after: int | None, **told: str) -> None:
    """Print the newest entries. With --json each is one line."""
    from orchestrator.views.shapes import EntryFilter

    chosen = EntryFilter(after=after or 0, kind=told["kind"], entity=told["entity"])
    newest = lines if after is None else None
    session.converse(lambda door: _tail(door, chosen, newest, follow=follow, as_json=as_json))


bel.add_command(replay)
bel.add_command(fork)
bel.add_command(compare)
bel.add_command(recover)


@bel.command("show")
@click.argument("seq", type=click.IntRange(1))
@json_option
@click.pass_obj
def show(session: Session, /, *, seq: int, as_json: bool) -> None:
    """Show one entry with its payload."""
    from orchestrator.views.shapes import EntryFilter

    found = session.ask(lambda door: door.entries(EntryFilter(after=seq - 1, upto=seq)))
    if not found:
        raise CliError(Exit.NOTHING_THERE, f"there is no entry {seq}", "see the newest with: wantd bel tail")
    if as_json:
        print_json(found[0])
    else:
        _print_entry(found[0])


@bel.command("verify")
@json_option
@click.pass_context
def verify(context: click.Context, /, *, as_json: bool) -> None:
    """Look for damage: bytes, chain, head, every transition, every law. Exit 1 if there is any."""
    import asyncio

    from orchestrator.cli.verification import verify_log

    session: Session = context.obj
    report = asyncio.run(verify_log(existing_log(session)))
    if as_json:
        print_json(report)
    else:
        for finding in report.findings:
            data(f"{f'entry {finding.seq}' if finding.seq else 'the log'}: {finding.code}: {finding.message}")
        talk(f"{report.entries} entries, {counted(len(report.findings), 'finding')}")
        if report.first_bad is not None:
            talk(f"the first bad entry is {report.first_bad}: everything before it is sound")
    context.exit(Exit.NO if report.findings else Exit.DONE)


@bel.command("export")
@click.argument("file", default="-", metavar="[FILE]")
@click.pass_obj
def export(session: Session, /, *, file: str) -> None:
    """Write the whole log as lines of JSON, to FILE or to standard output."""
    import asyncio

    from orchestrator.cli.transfer import export_log

    count = asyncio.run(export_log(existing_log(session), None if file == "-" else Path(file)))
    sys.stdout.flush()
    talk(f"wrote {count} entries")


@bel.command("import")
@click.argument("file", metavar="FILE")
@click.pass_obj
def import_(session: Session, /, *, file: str) -> None:
    """Read an export, from FILE or - for standard input, into a state directory that has no log yet."""
    import asyncio

    from orchestrator.cli.transfer import import_log

    head = asyncio.run(import_log(session.layout(), None if file == "-" else Path(file)))
    talk(f"read {head.seq} entries")


@bel.group("snapshot")
def snapshot() -> None:
    """Copies of the state at a moment: they make a start fast, and are never the truth."""


@snapshot.command("list")
@json_option
@click.pass_obj
def list_snapshots(session: Session, /, *, as_json: bool) -> None:
    """List the snapshots, oldest first."""
    import asyncio

    from orchestrator.cli.transfer import snapshots_of

    found = asyncio.run(snapshots_of(existing_log(session)))
    if as_json:
        print_json(found)
    else:
        print_table(("seq", "bytes", "digest"), [(one.seq, one.size, one.digest) for one in found])


@snapshot.command("make")
@click.pass_obj
def make_snapshot(session: Session) -> None:
    """Keep a snapshot of the present. A daemon makes its own, so none may be running."""
    import asyncio

    from orchestrator.cli.transfer import make_snapshot as make

    existing_log(session)
    talk(f"kept a snapshot as of entry {asyncio.run(make(session.layout()))}")


@snapshot.command("check")
@json_option
@click.pass_context
def check_snapshots(context: click.Context, /, *, as_json: bool) -> None:
    """Hold each snapshot against a replay of the log. Exit 1 if one is not what it claims."""
    import asyncio

    from orchestrator.cli.transfer import prove_snapshots

    session: Session = context.obj
    proofs = asyncio.run(prove_snapshots(existing_log(session)))
    if as_json:
        print_json([proof._asdict() for proof in proofs])
    else:
        print_table(("seq", "verdict"), [(proof.seq, proof.verdict.replace("_", " ")) for proof in proofs])
    if any(proof.verdict == "differs" for proof in proofs):
        raise CliError(Exit.NO, "a snapshot is not what a replay gives", "it is passed over; please report it")


async def _tail(door: Door, chosen: EntryFilter, newest: int | None, *, follow: bool, as_json: bool) -> None:
    found = await door.entries(chosen)
    shown = found if newest is None else found[len(found) - min(newest, len(found)) :]
    for entry in shown:
        _print_line(entry, as_json=as_json)
    if not follow:
        return
    sys.stdout.flush()
    async for entry in door.tail(found[-1].seq if found else chosen.after):
        if chosen.kind in {"", entry.kind} and chosen.entity in {"", entry.entity, entry.want}:
            _print_line(entry, as_json=as_json)
            sys.stdout.flush()


def _print_line(entry: EntryView, *, as_json: bool) -> None:
    if as_json:
        print_json_line(entry)
    else:
        data(f"{entry.seq:>7}  {entry.at}  {entry.kind:<24} {entry.entity:<16} {entry.want:<14} {entry.actor}".rstrip())


def _print_entry(entry: EntryView) -> None:
    names = ("seq", "batch", "at", "kind", "entity", "cause", "want", "actor", "event_id")
    print_fields((name, getattr(entry, name)) for name in names)
    print_json(entry.event)
