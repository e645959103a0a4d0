"""The entry: what the loop builds, applies to the world, appends and publishes.

Invariants: ``seq`` has no gaps and begins at 1; all entries of one batch carry the seq of its first; an entry
is caused by an earlier one. ``append`` checks them. An entry is a value and is never changed.
Source: design section 6.
"""

from typing import Generic, NewType, TypeVar

import msgspec

E_co = TypeVar("E_co", covariant=True)

Seq = NewType("Seq", int)
"""A position in the log. The first entry has 1; 0 is the empty log."""


class Entry(msgspec.Struct, Generic[E_co], frozen=True, gc=False):
    """One event with everything the log says about it.

    ``event_id`` is unique in the log, which makes a retry safe. Let ids grow with seq: random ones make every
    commit touch pages all over their index and cost about half of the append rate.
    """

    seq: int
    batch: int
    """The seq of the first entry of the same batch."""
    at: int
    """Microseconds since the Unix epoch, as the writer's clock said; it may go back."""
    event: E_co
    event_id: str
    cause: int
    """The seq that led to it, 0 for none."""
    correlation: str
    """The want, or whatever else it belongs to; empty for none."""
    actor: str
    """Who did it, such as ``cli:alice`` or ``loop``."""


class Head(msgspec.Struct, frozen=True):
    """Where a log ends, and who may append to it."""

    seq: int
    batch: int
    hash: bytes
    epoch: int


class Snapshot(msgspec.Struct, frozen=True):
    """The state after the entry ``seq``, as the caller encoded it: a cache, never the truth."""

    seq: int
    digest: str
    body: bytes
    format: int


class SnapshotFacts(msgspec.Struct, frozen=True):
    """What is known of a snapshot without loading it."""

    seq: int
    digest: str
    size: int
