"""What is asked for: the wish that makes a want, and the filters that choose from lists."""

from typing import Literal, get_args

import msgspec

PAGE_MAX = 1_000
"""How many items one page of the API holds at most."""


Order = Literal["oldest", "newest"]
"""Which comes first in a list."""

WantStateName = Literal[
    "Idle",
    "Building",
    "UpstreamBuilding",
    "Paused",
    "Successful",
    "Failed",
    "UpstreamFailed",
    "Canceled",
    "Expired",
    "Superseded",
]
PartitionStateName = Literal[
    "Building",
    "UpstreamBuilding",
    "UpForRetry",
    "Live",
    "Tainted",
    "Failed",
    "UpstreamFailed",
    "Canceled",
    "Replaced",
    "Collected",
]
JobRunStateName = Literal[
    "Buffering", "Queued", "Launching", "Running", "Canceling", "Succeeded", "Failed", "DepMiss", "Lost", "Canceled"
]

STATE_NAMES: dict[str, tuple[str, ...]] = {
    "want": get_args(WantStateName),
    "partition": get_args(PartitionStateName),
    "jobrun": get_args(JobRunStateName),
}
"""The states of each machine, open ones first."""


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A want that is to be made. Texts may be refs, ranges, alternatives or globs; ``data_timestamp`` is ISO 8601.

    ``plan`` is the digest of a plan for these refs: the want is refused if it would do anything else by now.
    """

    refs: tuple[str, ...]
    environment: str = "local"
    source: Literal["cli", "api", "schedule", "console"] = "api"
    priority: int = 0
    ttl_s: float | None = None
    sla_s: float | None = None
    data_timestamp: str | None = None
    idempotency_key: str | None = None
    comment: str = ""
    plan: str | None = None


class WantFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which wants: in one of these states (all if empty), naming this ref. Beyond the id ``after``, in this order."""

    states: tuple[WantStateName, ...] = ()
    ref: str = ""
    order: Order = "oldest"
    after: str = ""
    limit: int | None = None


class PartitionFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which refs: by glob (``*`` within a segment, ``**`` across), by beginning, by state. Beyond the ref ``after``."""

    pattern: str = ""
    prefix: str = ""
    states: tuple[PartitionStateName, ...] = ()
    which: Literal["newest", "canonical"] = "newest"
    after: str = ""
    limit: int | None = None


class JobRunFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which JobRuns: of a job, in one of these states, led to by a want. Beyond the id ``after``, in this order."""

    job: str = ""
    states: tuple[JobRunStateName, ...] = ()
    want: str = ""
    order: Order = "oldest"
    after: str = ""
    limit: int | None = None


class EntryFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which entries: after < seq <= upto, of one kind, about one entity or belonging to it (a want's id: all of it)."""

    after: int = 0
    upto: int | None = None
    kind: str = ""
    entity: str = ""
    limit: int | None = None
