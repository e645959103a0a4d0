"""The jobs and externals of the configuration, and how many JobRuns each has in which state."""

from typing import get_args

import msgspec

from orchestrator.console.pages.overview import counts
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import JobView
from statemachines import jobrun


class JobRow(msgspec.Struct, frozen=True):
    """A job with the number of its JobRuns by state."""

    job: JobView
    numbers: dict[str, int]


class Jobs(msgspec.Struct, frozen=True):
    """All jobs, then all externals."""

    rows: list[JobRow]


async def jobs(visit: Visit) -> Jobs:
    """Take the list of jobs."""
    found = await visit.reads.jobs()
    world = await visit.world()
    return Jobs([JobRow(job, counts(world, get_args(jobrun.JobRun), job.name)) for job in found])
