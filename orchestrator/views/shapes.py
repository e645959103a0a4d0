"""The shapes of all answers: what ``--json`` prints and what the API sends, field by field.

Every entity has ``id`` and ``state``; partitions also ``ref`` and ``environment``. Times are ISO 8601 in UTC, durations
are seconds, ``seq`` is the newest entry of the log about the thing. Lists are whole. Fields are only ever added.

Imports nothing but msgspec, so that a client starts fast. Source: design section 10.
"""

from typing import Literal

import msgspec

from orchestrator.views.codes import Code

CaseName = Literal["done", "building", "failed", "upfailed", "waiting", "ready", "backoff", "not_done"]
"""How a ref stands for a want (design section 4). ``not_done``: it is not there, and the want no longer asks for it."""

Scalar = str | int | float | bool | None

PAGE_MAX = 1_000
"""How many items one page of the API holds at most."""


# ---------------------------------------------------------------------------------------------------- what is asked for


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A want that is to be made. Texts may be refs, ranges, alternatives or globs; ``data_timestamp`` is ISO 8601."""

    refs: tuple[str, ...]
    environment: str = "local"
    source: Literal["cli", "api", "schedule", "console"] = "api"
    priority: int = 0
    ttl_s: float | None = None
    sla_s: float | None = None
    data_timestamp: str | None = None
    idempotency_key: str | None = None
    comment: str = ""


class WantFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which wants: in one of these states (all if empty), naming this ref. Beyond the id ``after``, oldest first."""

    states: tuple[str, ...] = ()
    ref: str = ""
    after: str = ""
    limit: int | None = None


class PartitionFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which refs: by glob (``*`` within a segment, ``**`` across), by beginning, by state. Beyond the ref ``after``."""

    pattern: str = ""
    prefix: str = ""
    states: tuple[str, ...] = ()
    which: Literal["newest", "canonical"] = "newest"
    after: str = ""
    limit: int | None = None


class JobRunFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which JobRuns: of a job, in one of these states, led to by a want. Beyond the id ``after``, oldest first."""

    job: str = ""
    states: tuple[str, ...] = ()
    want: str = ""
    after: str = ""
    limit: int | None = None


class EntryFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which entries: after < seq <= upto, of one kind, about one entity or belonging to it (a want's id: all of it)."""

    after: int = 0
    upto: int | None = None
    kind: str = ""
    entity: str = ""
    limit: int | None = None


# ---------------------------------------------------------------------------------------------------------------- wants


class RefFailureView(msgspec.Struct, frozen=True):
    """Why one ref of a want is not there. ``evidence`` is the seq that says so, ``run`` the JobRun that failed."""

    ref: str
    reason: str
    evidence: int
    run: str | None = None


class WantView(msgspec.Struct, frozen=True):
    """A want as a row. ``reason`` says why it was paused or canceled, or what took its place."""

    id: str
    state: str
    environment: str
    since: str
    created_at: str
    actor: str
    source: str
    refs_count: int
    first_ref: str
    seq: int
    patterns: tuple[str, ...] = ()
    priority: int = 0
    late: bool = False
    expires_at: str | None = None
    late_at: str | None = None
    idempotency_key: str | None = None
    comment: str = ""
    reason: str = ""
    failures_count: int = 0


class WantedRef(msgspec.Struct, frozen=True):
    """How one ref of a want stands: its case, what it is about in words, and what it directly waits for."""

    ref: str
    case: CaseName
    code: Code
    text: str
    waits_for: tuple[str, ...] = ()


class WantDetail(msgspec.Struct, frozen=True):
    """A want with every ref, the number of refs by case, and its failures."""

    id: str
    state: str
    want: WantView
    cases: dict[str, int]
    refs: tuple[WantedRef, ...]
    failures: tuple[RefFailureView, ...]


# ----------------------------------------------------------------------------------------------------------- partitions


class ContentView(msgspec.Struct, frozen=True):
    """What an instance holds."""

    digest: str
    size_bytes: int
    files: int
    metadata: dict[str, Scalar]


class OriginView(msgspec.Struct, frozen=True):
    """Where an instance comes from: the JobRun that made its bytes, the instance it reuses, or who reported it."""

    how: Literal["built", "adopted", "reported"]
    run: str | None = None
    source: str | None = None
    actor: str | None = None


class InstanceView(msgspec.Struct, frozen=True):
    """One partition instance.

    ``canonical``: readers of its environment get this one. ``fresh``: it is canonical and all it was made from is
    still current. ``location`` is where its bytes are, or would be. ``run`` is the JobRun that makes or made it.
    """

    id: str
    state: str
    ref: str
    environment: str
    since: str
    seq: int
    canonical: bool
    fresh: bool
    location: str
    run: str | None = None
    tries: int | None = None
    not_before: str | None = None
    needs: tuple[str, ...] = ()
    failure: str | None = None
    reason: str = ""
    content: ContentView | None = None
    origin: OriginView | None = None


class PartitionDetail(msgspec.Struct, frozen=True):
    """A ref with all its instances, newest first. ``id``, ``state``: of the newest, or of the instance asked for.

    ``maker`` is the job or external that makes it, None where nobody does (any more).
    """

    id: str
    state: str
    ref: str
    environment: str
    maker: str | None
    done: bool
    canonical: InstanceView | None
    newest: InstanceView
    instances: tuple[InstanceView, ...]
    wanted_by: tuple[str, ...] = ()


class Tainting(msgspec.Struct, frozen=True):
    """The answer to a taint: every instance that it marked. Empty where all were tainted already."""

    seq: int
    tainted: tuple[InstanceView, ...]


class LineageNode(msgspec.Struct, frozen=True):
    """An instance in a lineage. ``depth``: steps from the one asked about, negative up (made from), positive down."""

    id: str
    state: str
    ref: str
    environment: str
    depth: int
    digest: str | None = None
    run: str | None = None
    job: str | None = None


class Edge(msgspec.Struct, frozen=True):
    """``target`` was, or is to be, made from ``source``."""

    source: str
    target: str
    kind: Literal["read", "materialize", "query", "missed", "hint", "needs"] = "read"


class Lineage(msgspec.Struct, frozen=True):
    """What an instance was made from (up) and what was made from it (down), by instance, as it was really read."""

    id: str
    state: str
    ref: str
    environment: str
    nodes: tuple[LineageNode, ...]
    edges: tuple[Edge, ...]
    cut: bool
    """More lies beyond the depth asked for."""


# -------------------------------------------------------------------------------------------------------------- JobRuns


class OutputView(msgspec.Struct, frozen=True):
    """What a JobRun makes. ``state`` is that of the instance, Buffering where there is none yet."""

    ref: str
    id: str | None
    state: str


class InputView(msgspec.Struct, frozen=True):
    """What a JobRun was given."""

    ref: str
    id: str
    digest: str | None


class FailureView(msgspec.Struct, frozen=True):
    """What went wrong: by class (design section 7), and in words."""

    kind: str
    reason: str


class JobRunView(msgspec.Struct, frozen=True):
    """A JobRun as a row. ``since`` is when it entered its state; ``reason`` why it was queued."""

    id: str
    state: str
    job: str
    environment: str
    want: str
    since: str
    seq: int
    outputs_count: int
    first_output: str
    reason: str = ""
    pool: str | None = None
    slots: int | None = None
    until: str | None = None
    retries: str | None = None
    failure: FailureView | None = None


class ActivationView(msgspec.Struct, frozen=True):
    """What a JobRun was started with, frozen at that moment."""

    version: str
    fingerprint: str
    inputs: tuple[InputView, ...]
    args: tuple[str, ...] | None
    env: dict[str, str]
    timeout_s: float | None


class JobRunDetail(msgspec.Struct, frozen=True):
    """A JobRun with all it was given and made. ``log`` is the file with its output, ``missing`` what it lacked."""

    id: str
    state: str
    run: JobRunView
    outputs: tuple[OutputView, ...]
    log: str
    context: str
    activation: ActivationView | None = None
    missing: tuple[str, ...] = ()
    pid: int | None = None


class LogText(msgspec.Struct, frozen=True):
    """A piece of what a JobRun printed. Ask again from ``next_offset``; ``complete``: it ended and this was all."""

    text: str
    offset: int
    next_offset: int
    size: int
    complete: bool


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


class Lookup(msgspec.Struct, frozen=True):
    """Who makes a ref, how its pattern reads it, and what it needs. ``nearest``: patterns like it, if nobody does."""

    ref: str
    kind: Literal["job", "external", "nobody"]
    maker: str | None = None
    pattern: str | None = None
    bindings: dict[str, str] = {}
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


class Plan(msgspec.Struct, frozen=True):
    """What a want for these refs would do, as of ``seq``; nothing has been changed.

    ``done`` is there and fresh. ``under_way`` is being built already. ``adopted`` would be shown again from an older
    instance. ``awaited`` has to come from outside. ``impossible`` can not be had. ``unknown`` depends on what jobs say
    while they run. ``given`` is what the runs read that is there already. ``exact``: no more will run if every job
    succeeds; otherwise these are the runs that are known. An input that is rebuilt with an equal digest can make it
    less: a plan says "at most".
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


class WhyNode(msgspec.Struct, frozen=True):
    """One reason: code, words, the ref it is about, the seq that proves it (0: configuration), what is behind it."""

    code: Code
    text: str
    ref: str
    evidence: int = 0
    children: tuple["WhyNode", ...] = ()


class Why(msgspec.Struct, frozen=True):
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


class GraphView(msgspec.Struct, frozen=True):
    """What needs what. ``ref`` is what it was drawn around, None for the graph of the jobs. ``cut``: there is more."""

    ref: str | None
    nodes: tuple[GraphNode, ...]
    edges: tuple[Edge, ...]
    cut: bool = False


# ------------------------------------------------------------------------------------------------------- log and daemon


class EntryView(msgspec.Struct, frozen=True):
    """One entry of the log. ``event`` is its payload; ``want`` what it is correlated with, empty for nothing."""

    seq: int
    batch: int
    at: str
    kind: str
    entity: str
    cause: int
    want: str
    actor: str
    event_id: str
    event: dict[str, object]


class JobProgress(msgspec.Struct, frozen=True):
    """What a want still needs of one job, and what it has of it: refs by case; ``total`` of all cases."""

    job: str
    total: int
    cases: dict[str, int]


class RunProgress(msgspec.Struct, frozen=True):
    """A JobRun that is under way. ``last_line`` is the newest line of its output."""

    id: str
    state: str
    job: str
    since: str
    outputs_count: int
    first_output: str
    last_line: str = ""


class Progress(msgspec.Struct, frozen=True):
    """All that a live display of one want needs, as of ``seq``.

    ``cases`` counts the want's own refs, ``jobs`` everything the want touches, in the order of the work. ``queued``
    counts the JobRuns for it that wait for slots or for their batch.
    """

    id: str
    state: str
    seq: int
    now: str
    want: WantView
    cases: dict[str, int]
    jobs: tuple[JobProgress, ...]
    running: tuple[RunProgress, ...]
    queued: int
    failures: tuple[RefFailureView, ...]


class Status(msgspec.Struct, frozen=True):
    """Who answers. ``daemon``: an engine runs behind this door. ``read_only`` says why it takes no commands."""

    application: str
    state_directory: str
    daemon: bool
    seq: int
    wants_open: int
    jobruns_open: int
    read_only: str | None = None
    pid: int | None = None


class Problem(msgspec.Struct, frozen=True):
    """An error as the API sends it (RFC 9457), with what to do about it. ``code`` is the last part of ``type``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    exit_code: int = 70
