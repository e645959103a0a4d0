"""The log: every entry, each as it comes, and what two moments differ in."""

from contextlib import aclosing

from orchestrator.api.local import LocalDoor
from orchestrator.api.pages import page_of
from orchestrator.api.ports import Engine
from orchestrator.api.reads import Reads
from orchestrator.api.requests import AtMoment, Between, Following, Page, Watched
from orchestrator.api.streams import Event, Events, LastEventId, resumed
from orchestrator.api.table import UNREADABLE, Routes
from orchestrator.views.cloudevents import cloud_event
from orchestrator.views.shapes import CloudEvent, Diff, EntryFilter, EntryView, Moment

log = Routes("log")

SLICE_S = 1.0
"""How long is waited for an entry before it is asked whether the daemon ends."""


@log.get("/entries", *UNREADABLE)
async def list_entries(reads: Reads, chosen: EntryFilter) -> Page[EntryView]:
    """List entries of the log."""
    return page_of(reads, await reads.entries(chosen), chosen.limit, lambda entry: str(entry.seq))


@log.get("/entries/next", *UNREADABLE)
async def next_entries(door: LocalDoor, asked: Following) -> Page[EntryView]:
    """Give the entries after a seq, waiting for the first of them."""
    return Page(await door.next_entries(asked.after, asked.timeout_s))


@log.get("/entries/stream", "busy", *UNREADABLE)
async def stream_entries(door: LocalDoor, engine: Engine, chosen: Watched, last: LastEventId) -> Events[EntryView]:
    """Send each entry beyond a seq, those there are and then each as it comes; an event's id is its seq."""
    return _entries(door, engine, chosen, resumed(chosen.after, last))


async def _entries(door: LocalDoor, engine: Engine, chosen: Watched, after: int) -> Events[EntryView]:
    while not engine.is_draining:
        for entry in await door.next_entries(after, SLICE_S):
            after = entry.seq
            if chosen.kind in {"", entry.kind} and chosen.entity in {"", entry.entity, entry.want}:
                yield Event(entry.seq, entry.kind, entry)


@log.get("/cloudevents", *UNREADABLE)
async def list_cloudevents(reads: Reads, engine: Engine, chosen: EntryFilter) -> Page[CloudEvent]:
    """List entries of the log as CloudEvents."""
    name = engine.application.catalog.name
    found = tuple(cloud_event(entry, name) for entry in await reads.entries(chosen))
    return page_of(reads, found, chosen.limit, lambda event: str(int(event.sequence)))


@log.get("/cloudevents/stream", "busy", *UNREADABLE)
async def stream_cloudevents(door: LocalDoor, engine: Engine, chosen: Watched, last: LastEventId) -> Events[CloudEvent]:
    """Send each entry beyond a seq as a CloudEvent; as of every stream, an event's id is its seq."""
    return _cloudevents(engine, _entries(door, engine, chosen, resumed(chosen.after, last)))


async def _cloudevents(engine: Engine, entries: Events[EntryView]) -> Events[CloudEvent]:
    async with aclosing(entries):
        async for event in entries:
            yield Event(event.id, event.kind, cloud_event(event.data, engine.application.catalog.name))


@log.get("/moment", "bad_time", "no_such_seq", *UNREADABLE)
async def show_moment(door: LocalDoor, asked: AtMoment) -> Moment:
    """Say which moment of the log a seq, a time or a duration means."""
    return await door.moment(asked.at)


@log.get("/diff", "bad_time", "no_such_seq", *UNREADABLE)
async def show_diff(door: LocalDoor, asked: Between) -> Diff:
    """Say what two moments differ in: what went live, failed, was tainted, canceled or got slower."""
    return await door.diff(asked.begin, asked.end)
