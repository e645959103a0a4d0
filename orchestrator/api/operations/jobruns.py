"""JobRuns: what runs and ran, what it printed, and how to stop it."""

import asyncio

from orchestrator.api.local import LocalDoor
from orchestrator.api.pages import page_of
from orchestrator.api.ports import Engine
from orchestrator.api.reads import Reads
from orchestrator.api.requests import Because, Begin, Offset, Page
from orchestrator.api.streams import Event, Events, LastEventId, resumed
from orchestrator.api.table import Routes
from orchestrator.api.tags import IfMatch, expected
from orchestrator.views.shapes import JobRunDetail, JobRunFilter, JobRunView, LogText

jobruns = Routes("jobruns")

LOOK_AGAIN_S = 0.2
"""A file does not say when it grows."""


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


@jobruns.get("/jobruns/{run}/log/stream", "no_such_jobrun", "no_log_text", "busy")
async def stream_log(door: LocalDoor, engine: Engine, run: str, place: Begin, last: LastEventId) -> Events[LogText]:
    """Send what a JobRun prints as it prints it, until it has ended; an event's id is where the next piece begins."""
    await door.jobrun(run)
    return pieces(door, engine, run, resumed(place.offset, last))


async def pieces(door: LocalDoor, engine: Engine, run: str, offset: int) -> Events[LogText]:
    """What a JobRun prints, from a byte on, until it has ended."""
    while not engine.is_draining:
        piece = await door.log_text(run, offset)
        if piece.text or piece.complete:
            yield Event(piece.next_offset, "piece", piece)
        if piece.complete:
            return
        offset = piece.next_offset
        if not piece.text:
            await asyncio.sleep(LOOK_AGAIN_S)


@jobruns.post("/jobruns/{run}/cancel", "no_such_jobrun", "not_now", "changed_meanwhile")
async def cancel_jobrun(door: LocalDoor, run: str, because: Because, match: IfMatch) -> JobRunView:
    """Stop a JobRun; what it was building fails."""
    return await door.cancel_jobrun(run, because.reason, expected=expected(match))
