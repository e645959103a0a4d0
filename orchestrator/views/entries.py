"""Entries of the log as readers see them."""

import msgspec
from msgspec.structs import replace

from bel.entry import Entry
from orchestrator.views.looking import iso
from orchestrator.views.shapes import EntryFilter, EntryView
from statemachines.events import AnyEvent
from statemachines.want import WantCreated

LISTED_MAX = 1_000
"""How many items of a list in an event are shown: a want may name a million refs."""


def entry_view(entry: Entry[AnyEvent]) -> EntryView:
    """One entry."""
    payload = msgspec.to_builtins(_cut(entry.event))
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


def _cut(event: AnyEvent) -> AnyEvent:
    """An event without the rest of a list that is too long; ``wantd bel export`` has it whole."""
    match event:
        case WantCreated(spec=spec) if len(spec.refs) > LISTED_MAX:
            return replace(event, spec=replace(spec, refs=spec.refs[:LISTED_MAX]))
        case _:
            return event


def is_chosen(entry: Entry[AnyEvent], chosen: EntryFilter) -> bool:
    """Whether a filter chooses an entry, its seq apart."""
    if chosen.kind and type(entry.event).__name__ != chosen.kind:
        return False
    return not chosen.entity or chosen.entity in (entry.event.id, entry.correlation)
