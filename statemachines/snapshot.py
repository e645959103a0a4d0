"""The world as bytes, and back: a cache of a replay, never the truth.

Only states and the seqs that go with them are kept; every index is made anew. The order of the entities is the order
in which they came to be, which is what the indices follow.

Source: design section 6.
"""

import msgspec

from statemachines.ids import InstanceId, WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Partition
from statemachines.want import Want
from statemachines.world import World

FORMAT = 1
"""Raised whenever the states change their shape: a snapshot of another format is passed over."""


class _Kept(msgspec.Struct, frozen=True):
    seq: int
    wants: list[Want]
    partitions: list[Partition]
    runs: list[JobRun]
    canonical: list[InstanceId]
    seqs: dict[str, int]
    opened: dict[str, int]


def encode_world(world: World) -> bytes:
    """The world as bytes. O(entities)."""
    kept = _Kept(
        world.seq,
        list(world.wants.values()),
        list(world.partitions.values()),
        list(world.runs.values()),
        [instance for name in world.environments for instance in world.holdings(name).canonical.values()],
        world.seqs,
        {str(want): seq for want, seq in world.opened.items()},
    )
    return msgspec.msgpack.encode(kept)


def decode_world(body: bytes) -> World:
    """The world that was encoded. Raises msgspec.MsgspecError for bytes that are no world of this format."""
    kept = msgspec.msgpack.decode(body, type=_Kept)
    opened = {WantId(want): seq for want, seq in kept.opened.items()}
    return World.of_states(
        kept.seq,
        kept.wants,
        kept.partitions,
        kept.runs,
        canonical=kept.canonical,
        seqs=kept.seqs,
        opened=opened,
    )
