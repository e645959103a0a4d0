"""The log, the daemon, how far a want is, and what an error looks like."""

import msgspec

from orchestrator.views.shapes.entities import RefFailureView, WantView
from orchestrator.views.shapes.past import AsOf


class EntryView(msgspec.Struct, frozen=True):
    """One entry of the log. ``event`` is its payload; ``want`` what it is correlated with, empty for nothing.

    Of the refs of a want that was created at most 1,000 are shown.
    """

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


class CloudEvent(msgspec.Struct, frozen=True):
    """One entry of the log in the envelope of CloudEvents 1.0, as JSON in structured mode.

    ``subject`` is the entity, ``sequence`` the seq (padded, so that it sorts as text), as are ``batch`` and ``cause``.
    """

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    data: dict[str, object]
    sequence: str
    batch: str
    actor: str
    cause: str | msgspec.UnsetType = msgspec.UNSET
    want: str | msgspec.UnsetType = msgspec.UNSET


class StepView(msgspec.Struct, frozen=True):
    """One step of a replay: the entry, and the states of its entity before (null: it was not there) and after."""

    entry: EntryView
    before: dict[str, object] | None
    after: dict[str, object]


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


class Progress(AsOf, frozen=True):
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
