"""What every event has in common.

An event is a fact about one entity and stands for one edge of its machine. ``enter`` is that edge: it takes the
state the entity is in and makes the state it is in afterwards, or raises IllegalTransition. States are made here
and nowhere else, whether the event is new or read back from a log.

Source: design section 3, laws 4 and 7.
"""

import msgspec

from statemachines.ids import Timestamp


class Event(
    msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A fact: it happened at this moment. Concrete events add the ``id`` of their entity."""

    at: Timestamp
