"""The log: every entry, each as it comes, and what two moments differ in."""

from orchestrator.api.local import LocalDoor
from orchestrator.api.pages import page_of
from orchestrator.api.reads import Reads
from orchestrator.api.requests import AtMoment, Between, Following, Page
from orchestrator.api.table import UNREADABLE, Routes
from orchestrator.views.shapes import Diff, EntryFilter, EntryView, Moment

log = Routes("log")


@log.get("/entries", *UNREADABLE)
async def list_entries(reads: Reads, chosen: EntryFilter) -> Page[EntryView]:
    """List entries of the log."""
    return page_of(reads, await reads.entries(chosen), chosen.limit, lambda entry: str(entry.seq))


@log.get("/entries/next", *UNREADABLE)
async def next_entries(door: LocalDoor, asked: Following) -> Page[EntryView]:
    """Give the entries after a seq, waiting for the first of them."""
    return Page(await door.next_entries(asked.after, asked.timeout_s))


@log.get("/moment", "bad_time", "no_such_seq", *UNREADABLE)
async def show_moment(door: LocalDoor, asked: AtMoment) -> Moment:
    """Say which moment of the log a seq, a time or a duration means."""
    return await door.moment(asked.at)


@log.get("/diff", "bad_time", "no_such_seq", *UNREADABLE)
async def show_diff(door: LocalDoor, asked: Between) -> Diff:
    """Say what two moments differ in: what went live, failed, was tainted, canceled or got slower."""
    return await door.diff(asked.begin, asked.end)
