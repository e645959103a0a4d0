"""The list of JobRuns, newest first."""

from typing import get_args

import msgspec

from orchestrator.console.newest import newest
from orchestrator.console.pages.overview import counts
from orchestrator.console.visits import Visit
from orchestrator.views.jobruns import jobrun_view
from orchestrator.views.shapes import JobRunView
from statemachines import jobrun
from statemachines.traits import head_of


class JobRuns(msgspec.Struct, frozen=True):
    """A page of JobRuns. ``older`` is the JobRun before which the next page begins."""

    states: tuple[str, ...]
    job: str
    jobs: tuple[str, ...]
    numbers: dict[str, int]
    items: list[JobRunView]
    older: str | None


async def jobruns(visit: Visit) -> JobRuns:
    """Take a page of JobRuns."""
    states, job = visit.texts("state"), visit.text("job")
    chosen = frozenset(states)
    board = await visit.reads.board()

    def is_chosen(one: jobrun.JobRun) -> bool:
        return (not chosen or type(one).__name__ in chosen) and (not job or head_of(one).job == job)

    found = newest(board.world.runs, is_chosen, before=visit.text("before"))
    return JobRuns(
        states=states,
        job=job,
        jobs=tuple(board.recipes.catalog.jobs),
        numbers=counts(board.world, get_args(jobrun.JobRun), job or None),
        items=[jobrun_view(board, one) for one in found.items],
        older=found.older,
    )
