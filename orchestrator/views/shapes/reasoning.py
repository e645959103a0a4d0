"""What is worked out for readers: who makes a ref, what would be done, why something is so, what needs what."""

from typing import Literal

import msgspec

from orchestrator.views.codes import Code
from orchestrator.views.shapes.entities import Edge
from orchestrator.views.shapes.past import AsOf

# ----------------------------------------------------------------------------------------------------------------- jobs


class JobView(msgspec.Struct, frozen=True):
    """A job or an external as it is configured. ``runs`` counts its JobRuns that are open, by state."""

    name: str
    kind: Literal["job", "external"]
    outputs: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    description: str = ""
    executor: str | None = None
    command: tuple[str, ...] | None = None
    python: str | None = None
    configure: tuple[str, ...] | None = None
    dynamic: bool = False
    pool: str | None = None
    slots: int | None = None
    batch_max: int = 1
    priority: int = 0
    timeout_s: float | None = None
    on_code_change: str | None = None
    fingerprint: str | None = None
    runs: dict[str, int] = {}


class NeedView(msgspec.Struct, frozen=True):
    """A ref that is needed, how, and how it stands."""

    ref: str
    kind: Literal["materialize", "query", "missed", "hint"]
    done: bool


class Lookup(AsOf, frozen=True):
    """Who makes a ref, how its pattern reads it, and what it needs. ``nearest``: patterns like it, if nobody does."""

    ref: str
    kind: Literal["job", "external", "nobody"]
    maker: str | None = None
    pattern: str | None = None
    bindings: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    inputs: tuple[NeedView, ...] = ()
    note: str = ""
    nearest: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------------------ plan, why


class PlannedRun(msgspec.Struct, frozen=True):
    """A JobRun that would be started. ``after`` are the numbers of those it has to wait for."""

    number: int
    job: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    code: Code
    text: str
    pool: str
    slots: int
    after: tuple[int, ...] = ()


class PlannedRef(msgspec.Struct, frozen=True):
    """A ref of which a plan can say something other than that it would be built now: the code says what."""

    ref: str
    code: Code
    text: str
    id: str | None = None


class GivenInput(msgspec.Struct, frozen=True):
    """Something that is there and that a planned JobRun reads: which instance, where its bytes are, what it holds."""

    ref: str
    id: str
    location: str
    digest: str


class Plan(AsOf, frozen=True):
    """What a want for these refs would do, as of ``seq``; nothing has been changed.

    ``done`` is there and fresh. ``under_way`` is being built already. ``adopted`` would be shown again from an older
    instance. ``awaited`` has to come from outside. ``impossible`` cannot be had. ``unknown`` depends on what jobs say
    while they run. ``given`` is what the runs read that is there already. ``exact``: no more will run if every job
    succeeds; otherwise these are the runs that are known. An input that is rebuilt with an equal digest can make it
    less: a plan says "at most". ``digest`` is the same for two plans that would do the same, whichever comes first.
    """

    refs: tuple[str, ...]
    seq: int
    runs: tuple[PlannedRun, ...]
    done: tuple[str, ...]
    under_way: tuple[PlannedRef, ...]
    adopted: tuple[PlannedRef, ...]
    awaited: tuple[PlannedRef, ...]
    impossible: tuple[PlannedRef, ...]
    unknown: tuple[PlannedRef, ...]
    given: tuple[GivenInput, ...]
    exact: bool
    digest: str


class WhyNode(msgspec.Struct, frozen=True):
    """One reason: code, words, the ref it is about, the seq that proves it (0: configuration), what is behind it."""

    code: Code
    text: str
    ref: str
    evidence: int = 0
    children: tuple["WhyNode", ...] = ()


class Why(AsOf, frozen=True):
    """Why a ref is, or is not, there. ``done``: readers get it fresh. ``state``: of its newest instance, or Absent."""

    ref: str
    environment: str
    done: bool
    state: str
    seq: int
    root: WhyNode


# ---------------------------------------------------------------------------------------------------------------- graph


class GraphNode(msgspec.Struct, frozen=True):
    """A ref (``id`` is the ref, ``job`` who makes it) or a job or external (``id`` is its name)."""

    id: str
    kind: Literal["ref", "job", "external"]
    state: str
    job: str | None = None


class GraphView(AsOf, frozen=True):
    """What needs what. ``ref`` is what it was drawn around, None for the graph of the jobs. ``cut``: there is more."""

    ref: str | None
    nodes: tuple[GraphNode, ...]
    edges: tuple[Edge, ...]
    cut: bool = False
