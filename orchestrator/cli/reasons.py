"""``wantd plan``, ``why`` and ``graph``: what would happen, why things are as they are, and what needs what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.options import at_option, json_option, ref_argument, refs_argument
from orchestrator.cli.speech import counted, data, is_drawn, readable, talk
from orchestrator.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import Plan, PlannedRef, PlannedRun, Why, WhyNode

GRAPH_DEPTH = 3


@click.command("plan")
@refs_argument
@click.option("--format", "form", type=click.Choice(["text", "sh"]), default="text", help="sh: a stand-alone script.")
@at_option
@json_option
@click.pass_context
def plan(context: click.Context, /, *, refs: tuple[str, ...], form: str, as_json: bool) -> None:
    """Say what building these refs would run, and why. Nothing is changed. Exit 1 where some of it is impossible."""
    session: Session = context.obj
    found = session.read(lambda door: door.plan(refs))
    if as_json:
        print_json(found)
    elif form == "sh":
        _print_script(found, session)
    else:
        _print_plan(found)
    if found.impossible:
        context.exit(Exit.NO)


def _print_script(plan: Plan, session: Session) -> None:
    from orchestrator.views.script import NotScriptable, render_sh

    try:
        data(render_sh(plan, session.application().catalog))
    except NotScriptable as error:
        why, _, hint = str(error).rpartition("; ")
        raise CliError(Exit.NO, why, hint) from None


@click.command("why")
@ref_argument
@at_option
@json_option
@click.pass_obj
def why(session: Session, /, *, ref: str, as_json: bool) -> None:
    """Say why a ref is, or is not, there: down to the roots, with the entry of the log that proves each reason."""
    found = session.read(lambda door: door.why(ref))
    if as_json:
        print_json(found)
        return
    for line in why_lines(found):
        data(readable(line) if is_drawn(sys.stdout) else line)


@click.command("graph")
@click.argument("ref", required=False, metavar="[REF]")
@click.option(
    "--format", "form", type=click.Choice(["text", "mermaid", "json"]), default="text", help="How to draw it."
)
@click.option("--depth", type=click.IntRange(1, 100), default=GRAPH_DEPTH, help="How many steps around REF.")
@at_option
@json_option
@click.pass_obj
def graph(session: Session, /, *, ref: str | None, form: str, depth: int, as_json: bool) -> None:
    """Draw what needs what: the jobs, or the refs around one."""
    from orchestrator.views.drawing import as_mermaid, as_text

    found = session.read(lambda door: door.graph(ref, depth))
    if as_json or form == "json":
        print_json(found)
        return
    data((as_mermaid if form == "mermaid" else as_text)(found).rstrip("\n"))
    if found.cut:
        talk("there is more beyond: raise --depth")


def why_lines(found: Why) -> Iterator[str]:
    """Draw the tree of reasons."""
    yield f"{found.ref} is {_standing(found)} ({found.state}), as of entry {found.seq}"
    yield from _branch(found.root, found.ref, "", "└─ ", "   ")


def _standing(found: Why) -> str:
    if found.done:
        return "there"
    return {"Live": "there, but stale", "Tainted": "there, but must not be used"}.get(found.state, "not there")


def _branch(node: WhyNode, about: str, indent: str, head: str, below: str) -> Iterator[str]:
    evidence = f"  (entry {node.evidence})" if node.evidence else ""
    subject = "" if node.ref in {about, ""} or node.ref in node.text else f"{node.ref}: "
    yield f"{indent}{head}{subject}{node.text}{evidence}"
    for number, child in enumerate(node.children, start=1):
        last = number == len(node.children)
        yield from _branch(child, node.ref, indent + below, "└─ " if last else "├─ ", "   " if last else "│  ")


def _print_plan(found: Plan) -> None:
    if found.runs:
        rows = [(run.number, run.job, _made(run), run.text, _after(run)) for run in found.runs]
        print_table(("", "job", "makes", "why", "after"), rows)
    for number, (title, refs) in enumerate(_others(found)):
        if found.runs or number:
            data("")
        print_table((title, "why"), [(one.ref, one.text) for one in refs])
    talk(f"{_summary(found)}; plan {found.digest}")


def _others(found: Plan) -> Iterator[tuple[str, tuple[PlannedRef, ...]]]:
    groups = (
        ("being built", found.under_way),
        ("used again", found.adopted),
        ("awaited from outside", found.awaited),
        ("impossible", found.impossible),
        ("known only later", found.unknown),
    )
    return ((title, refs) for title, refs in groups if refs)


def _summary(found: Plan) -> str:
    if not found.runs and not any(True for _ in _others(found)):
        return "nothing to do: all of it is there"
    limit = "at most" if found.exact else "at least"
    counts = [f"{limit} {counted(len(found.runs), 'JobRun')}" if found.runs or not found.exact else "nothing to run"]
    if found.awaited:
        counts.append(f"{counted(len(found.awaited), 'ref')} awaited from outside")
    if found.impossible:
        counts.append(f"{counted(len(found.impossible), 'ref')} impossible")
    return "; ".join([*counts, f"there already: {counted(len(found.done), 'ref')}"])


def _made(run: PlannedRun) -> str:
    more = len(run.outputs) - 1
    return run.outputs[0] if more < 1 else f"{run.outputs[0]} and {more} more"


def _after(run: PlannedRun) -> str:
    shown = " ".join(map(str, run.after[:5]))
    return shown if len(run.after) <= 5 else f"{shown} and {len(run.after) - 5} more"
