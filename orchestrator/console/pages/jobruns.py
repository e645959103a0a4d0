"""The list of JobRuns, newest first."""

from typing import get_args

import msgspec

from orchestrator.console.pages.overview import counts
from orchestrator.console.paging import PAGE, following
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import JobRunFilter, JobRunStateName, JobRunView
from statemachines import jobrun

OPEN = tuple(state.__name__ for state in get_args(jobrun.Open))


class JobRuns(msgspec.Struct, frozen=True):
    """A page of JobRuns. ``older`` is the JobRun after which the next page begins."""

    chosen: JobRunFilter
    jobs: tuple[str, ...]
    numbers: dict[str, int]
    items: tuple[JobRunView, ...]
    older: str | None
    open: tuple[str, ...] = OPEN
    """The states in which a JobRun is open."""


async def jobruns(visit: Visit) -> JobRuns:
    """Take a page of JobRuns."""
    chosen = JobRunFilter(
        job=visit.text("job"),
        states=visit.states(tuple[JobRunStateName, ...]),
        want=visit.text("want"),
        after=visit.text("after"),
        limit=PAGE,
        order="newest",
    )
    items = await visit.reads.jobruns(chosen)
    board = await visit.reads.board()
    return JobRuns(
        chosen=chosen,
        jobs=tuple(board.recipes.catalog.jobs),
        numbers=counts(board.world, get_args(jobrun.JobRun), chosen.job or None),
        items=items,
        older=following(items, lambda one: one.id),
    )
