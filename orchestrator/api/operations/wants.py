"""Wants: made, listed, followed, and what an operator does to them."""

from http import HTTPStatus
from typing import Annotated

import msgspec

from orchestrator.api.local import LocalDoor
from orchestrator.api.pages import page_of
from orchestrator.api.reads import Reads
from orchestrator.api.requests import Because, Nothing, Page, Patience
from orchestrator.api.table import Header, Routes
from orchestrator.api.tags import IfMatch, expected
from orchestrator.views.shapes import Progress, WantDetail, WantFilter, WantView, Wish

wants = Routes("wants")

Key = Annotated[str | None, Header("Idempotency-Key", "The same key again gives the same want.")]


@wants.post(
    "/wants",
    "bad_ref",
    "bad_time",
    "bad_inputs",
    "cycle",
    "empty_want",
    "too_many_refs",
    "idempotency_conflict",
    "stale_plan",
    "no_job_makes",
    "no_such_environment",
    status=HTTPStatus.CREATED,
)
async def create_want(door: LocalDoor, wish: Wish, key: Key) -> WantView:
    """Make a want. The same Idempotency-Key again gives the same want."""
    return await door.create_want(wish if key is None else msgspec.structs.replace(wish, idempotency_key=key))


@wants.get("/wants")
async def list_wants(reads: Reads, chosen: WantFilter) -> Page[WantView]:
    """List wants, oldest first."""
    return page_of(reads, await reads.wants(chosen), chosen.limit, lambda want: want.id)


@wants.get("/wants/{want}", "no_such_want")
async def show_want(reads: Reads, want: str) -> WantDetail:
    """Show a want with all its refs."""
    return await reads.want(want)


@wants.get("/wants/{want}/wait", "no_such_want")
async def wait_want(door: LocalDoor, want: str, patience: Patience) -> WantView:
    """Answer when the want has closed or is paused, or with its state when the time is over."""
    return await door.wait_want(want, patience.timeout_s)


@wants.get("/wants/{want}/progress", "no_such_want")
async def show_progress(reads: Reads, want: str) -> Progress:
    """Say how far a want is, in one answer."""
    return await reads.progress(want)


@wants.post("/wants/{want}/cancel", "no_such_want", "not_now", "changed_meanwhile")
async def cancel_want(door: LocalDoor, want: str, because: Because, match: IfMatch) -> WantView:
    """Take a want back."""
    return await door.cancel_want(want, because.reason, expected=expected(match))


@wants.post("/wants/{want}/pause", "no_such_want", "not_now", "changed_meanwhile")
async def pause_want(door: LocalDoor, want: str, because: Because, match: IfMatch) -> WantView:
    """Let a want demand nothing for now."""
    return await door.pause_want(want, because.reason, expected=expected(match))


@wants.post("/wants/{want}/resume", "no_such_want", "not_now", "changed_meanwhile")
async def resume_want(door: LocalDoor, want: str, _: Nothing, match: IfMatch) -> WantView:
    """Let a paused want go on."""
    return await door.resume_want(want, expected=expected(match))


@wants.post("/wants/{want}/retry", "no_such_want", "not_now", "changed_meanwhile")
async def retry_want(door: LocalDoor, want: str, _: Nothing, match: IfMatch) -> WantView:
    """Try what failed of a want again."""
    return await door.retry_want(want, expected=expected(match))
