"""All events of the build event log, as one union, and the map from an event to the entity it is about."""

from typing import get_args

from statemachines.jobrun import AnyJobRunEvent
from statemachines.partition import AnyPartitionEvent
from statemachines.want import AnyWantEvent

AnyEvent = AnyWantEvent | AnyPartitionEvent | AnyJobRunEvent

EVENT_TYPES: tuple[type[AnyEvent], ...] = get_args(AnyEvent)
KINDS: tuple[str, ...] = tuple(event.__name__ for event in EVENT_TYPES)


def entity_of(event: AnyEvent) -> str:
    """The id of the entity that the event is about."""
    return event.id
