"""The entities of the log as readers see them: wants, partitions, JobRuns."""

from typing import Literal

import msgspec

from orchestrator.views.codes import Code
from orchestrator.views.shapes.past import AsOf

CaseName = Literal["done", "building", "failed", "upfailed", "waiting", "ready", "backoff", "not_done"]
"""How a ref stands for a want (design section 4). ``not_done``: it is not there, and the want no longer asks for it."""

Scalar = str | int | float | bool | None


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
    """How one ref of a want stands: its case, what it is about in words, and what it directly waits for.

    Of ``waits_for_count`` refs that it waits for, the first 100 are listed.
    """

    ref: str
    case: CaseName
    code: Code
    text: str
    waits_for: tuple[str, ...] = ()
    waits_for_count: int = 0


class WantDetail(AsOf, frozen=True):
    """A want with its refs, the number of refs by case, and its failures.

    The first 1,000 refs are listed; the view ``want_refs`` of the SQL door has all. ``cases`` counts all: how they
    stand now, but of a want of more than 1,000 refs that has succeeded or failed, how they stood then.
    """

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


class PartitionDetail(AsOf, frozen=True):
    """A ref with all its instances, newest first. ``id``, ``state``: of the newest, or of the instance asked for.

    ``maker`` is the job or external that makes it, None where nobody does (any more). The newest 100 of
    ``instances_count`` instances are listed (``earlier`` is the id of the next), and 100 of ``wanted_by_count`` wants.
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
    instances_count: int = 0
    wanted_by_count: int = 0
    earlier: str | None = None


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


class Lineage(AsOf, frozen=True):
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
    """What a JobRun was started with, frozen at that moment. Of ``inputs_count`` inputs the first 1,000 are listed."""

    version: str
    fingerprint: str
    inputs: tuple[InputView, ...]
    args: tuple[str, ...] | None
    env: dict[str, str]
    timeout_s: float | None
    inputs_count: int = 0


class JobRunDetail(AsOf, frozen=True):
    """A JobRun with what it was given and made. ``log`` is the file with its output, ``missing`` what it lacked.

    At most 1,000 outputs are listed; ``run`` says how many there are.
    """

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
