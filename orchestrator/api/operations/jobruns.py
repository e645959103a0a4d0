"""JobRuns: what runs and ran, what it printed, and how to stop it."""

from orchestrator.api.local import LocalDoor
from orchestrator.api.pages import page_of
from orchestrator.api.reads import Reads
from orchestrator.api.requests import Because, Offset, Page
from orchestrator.api.table import Routes
from orchestrator.views.shapes import JobRunDetail, JobRunFilter, JobRunView, LogText

jobruns = Routes("jobruns")


@jobruns.get("/jobruns")
async def list_jobruns(reads: Reads, chosen: JobRunFilter) -> Page[JobRunView]:
    """List JobRuns, oldest first."""
    return page_of(reads, await reads.jobruns(chosen), chosen.limit, lambda run: run.id)


@jobruns.get("/jobruns/{run}", "no_such_jobrun")
async def show_jobrun(reads: Reads, run: str) -> JobRunDetail:
    """Show a JobRun with what it was given and made."""
    return await reads.jobrun(run)


@jobruns.get("/jobruns/{run}/log", "no_such_jobrun", "no_log_text")
async def show_log(door: LocalDoor, run: str, place: Offset) -> LogText:
    """Read a piece of what a JobRun printed, at most 1 MiB."""
    return await door.log_text(run, place.offset)


@jobruns.post("/jobruns/{run}/cancel", "no_such_jobrun", "not_now")
async def cancel_jobrun(door: LocalDoor, run: str, because: Because) -> JobRunView:
    """Stop a JobRun; what it was building fails."""
    return await door.cancel_jobrun(run, because.reason)
