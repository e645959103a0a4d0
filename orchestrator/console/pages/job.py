"""A job: how it is configured, what became of its JobRuns, and how long they took."""

from typing import get_args

import msgspec
from markupsafe import Markup

from orchestrator.api.refusals import refusal
from orchestrator.console.drawing.durations import Took, durations
from orchestrator.console.formats import between
from orchestrator.console.pages.overview import counts
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import JobRunFilter, JobRunView, JobView
from statemachines import jobrun

RUNS_SHOWN = 60

_ENDED = frozenset({"Succeeded", "Failed", "DepMiss", "Lost"})


class JobPage(msgspec.Struct, frozen=True):
    """Everything about one job. ``plotted`` counts the JobRuns whose launch is in the newest entries of the log."""

    job: JobView
    numbers: dict[str, int]
    runs: tuple[JobRunView, ...]
    plot: Markup
    plotted: int


async def job(visit: Visit) -> JobPage:
    """Take the page of a job. Raises DoorError."""
    name = visit.part("job")
    found = next((one for one in await visit.reads.jobs() if one.name == name), None)
    if found is None:
        raise refusal("no_such_page", f"there is no job or external {name}", "see the list of jobs")
    launched = await visit.recent.launches.before(visit.reads, visit.upto)
    runs = await visit.reads.jobruns(JobRunFilter(job=name, order="newest", limit=RUNS_SHOWN))
    timed = [_took(run, launched[run.id]) for run in reversed(runs) if run.id in launched and run.state in _ENDED]
    return JobPage(
        job=found,
        numbers=counts(await visit.world(), get_args(jobrun.JobRun), name),
        runs=runs,
        plot=durations(timed, lambda run: visit.link(f"/jobruns/{run}")),
        plotted=len(timed),
    )


def _took(run: JobRunView, launched: str) -> Took:
    return Took(run.id, run.state, run.first_output, between(launched, run.since))
