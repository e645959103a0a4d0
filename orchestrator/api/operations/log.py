"""The log: every entry, and each as it comes."""

from orchestrator.api.local import LocalDoor
from orchestrator.api.pages import page_of
from orchestrator.api.requests import Following, Page
from orchestrator.api.table import Routes
from orchestrator.errors import ErrorCode
from orchestrator.views.shapes import EntryFilter, EntryView

log = Routes("log")

UNREADABLE: tuple[ErrorCode, ...] = (
    "chain_broken",
    "log_damaged",
    "log_unreadable",
    "tail_missing",
    "undecodable",
    "unknown_kind",
)


@log.get("/entries", *UNREADABLE)
async def list_entries(door: LocalDoor, chosen: EntryFilter) -> Page[EntryView]:
    """List entries of the log."""
    return page_of(await door.entries(chosen), chosen.limit, lambda entry: str(entry.seq))


@log.get("/entries/next", *UNREADABLE)
async def next_entries(door: LocalDoor, asked: Following) -> Page[EntryView]:
    """Give the entries after a seq, waiting for the first of them."""
    return Page(await door.next_entries(asked.after, asked.timeout_s))
