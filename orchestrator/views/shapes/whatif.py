"""What would have gone otherwise: a log as it was, beside the same log played on under another configuration."""

import msgspec


class Course(msgspec.Struct, frozen=True):
    """How things went after a moment. ``makespan_s``: until the last thing that ended. ``open_s``: how long the wants
    that closed had been open, in sum. ``busy_s``, ``queued_s``: in sum over JobRuns. ``wants`` and ``jobruns`` count by
    the state at the end, ``live`` and ``failed`` the partitions that became so.
    """

    makespan_s: float
    open_s: float
    wants: dict[str, int]
    wants_late: int
    jobruns: dict[str, int]
    live: int
    failed: int
    busy_s: float
    queued_s: float


class JobCourse(msgspec.Struct, frozen=True):
    """The JobRuns of one job that were launched: how many, how many failed, and how long they were queued."""

    job: str
    jobruns: int
    failed: int
    queued_s: float


class WantCourse(msgspec.Struct, frozen=True):
    """A want that went otherwise: its state, whether it was late, after how many seconds it closed (null: never)."""

    id: str
    first_ref: str
    state_was: str
    state_is: str | None
    late_was: bool
    late_is: bool
    closed_was_s: float | None
    closed_is_s: float | None


class Comparison(msgspec.Struct, frozen=True):
    """A log after the entry ``at_seq``, as it was and as it would be. ``same``: every want ends in the same state, and
    readers get the same data.
    """

    at_seq: int
    at_time: str | None
    same: bool
    was: Course
    would_be: Course
    jobs_were: tuple[JobCourse, ...]
    jobs_would_be: tuple[JobCourse, ...]
    wants: tuple[WantCourse, ...]
