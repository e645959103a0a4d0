"""``wantd bel fork`` and ``compare``: what would have gone otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import json_option
from orchestrator.cli.replay import existing_log
from orchestrator.cli.speech import data, talk
from orchestrator.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import Comparison, Course, WantCourse

SHOWN = 20
"""How many wants that went otherwise are listed."""


@click.command("fork")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--at",
    "moment",
    required=True,
    metavar="MOMENT",
    help="A seq, a time (ISO 8601) or how long ago (-2h); 0: before all.",
)
@click.pass_obj
def fork(session: Session, /, *, folder: Path, moment: str) -> None:
    """Copy the log up to a moment into DIR, to be played on there with simulated jobs.

    Change DIR/wantd.toml (pools, retries, jobs), then: wantd bel compare DIR. Nothing is ever started for a fork, and
    neither the original nor the code of its jobs is needed to play it.
    """
    from orchestrator.cli.forking import fork_at
    from orchestrator.config import load_config

    config = load_config(session.config_path(), cpus=os.cpu_count() or 1)
    fork_at(config, existing_log(session), moment, folder)
    talk(f"forked into {folder}: change {folder / 'wantd.toml'}, then: wantd bel compare {folder}")


@click.command("compare")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def compare(*, folder: Path, as_json: bool) -> None:
    """Play a fork on under its configuration, and show what would have gone otherwise: makespan, failures, lateness.

    What people did is repeated when they did it. JobRuns take as long, and end, as they did. The log of it is kept in
    DIR, for all that can be asked of a log.
    """
    from orchestrator.cli.forking import compared

    found = compared(folder)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: Comparison) -> None:
    rows = [(name, _number(was), _number(is_)) for name, was, is_ in _figures(found.was, found.would_be)]
    print_table(("", "was", "would be"), rows)
    jobs = {job.job: job for job in found.jobs_would_be}
    waits = [(one.job, one.queued_s, jobs[one.job].queued_s) for one in found.jobs_were if one.job in jobs]
    longer = [(job, _number(was), _number(is_)) for job, was, is_ in waits if was != is_]
    if longer:
        data("")
        print_table(("job", "seconds queued", "would be"), longer)
    if found.wants:
        data("")
        print_table(
            ("want", "for", "was", "after s", "would be", "after s"), [_want(one) for one in found.wants[:SHOWN]]
        )
    if len(found.wants) > SHOWN:
        talk(f"and {len(found.wants) - SHOWN} more wants; --json has them all")
    talk("the same outcome" if found.same else "another outcome")


def _figures(was: Course, would_be: Course) -> list[tuple[str, float, float]]:
    """The figures of both, those that are not 0 in both."""
    found = [
        ("makespan, seconds", was.makespan_s, would_be.makespan_s),
        ("wants open, seconds", was.open_s, would_be.open_s),
        ("seconds running", was.busy_s, would_be.busy_s),
        ("seconds queued", was.queued_s, would_be.queued_s),
        ("wants late", was.wants_late, would_be.wants_late),
        ("partitions live", was.live, would_be.live),
        ("partitions failed", was.failed, would_be.failed),
    ]
    for title, then, now in (("wants", was.wants, would_be.wants), ("jobruns", was.jobruns, would_be.jobruns)):
        states = sorted({**then, **now})
        found += [(f"{title} {state}", then.get(state, 0), now.get(state, 0)) for state in states]
    return [figure for figure in found if figure[1] or figure[2]]


def _want(one: WantCourse) -> tuple[object, ...]:
    was, is_ = (f"{state}{', late' if late else ''}" for state, late in _ends(one))
    return one.id, one.first_ref, was, _seconds(one.closed_was_s), is_, _seconds(one.closed_is_s)


def _ends(one: WantCourse) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return (one.state_was, one.late_was), (one.state_is or "refused", one.late_is)


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else _number(seconds)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
