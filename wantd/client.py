"""Asking a daemon from a program: ``Client``, and ``AsyncClient`` for who has an event loop.

Both speak the HTTP API (``docs/api.md``), to the socket of a state directory or to an address with a token:

    client = Client(Path(".wantd/socket"))
    client = Client("http://127.0.0.1:4747", token="wantd_...")
    want = client.create_want(Wish(("delays/yearly/year=2013",)))
    print(client.wait_want(want.id, timeout_s=600).state)

What is asked with and what comes back are the structs of ``orchestrator.views.shapes``; lists are whole. What is
refused, or cannot be asked, is a DoorError with a stable ``code``, ``why`` and ``hint``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from orchestrator.api.client import HttpDoor, PastHttpDoor
from orchestrator.api.door import GRAPH_DEPTH, LINEAGE_DEPTH, Direction, DoorError
from orchestrator.api.wire import BlockingWire, Wire, answered
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

__all__ = ["AsyncClient", "Client", "DoorError", "PastClient"]

T = TypeVar("T")


class AsyncClient(HttpDoor):
    """A daemon, asked from an event loop. ``place`` is the path of a socket, or an http:// or https:// address."""

    def __init__(self, place: Path | str, token: str | None = None) -> None:
        super().__init__(Wire(place, token))


class PastClient:
    """The reads of a daemon, as of one moment."""

    def __init__(self, door: HttpDoor) -> None:
        self._door = door

    @property
    def moment(self) -> Moment | None:
        """The moment that is read, None for the present."""
        return self._door.moment if isinstance(self._door, PastHttpDoor) else None

    def wants(self, chosen: WantFilter | None = None) -> tuple[WantView, ...]:
        """List wants, oldest first."""
        return answered(self._door.wants(chosen or WantFilter()))

    def want(self, want: str) -> WantDetail:
        """Show a want with all its refs."""
        return answered(self._door.want(want))

    def progress(self, want: str) -> Progress:
        """Say how far a want is."""
        return answered(self._door.progress(want))

    def partitions(self, chosen: PartitionFilter | None = None) -> tuple[InstanceView, ...]:
        """List one instance of each ref, ordered by ref."""
        return answered(self._door.partitions(chosen or PartitionFilter()))

    def partition(self, ref_or_id: str) -> PartitionDetail:
        """Show a ref with all its instances."""
        return answered(self._door.partition(ref_or_id))

    def lineage(self, ref_or_id: str, direction: Direction = "both", depth: int = LINEAGE_DEPTH) -> Lineage:
        """Show what an instance was made from, and what was made from it."""
        return answered(self._door.lineage(ref_or_id, direction, depth))

    def jobruns(self, chosen: JobRunFilter | None = None) -> tuple[JobRunView, ...]:
        """List JobRuns, oldest first."""
        return answered(self._door.jobruns(chosen or JobRunFilter()))

    def jobrun(self, run: str) -> JobRunDetail:
        """Show a JobRun with what it was given and made."""
        return answered(self._door.jobrun(run))

    def jobs(self) -> tuple[JobView, ...]:
        """List the jobs and externals of the configuration."""
        return answered(self._door.jobs())

    def lookup(self, ref: str) -> Lookup:
        """Say who makes a ref, and from what."""
        return answered(self._door.lookup(ref))

    def plan(self, refs: tuple[str, ...]) -> Plan:
        """Say what a want would do, without doing it."""
        return answered(self._door.plan(refs))

    def why(self, ref: str) -> Why:
        """Say why a ref is, or is not, there."""
        return answered(self._door.why(ref))

    def graph(self, ref: str | None = None, depth: int = GRAPH_DEPTH) -> GraphView:
        """Show what needs what, around a ref or among the jobs."""
        return answered(self._door.graph(ref, depth))

    def entries(self, chosen: EntryFilter | None = None) -> tuple[EntryView, ...]:
        """List entries of the log."""
        return answered(self._door.entries(chosen or EntryFilter()))

    def sql(self, statement: str, limit: int | None = None) -> Table:
        """Give the rows of a SELECT over the views of ``docs/sql.md``, at most ``limit`` of them."""
        return answered(self._door.sql(statement, limit))


class Client(PastClient):
    """A daemon. ``place`` is the path of a socket, or an http:// or https:// address, which wants a token.

    It needs no event loop, and may be used where one runs; each request blocks until it is answered.
    """

    def __init__(self, place: Path | str, token: str | None = None) -> None:
        super().__init__(HttpDoor(BlockingWire(place, token)))

    def status(self) -> Status:
        """Say who answers."""
        return answered(self._door.status())

    def at(self, moment: str) -> PastClient:
        """Reads as of a moment: a seq, a time, or so long ago (``-2h``)."""
        return PastClient(answered(self._door.at(moment)))

    def diff(self, begin: str, end: str | None = None) -> Diff:
        """Say what two moments differ in; without an end, up to now."""
        return answered(self._door.diff(begin, end))

    def create_want(self, wish: Wish) -> WantView:
        """Make a want."""
        return answered(self._door.create_want(wish))

    def wait_want(self, want: str, timeout_s: float) -> WantView:
        """Wait until a want has closed or is paused, or the time is over."""
        return answered(self._door.wait_want(want, timeout_s))

    def cancel_want(self, want: str, reason: str = "", *, expected: int | None = None) -> WantView:
        """Take a want back."""
        return answered(self._door.cancel_want(want, reason, expected=expected))

    def pause_want(self, want: str, reason: str = "", *, expected: int | None = None) -> WantView:
        """Let a want demand nothing for now."""
        return answered(self._door.pause_want(want, reason, expected=expected))

    def resume_want(self, want: str, *, expected: int | None = None) -> WantView:
        """Let a paused want go on."""
        return answered(self._door.resume_want(want, expected=expected))

    def retry_want(self, want: str, *, expected: int | None = None) -> WantView:
        """Try what failed of a want again."""
        return answered(self._door.retry_want(want, expected=expected))

    def taint(self, refs: tuple[str, ...], reason: str, *, downstream: bool = False) -> Tainting:
        """Say that instances must not be used."""
        return answered(self._door.taint(refs, reason, downstream=downstream))

    def report(
        self, ref: str, *, digest: str | None = None, location: str = "", metadata: Mapping[str, Scalar] | None = None
    ) -> InstanceView:
        """Say that data from outside is there."""
        return answered(self._door.report(ref, digest=digest, location=location, metadata=metadata))

    def cancel_jobrun(self, run: str, reason: str = "", *, expected: int | None = None) -> JobRunView:
        """Stop a JobRun; what it was building fails."""
        return answered(self._door.cancel_jobrun(run, reason, expected=expected))

    def log_text(self, run: str, offset: int = 0) -> LogText:
        """Read a piece of what a JobRun printed, from a byte on; negative: from so many before the end."""
        return answered(self._door.log_text(run, offset))

    def tail(self, after: int) -> Iterator[EntryView]:
        """Give every entry beyond ``after``, then each as it comes; ends when the daemon has ended."""
        entries = self._door.tail(after)
        while True:
            try:
                yield answered(anext(entries))
            except StopAsyncIteration:
                return
