"""What goes over the wire beside shapes: the parameters of requests, and pages. Shared by client and server."""

from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from orchestrator.views.shapes import AsOf, EntryFilter, JobRunFilter, PartitionFilter, Scalar, WantFilter
from orchestrator.views.shapes.table import ROWS_MAX

T = TypeVar("T")

Filter = WantFilter | PartitionFilter | JobRunFilter | EntryFilter
"""What chooses from a list that comes in pages."""

BASE = "/api/v1"
BODY_BYTES_MAX = 16 << 20
"""A want may name 100,000 refs, of some 150 bytes each."""

WAIT_S_MAX = 30.0

_Depth = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
_Wait = Annotated[float, msgspec.Meta(ge=0, le=WAIT_S_MAX)]


class Page(AsOf, Generic[T], frozen=True):
    """A part of a list. ``next`` is the ``after`` of the next page, None on the last one."""

    items: tuple[T, ...]
    next: str | None = None


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class AboutRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ref, or the id of an instance."""

    ref: str


class AboutLineage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A ref or the id of an instance, which way to look, and how far."""

    ref: str
    direction: Literal["up", "down", "both"] = "both"
    depth: _Depth = 100


class AboutGraph(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A ref and how far to look around it; no ref means the jobs."""

    ref: str | None = None
    depth: _Depth = 3


class AtMoment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment: a seq, a time (ISO 8601), or how long ago (-2h)."""

    at: str


class Between(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two moments, each a seq, a time (ISO 8601) or how long ago (-2h); without the second one, up to now."""

    begin: str
    end: str | None = None


class Offset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where to begin, in bytes; negative: from the end."""

    offset: int = 0


class Patience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Wait for something to happen, at most so long."""

    timeout_s: _Wait = 0.0


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where to begin, in bytes."""

    offset: Annotated[int, msgspec.Meta(ge=0)] = 0


class Watched(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which entries: beyond a seq, of one kind, about one entity or belonging to it (a want's id: all of it)."""

    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    kind: str = ""
    entity: str = ""


class Following(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What comes after a seq, waiting for it at most so long."""

    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    timeout_s: _Wait = 0.0


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why somebody does it."""

    reason: str = ""


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One SELECT, and how many rows are wanted at most; without a limit more than 10,000 are refused."""

    statement: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=ROWS_MAX)] | None = None


class Refs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts that stand for refs."""

    refs: tuple[str, ...]


class Tainted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Texts that stand for refs whose instances must not be used, and why."""

    refs: tuple[str, ...]
    reason: str
    downstream: bool = False


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Data from outside that is there."""

    ref: str
    digest: str | None = None
    location: str = ""
    metadata: dict[str, Scalar] = {}
