"""``wantd partition``: data, by ref."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.options import at_option, json_option, ref_argument, refs_argument, state_option
from orchestrator.cli.speech import data, talk
from orchestrator.cli.tables import print_fields, print_json, print_table

if TYPE_CHECKING:
    from orchestrator.api.door import Direction
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import InstanceView, Lineage, PartitionDetail

DEPTH = 100


@click.group("partition")
def partition() -> None:
    """Data: what is there, where, from what, and what is not."""


@partition.command("list")
@click.argument("pattern", default="", metavar="[PATTERN]")
@click.option("--prefix", default="", metavar="TEXT", help="Only refs that begin with this.")
@state_option("partition")
@click.option("--canonical", is_flag=True, help="The instances that readers get, instead of the newest ones.")
@at_option
@json_option
@click.pass_obj
def list_(session: Session, /, *, as_json: bool, canonical: bool, **told: object) -> None:
    """List refs with their instances. PATTERN is a glob: * within a segment, ** across."""
    import msgspec

    from orchestrator.views.shapes import PartitionFilter

    chosen = msgspec.convert({**told, "which": "canonical" if canonical else "newest"}, PartitionFilter)
    found = session.read(lambda door: door.partitions(chosen))
    if as_json:
        print_json(found)
        return
    rows = [(one.ref, one.state, _freshness(one), one.since, one.id) for one in found]
    print_table(("ref", "state", "", "since", "instance"), rows)


@partition.command("show")
@ref_argument
@at_option
@json_option
@click.pass_obj
def show(session: Session, /, *, ref: str, as_json: bool) -> None:
    """Show a ref (or one instance) with everything that was tried for it."""
    found = session.read(lambda door: door.partition(ref))
    if as_json:
        print_json(found)
    else:
        _print_detail(found)


@partition.command("path")
@ref_argument
@at_option
@click.pass_obj
def path(session: Session, /, *, ref: str) -> None:
    """Print where the bytes of a ref are."""
    data(_readable(session.read(lambda door: door.partition(ref))).location)


@partition.command("taint")
@refs_argument
@click.option("--reason", default="", metavar="TEXT", help="What is wrong with it.")
@click.option("--downstream", is_flag=True, help="And everything that was made from it.")
@json_option
@click.pass_obj
def taint(session: Session, /, *, refs: tuple[str, ...], reason: str, downstream: bool, as_json: bool) -> None:
    """Say that what is there must not be used: it is built again when it is wanted."""
    answer = session.state(lambda door: door.taint(refs, reason, downstream=downstream))
    if as_json:
        print_json(answer)
        return
    for one in answer.tainted:
        talk(f"tainted {one.ref}")
    talk(f"{len(answer.tainted)} tainted; a want that names it, or needs it, has it built again")


@partition.command("report")
@ref_argument
@click.option("--digest", metavar="TEXT", help="What identifies the content; without one every report is a change.")
@click.option("--location", default="", metavar="PLACE", help="Where it is: a path or a URI.")
@click.option("--metadata", "facts", multiple=True, metavar="KEY=VALUE", help="A fact about it; may be repeated.")
@json_option
@click.pass_obj
def report(
    session: Session, /, *, ref: str, digest: str | None, location: str, facts: tuple[str, ...], as_json: bool
) -> None:
    """Say that data from outside is there."""
    metadata = dict(_fact(text) for text in facts)
    found = session.state(lambda door: door.report(ref, digest=digest, location=location, metadata=metadata))
    if as_json:
        print_json(found)
    else:
        talk(f"{found.ref} is {found.state}")


@partition.command("lineage")
@ref_argument
@click.option("--up", "direction", flag_value="up", help="Only what it was made from.")
@click.option("--down", "direction", flag_value="down", help="Only what was made from it.")
@click.option("--depth", type=click.IntRange(1, DEPTH), default=DEPTH, help="How many steps.")
@at_option
@json_option
@click.pass_obj
def lineage(session: Session, /, *, ref: str, direction: Direction | None, depth: int, as_json: bool) -> None:
    """Show what a ref was made from, and what was made from it, as it was really read."""
    found = session.read(lambda door: door.lineage(ref, direction or "both", depth))
    if as_json:
        print_json(found)
    else:
        _print_lineage(found)


def _fact(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--metadata")
    return key, value


def _readable(found: PartitionDetail) -> InstanceView:
    """Give the instance that readers may use."""
    canonical = found.canonical
    if canonical is None:
        raise CliError(
            Exit.NOTHING_THERE, f"{found.ref} is not there: its newest instance is {found.state}", _ask(found)
        )
    if canonical.state != "Live":
        why = f" ({canonical.reason})" if canonical.reason else ""
        raise CliError(Exit.NO, f"{found.ref} is {canonical.state}{why}: it must not be used", _ask(found))
    if not canonical.location:
        raise CliError(Exit.NOTHING_THERE, f"whoever reported {found.ref} did not say where it is", _ask(found))
    return canonical


def _freshness(one: InstanceView) -> str:
    if one.fresh:
        return "fresh"
    return "stale" if one.state == "Live" and one.canonical else ""


def _ask(found: PartitionDetail) -> str:
    return f"see: wantd why {found.ref}"


def _print_detail(found: PartitionDetail) -> None:
    canonical = found.canonical
    print_fields(
        [
            ("ref", found.ref),
            ("state", found.state),
            ("fresh", found.done if canonical else None),
            ("made by", found.maker or "nobody"),
            ("at", canonical.location if canonical else None),
            ("digest", canonical.content.digest if canonical and canonical.content else None),
            ("bytes", canonical.content.size_bytes if canonical and canonical.content else None),
            ("wanted by", found.wanted_by),
        ]
    )
    data("")
    rows = [
        (one.id, one.state, "canonical" if one.canonical else "", one.since, one.run, one.failure or one.reason)
        for one in found.instances
    ]
    print_table(("instance", "state", "", "since", "jobrun", "why"), rows)


def _print_lineage(found: Lineage) -> None:
    rows = [
        (node.depth, node.ref, node.state, node.job, node.run, (node.digest or "")[:16])
        for node in sorted(found.nodes, key=lambda node: (node.depth, node.ref))
    ]
    print_table(("steps", "ref", "state", "job", "jobrun", "digest"), rows)
    if found.cut:
        talk("there is more beyond: raise --depth")
