"""Moments, and what two of them differ in."""

from typing import Literal

import msgspec


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """Which past moment an answer shows: after the entry ``at_seq``, written at ``at_time``. None: the present."""

    at_seq: int | None = None
    at_time: str | None = None


class Moment(msgspec.Struct, frozen=True):
    """A moment of the log: the end of a batch, and when it was written (None before the first entry)."""

    at_seq: int
    at_time: str | None


class Change(msgspec.Struct, frozen=True):
    """An entity of which two moments differ: its states then (None: not there yet) and later.

    ``about`` is the ref of a partition, the job of a JobRun, the first ref of a want; ``seq`` its newest entry.
    """

    kind: Literal["want", "partition", "jobrun"]
    id: str
    about: str
    before: str | None
    after: str
    seq: int


class Pace(msgspec.Struct, frozen=True):
    """How long the JobRuns of a job took, start to end, in the median: those that ended between, and as far before."""

    job: str
    runs_before: int
    runs_after: int
    before_s: float
    after_s: float
    slower: bool


class Diff(msgspec.Struct, frozen=True):
    """What happened between two moments: ``sums`` of what it came to, ``events`` by kind, each entity that differs.

    Lists hold what changed last at the end; ``cut`` says that they hold only the newest.
    """

    begin_seq: int
    begin_time: str | None
    end_seq: int
    end_time: str | None
    sums: dict[str, int]
    events: dict[str, int]
    wants: tuple[Change, ...]
    partitions: tuple[Change, ...]
    jobruns: tuple[Change, ...]
    paces: tuple[Pace, ...]
    cut: bool
