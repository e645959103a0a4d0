"""What one measurement found, the same for all sides."""

from typing import Literal

import msgspec

from benchmarks.workloads import JobKind, Shape

Side = Literal["wantd", "floor", "make", "ninja"]
Phase = Literal["build", "again", "asked", "typed", "restart"]

MARK = "@@"
"""What a line of a measured program begins with where it is a row."""


class Case(msgspec.Struct, frozen=True):
    """What is built, and how many of it."""

    shape: Shape
    n: int
    job: JobKind


class Row(msgspec.Struct, frozen=True):
    """One timed phase of one run.

    ``build`` is from the want handed in to the want Successful, ``again`` the same want once more when all is built;
    ``asked`` is that over a connection to the daemon that is open, ``typed`` by a command that is started for it;
    ``restart`` is from a log on the disk to a daemon that takes commands.
    """

    side: Side
    case: Case
    phase: Phase
    seconds: float
    partitions: int
    commits: int | None = None
    events: int | None = None
    peak_mb: float | None = None
