"""What one measurement found, the same for all sides, and what was asked for and not found."""

from typing import Literal, get_args

import msgspec

from benchmarks.workloads import JobKind, Shape

Peer = Literal["luigi", "doit", "dask", "dbos", "dagster", "prefect", "snakemake"]
PEERS: tuple[Peer, ...] = get_args(Peer)
Side = Literal["wantd", "floor", "make", "ninja", "aiosqlite", "bare", "ideal"] | Peer
Phase = Literal[
    "first", "plan", "build", "again", "asked", "typed", "graph", "idle", "rest", "replay", "restart", "ready",
    "ready again", "started", "next", "append",
]  # fmt: skip

MARK = "@@"
"""What a line of a measured program begins with where it is a row."""


class Case(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """What is built, how many of it, and by how many milliseconds each commit was made longer."""

    shape: Shape
    n: int
    job: JobKind
    delay_ms: float = 0.0


class Batch(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """How many events each commit of a log carries."""

    events: int


Subject = Case | Batch


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One timed phase of one run.

    Before anything is built: ``first`` is from the start of ``wantd serve`` to the daemon that is ready; ``plan`` says,
    over a connection that is open, what all would run.

    ``build`` is from the want handed in to the want Successful, ``again`` the same want once more when all is built;
    ``asked`` is that over a connection to the daemon that is open, ``typed`` by a command that is started for it.
    ``graph`` is, over such a connection, what the first ref is connected with, as far as an answer goes.
    ``idle`` is a turn in which nothing changes, from a command that has to be refused to its refusal; ``rest`` the
    processor time that a daemon takes in a second in which nobody asks it anything.

    ``replay`` folds the log alone; ``restart`` is from a state directory to an engine that takes commands, ``ready``
    the same by ``wantd serve``, from its start; ``ready again`` where everything was tainted and built once more.

    ``started`` is from a request to the process it starts, in an idle daemon; ``next`` from the exit of a process to
    the start of the next: medians of one run. ``append`` is a log being written.
    """

    side: Side
    case: Subject
    phase: Phase
    seconds: float
    partitions: int
    commits: int | None = None
    events: int | None = None
    """Written in this phase; of ``replay`` and after it: that were in the log."""
    p99: float | None = None
    """Where ``seconds`` is a median of many: what one in a hundred takes."""
    peak_mb: float | None = None
    held_mb: float | None = None
    """What a daemon that is ready, and all below it, hold at rest."""


class Absent(msgspec.Struct, frozen=True):
    """Something that was to be measured and was not, and why."""

    side: Side
    what: str
    why: str
