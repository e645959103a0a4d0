"""Entries of the log as readers see them."""

import msgspec

from bel.entry import Entry
from orchestrator.views.looking import iso
from orchestrator.views.shapes import EntryFilter, EntryView
from statemachines.events import AnyEvent


def entry_view(entry: Entry[AnyEvent]) -> EntryView:
    """One entry."""
    payload = msgspec.to_builtins(entry.event)
    return EntryView(
        seq=entry.seq,
        batch=entry.batch,
        at=iso(entry.at),
        kind=type(entry.event).__name__,
        entity=entry.event.id,
        cause=entry.cause,
        want=entry.correlation,
        actor=entry.actor,
        event_id=entry.event_id,
        event=payload,
    )


def is_chosen(entry: Entry[AnyEvent], chosen: EntryFilter) -> bool:
    """Whether a filter chooses an entry, its seq apart."""
    if chosen.kind and type(entry.event).__name__ != chosen.kind:
        return False
    return not chosen.entity or chosen.entity in (entry.event.id, entry.correlation)
