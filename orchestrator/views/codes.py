"""The closed set of reasons why a ref is, or is not, there. ``docs/reasons.md`` says each at length; a test compares.

A code is part of the interface: it is never renamed, and never means something else. Source: design section 10 (why).
"""

from enum import StrEnum


class Code(StrEnum):
    """A reason. The same codes are used by ``why``, by ``plan`` and by what a want says of its refs."""

    # It is there.
    BUILT = "built"
    ADOPTED = "adopted"
    REPORTED = "reported"
    READ = "read"
    RUN_REASON = "run_reason"
    WANTED = "wanted"

    # It is there, but not good any more.
    TAINTED = "tainted"
    STALE = "stale"
    INPUT_CHANGED = "input_changed"
    CODE_CHANGED = "code_changed"

    # It is on its way.
    RUNNING = "running"
    LAUNCHING = "launching"
    CANCELING = "canceling"
    QUEUED = "queued"
    POOL_FULL = "pool_full"
    BATCH_OPEN = "batch_open"
    CONFIGURING = "configuring"
    READY = "ready"
    BACKOFF = "backoff"

    # It waits.
    WAITING = "waiting"
    MISSED = "missed"
    EXTERNAL_AWAITED = "external_awaited"
    NOT_BUILT_FOR_ASKING = "not_built_for_asking"

    # It failed.
    FAILED = "failed"
    UPSTREAM_FAILED = "upstream_failed"
    CYCLE = "cycle"
    BAD_INPUTS = "bad_inputs"
    NO_JOB_MAKES = "no_job_makes"
    NEAREST = "nearest"

    # Nobody asks.
    NOBODY_WANTS = "nobody_wants"
    WANT_PAUSED = "want_paused"
    WANT_CLOSED = "want_closed"
    NEVER_BUILT = "never_built"
    CANCELED = "canceled"
    COLLECTED = "collected"

    # How the tree is told.
    AS_ABOVE = "as_above"
    MORE = "more"
