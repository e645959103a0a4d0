"""Entries of the log as CloudEvents 1.0, for those who read many kinds of events from many sources.

Source: the CloudEvents specification, version 1.0.2, and its extension ``sequence``.
"""

from msgspec import UNSET

from orchestrator.runtime.codec import VERSIONS
from orchestrator.views.shapes import CloudEvent, EntryView


def cloud_event(entry: EntryView, application: str) -> CloudEvent:
    """One entry in the envelope. ``id`` and ``source`` together are unique; ``sequence`` sorts as the log does."""
    return CloudEvent(
        specversion="1.0",
        id=entry.event_id,
        source=f"urn:wantd:{application}",
        type=f"io.wantd.{entry.kind}.v{VERSIONS.get(entry.kind, 1)}",
        subject=entry.entity,
        time=entry.at,
        datacontenttype="application/json",
        data=entry.event,
        sequence=f"{entry.seq:020}",
        batch=f"{entry.batch:020}",
        cause=f"{entry.cause:020}" if entry.cause else UNSET,
        want=entry.want or UNSET,
        actor=entry.actor,
    )
