"""``wantd jobrun``: activations of jobs, and what they printed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import at_option, json_option, reason_option, state_option
from orchestrator.cli.speech import data, safe, talk
from orchestrator.cli.tables import print_fields, print_json, print_table

if TYPE_CHECKING:
    from orchestrator.api.door import Door
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import JobRunDetail, JobRunStateName, JobRunView

PAUSE_S = 0.3
_REASONS = {
    "missing": "nothing was there",
    "tainted": "what was there had been tainted",
    "stale": "what was there had been made from something that has changed",
    "retry": "tried again after a failure",
    "inputs_arrived": "tried again when what its job had missed was there",
}
run_argument = click.argument("run", metavar="JOBRUN")


@click.group("jobrun")
def jobrun() -> None:
    """Activations of jobs: why, with what, how they ended, what they printed."""


@jobrun.command("list")
@click.option("--job", default="", metavar="NAME", help="Only of this job.")
@state_option("jobrun")
@click.option("--want", default="", metavar="WANT", help="Only those that this want led to.")
@at_option
@json_option
@click.pass_obj
def list_(session: Session, /, *, job: str, states: tuple[JobRunStateName, ...], want: str, as_json: bool) -> None:
    """List JobRuns, oldest first."""
    from orchestrator.views.shapes import JobRunFilter

    found = session.read(lambda door: door.jobruns(JobRunFilter(job=job, states=states, want=want)))
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.state, one.job, made(one), one.since, one.failure and one.failure.reason) for one in found]
    print_table(("jobrun", "state", "job", "makes", "since", "failure"), rows)


@jobrun.command("show")
@run_argument
@at_option
@json_option
@click.pass_obj
def show(session: Session, /, *, run: str, as_json: bool) -> None:
    """Show a JobRun: why it ran, what it was given, what it made, where its output is."""
    found = session.read(lambda door: door.jobrun(run))
    if as_json:
        print_json(found)
    else:
        _print_detail(found)


@jobrun.command("logs")
@run_argument
@click.option("--follow", "-f", is_flag=True, help="Go on until the JobRun ends.")
@click.pass_obj
def logs(session: Session, /, *, run: str, follow: bool) -> None:
    """Print what a JobRun printed."""
    session.converse(lambda door: _print_log(door, run, follow=follow))


@jobrun.command("cancel")
@run_argument
@reason_option("Why, for those who ask later.")
@json_option
@click.pass_obj
def cancel(session: Session, /, *, run: str, reason: str, as_json: bool) -> None:
    """Stop a JobRun. What it was making has failed then."""
    found = session.ask(lambda door: door.cancel_jobrun(run, reason))
    if as_json:
        print_json(found)
    else:
        talk(f"{found.id} is {found.state}")


def made(run: JobRunView) -> str:
    """Say in a few words what a JobRun makes."""
    more = run.outputs_count - 1
    return run.first_output if more < 1 else f"{run.first_output} and {more} more"


async def _print_log(door: Door, run: str, *, follow: bool) -> None:
    import asyncio

    offset = 0
    while True:
        piece = await door.log_text(run, offset)
        sys.stdout.write(safe(piece.text) if sys.stdout.isatty() else piece.text)
        sys.stdout.flush()
        if piece.complete or (piece.next_offset == offset and not follow):
            return
        if piece.next_offset == offset:
            await asyncio.sleep(PAUSE_S)
        offset = piece.next_offset


def _print_detail(found: JobRunDetail) -> None:
    run, activation = found.run, found.activation
    print_fields(
        [
            ("jobrun", run.id),
            ("state", run.state),
            ("job", run.job),
            ("why", _REASONS.get(run.reason, run.reason)),
            ("for", run.want),
            ("since", run.since),
            ("retries", run.retries),
            ("failure", f"{run.failure.kind}: {run.failure.reason}" if run.failure else None),
            ("missing", found.missing),
            ("arguments", activation.args if activation else None),
            ("fingerprint", activation.fingerprint if activation else None),
            ("pid", found.pid),
            ("log", found.log),
        ]
    )
    data("")
    print_table(("makes", "state", "instance"), [(out.ref, out.state, out.id) for out in found.outputs])
    if activation and activation.inputs:
        data("")
        print_table(("from", "digest", "instance"), [(one.ref, one.digest, one.id) for one in activation.inputs])
