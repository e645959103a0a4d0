"""The door: everything that can be asked of wantd from outside, whatever is behind it.

Every method answers with a shape of ``orchestrator.views.shapes`` or raises DoorError. Lists are whole unless their
filter has a limit. The door knows who asks: the actor is never part of a request. What can be read of the present can
be read of any past moment: ``at`` gives the same reads as of then. Source: design section 10.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Literal, Protocol

from orchestrator.errors import ErrorCode
from orchestrator.views.shapes import (
    Diff,
    EntryFilter,
    EntryView,
    GraphView,
    InstanceView,
    JobRunDetail,
    JobRunFilter,
    JobRunView,
    JobView,
    Lineage,
    LogText,
    Lookup,
    Moment,
    PartitionDetail,
    PartitionFilter,
    Plan,
    Progress,
    Scalar,
    Status,
    Table,
    Tainting,
    WantDetail,
    WantFilter,
    WantView,
    Why,
    Wish,
)

Direction = Literal["up", "down", "both"]

LINEAGE_DEPTH = 100
GRAPH_DEPTH = 3


class DoorError(Exception):
    """A refusal or a failure: a stable ``code``, ``why``, what to do (``hint``), the exit code of the command line."""

    def __init__(self, code: ErrorCode, why: str, hint: str = "", exit_code: int = 70) -> None:
        super().__init__(f"{why}; {hint}" if hint else why)
        self.code: ErrorCode = code
        self.why = why
        self.hint = hint
        self.exit_code = exit_code


class Reading(Protocol):
    """Reads as of one moment, the present or a past one."""

    # -- wants ----------------------------------------------------------------------------------------------------

    async def wants(self, chosen: WantFilter) -> tuple[WantView, ...]: ...

    async def want(self, want: str) -> WantDetail: ...

    async def progress(self, want: str) -> Progress: ...

    # -- partitions -----------------------------------------------------------------------------------------------

    async def partitions(self, chosen: PartitionFilter) -> tuple[InstanceView, ...]:
        """One instance a ref, ordered by ref."""
        ...

    async def partition(self, ref_or_id: str) -> PartitionDetail: ...

    async def lineage(self, ref_or_id: str, direction: Direction = "both", depth: int = LINEAGE_DEPTH) -> Lineage: ...

    # -- JobRuns --------------------------------------------------------------------------------------------------

    async def jobruns(self, chosen: JobRunFilter) -> tuple[JobRunView, ...]: ...

    async def jobrun(self, run: str) -> JobRunDetail: ...

    # -- jobs, plans, reasons -------------------------------------------------------------------------------------

    async def jobs(self) -> tuple[JobView, ...]:
        """The jobs and externals of the configuration, which is that of now whatever the moment."""
        ...

    async def lookup(self, ref: str) -> Lookup: ...

    async def plan(self, refs: tuple[str, ...]) -> Plan:
        """``refs`` may be ranges, alternatives or globs."""
        ...

    async def why(self, ref: str) -> Why: ...

    async def graph(self, ref: str | None = None, depth: int = GRAPH_DEPTH) -> GraphView: ...

    # -- the log --------------------------------------------------------------------------------------------------

    async def entries(self, chosen: EntryFilter) -> tuple[EntryView, ...]: ...

    async def sql(self, statement: str, limit: int | None = None) -> Table:
        """The rows of a SELECT over the views of ``docs/sql.md``, at most ``limit`` of them."""
        ...


class PastReading(Reading, Protocol):
    """Reads as of a past moment."""

    @property
    def moment(self) -> Moment: ...


class Door(Reading, Protocol):
    """Reads of the present, the way into the past, and commands."""

    async def status(self) -> Status:
        """Say who answers, and whether it takes commands."""
        ...

    async def at(self, moment: str) -> PastReading:
        """Reads as of a moment: a seq, a time, or so long ago."""
        ...

    async def diff(self, begin: str, end: str | None = None) -> Diff:
        """What two moments differ in; without an end, up to now."""
        ...

    # -- wants ----------------------------------------------------------------------------------------------------

    async def create_want(self, wish: Wish) -> WantView: ...

    async def wait_want(self, want: str, timeout_s: float) -> WantView:
        """Answer when the want has closed (or is paused), or with its state when the time is over."""
        ...

    async def cancel_want(self, want: str, reason: str = "") -> WantView: ...

    async def pause_want(self, want: str, reason: str = "") -> WantView: ...

    async def resume_want(self, want: str) -> WantView: ...

    async def retry_want(self, want: str) -> WantView: ...

    # -- partitions -----------------------------------------------------------------------------------------------

    async def taint(self, refs: tuple[str, ...], reason: str, *, downstream: bool = False) -> Tainting:
        """``refs`` may be ranges, alternatives or globs."""
        ...

    async def report(
        self, ref: str, *, digest: str | None = None, location: str = "", metadata: Mapping[str, Scalar] | None = None
    ) -> InstanceView: ...

    # -- JobRuns --------------------------------------------------------------------------------------------------

    async def cancel_jobrun(self, run: str, reason: str = "") -> JobRunView: ...

    async def log_text(self, run: str, offset: int = 0) -> LogText:
        """A piece of its output (at most 1 MiB) from a byte on; negative: from so many bytes before the end."""
        ...

    # -- the log --------------------------------------------------------------------------------------------------

    def tail(self, after: int) -> AsyncIterator[EntryView]:
        """Every entry beyond ``after``, then each as it comes; ends where no daemon runs, or when the engine ends."""
        ...

    async def close(self) -> None:
        """Let go. Closing twice is harmless."""
        ...
