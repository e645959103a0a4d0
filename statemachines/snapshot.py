"""The world as bytes, and back: a cache of a replay, never the truth.

Only states are kept; every index is made anew. Source: design section 6.
"""

import msgspec

from statemachines.world import States, World

FORMAT = 2
"""Raised whenever the states change their shape: a snapshot of another format is passed over."""


def encode_world(world: World) -> bytes:
    """The world as bytes. O(entities)."""
    return msgspec.msgpack.encode(world.states())


def decode_world(body: bytes) -> World:
    """The world that was encoded. Raises msgspec.MsgspecError for bytes that are no world of this format."""
    states = msgspec.msgpack.decode(body, type=States)
    if len(states.seqs) != len(states.wants) + len(states.runs) + len(states.partitions):
        raise msgspec.ValidationError("there is not one seq for each entity")
    return World.of_states(states)
