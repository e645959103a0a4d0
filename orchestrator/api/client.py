"""The door to a daemon, over HTTP: the standard library and msgspec, so that a command line starts fast.

Lists are fetched page by page until they are whole. Nothing is tried again here: a want carries an idempotency key, if
it may be asked for twice. With ``expected``, the ``seq`` of what was seen, a command is refused if that has changed.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from orchestrator.api.door import GRAPH_DEPTH, LINEAGE_DEPTH, Direction, DoorError
from orchestrator.api.requests import (
    BASE,
    AboutGraph,
    AboutLineage,
    AboutRef,
    AtMoment,
    Because,
    Between,
    Filter,
    Following,
    Nothing,
    Offset,
    Page,
    Patience,
    Refs,
    Reported,
    Statement,
    Tainted,
)
from orchestrator.api.wire import Wire
from orchestrator.views.shapes import (
    PAGE_MAX,
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

T = TypeVar("T")

SLICE_S = 2.0
"""How long one request waits for something to happen; then it is asked again."""


class HttpDoor:
    """Reads and commands of the daemon at the end of a wire, or of the socket at a path."""

    def __init__(self, wire: Wire | Path) -> None:
        self._wire = wire if isinstance(wire, Wire) else Wire(wire)

    async def status(self) -> Status:
        return await self._get("/status", Nothing(), Status)

    async def at(self, moment: str) -> "PastHttpDoor":
        # Found once: what is "-2h" now is another moment when the next page is asked for.
        return PastHttpDoor(self._wire, await self._get("/moment", AtMoment(moment), Moment))

    async def diff(self, begin: str, end: str | None = None) -> Diff:
        return await self._get("/diff", Between(begin, end), Diff)

    # -- wants ----------------------------------------------------------------------------------------------------

    async def create_want(self, wish: Wish) -> WantView:
        return await self._post("/wants", wish, WantView)

    async def wants(self, chosen: WantFilter) -> tuple[WantView, ...]:
        return await self._walk("/wants", chosen, Page[WantView])

    async def want(self, want: str) -> WantDetail:
        return await self._get(f"/wants/{_part(want)}", Nothing(), WantDetail)

    async def wait_want(self, want: str, timeout_s: float) -> WantView:
        left = timeout_s
        while True:
            patience = Patience(max(0.0, min(left, SLICE_S)))
            found = await self._get(f"/wants/{_part(want)}/wait", patience, WantView)
            left -= SLICE_S
            if left <= 0 or found.state not in {"Idle", "Building", "UpstreamBuilding"}:
                return found

    async def progress(self, want: str) -> Progress:
        return await self._get(f"/wants/{_part(want)}/progress", Nothing(), Progress)

    async def cancel_want(self, want: str, reason: str = "", *, expected: int | None = None) -> WantView:
        return await self._post(f"/wants/{_part(want)}/cancel", Because(reason), WantView, expected)

    async def pause_want(self, want: str, reason: str = "", *, expected: int | None = None) -> WantView:
        return await self._post(f"/wants/{_part(want)}/pause", Because(reason), WantView, expected)

    async def resume_want(self, want: str, *, expected: int | None = None) -> WantView:
        return await self._post(f"/wants/{_part(want)}/resume", Nothing(), WantView, expected)

    async def retry_want(self, want: str, *, expected: int | None = None) -> WantView:
        return await self._post(f"/wants/{_part(want)}/retry", Nothing(), WantView, expected)

    # -- partitions -----------------------------------------------------------------------------------------------

    async def partitions(self, chosen: PartitionFilter) -> tuple[InstanceView, ...]:
        return await self._walk("/partitions", chosen, Page[InstanceView])

    async def partition(self, ref_or_id: str) -> PartitionDetail:
        return await self._get("/partition", AboutRef(ref_or_id), PartitionDetail)

    async def taint(self, refs: tuple[str, ...], reason: str, *, downstream: bool = False) -> Tainting:
        return await self._post("/partitions/taint", Tainted(refs, reason, downstream), Tainting)

    async def report(
        self, ref: str, *, digest: str | None = None, location: str = "", metadata: Mapping[str, Scalar] | None = None
    ) -> InstanceView:
        told = Reported(ref, digest, location, dict(metadata or {}))
        return await self._post("/partitions/report", told, InstanceView)

    async def lineage(self, ref_or_id: str, direction: Direction = "both", depth: int = LINEAGE_DEPTH) -> Lineage:
        return await self._get("/lineage", AboutLineage(ref_or_id, direction, depth), Lineage)

    # -- JobRuns --------------------------------------------------------------------------------------------------

    async def jobruns(self, chosen: JobRunFilter) -> tuple[JobRunView, ...]:
        return await self._walk("/jobruns", chosen, Page[JobRunView])

    async def jobrun(self, run: str) -> JobRunDetail:
        return await self._get(f"/jobruns/{_part(run)}", Nothing(), JobRunDetail)

    async def cancel_jobrun(self, run: str, reason: str = "", *, expected: int | None = None) -> JobRunView:
        return await self._post(f"/jobruns/{_part(run)}/cancel", Because(reason), JobRunView, expected)

    async def log_text(self, run: str, offset: int = 0) -> LogText:
        return await self._get(f"/jobruns/{_part(run)}/log", Offset(offset), LogText)

    # -- jobs, plans, reasons -------------------------------------------------------------------------------------

    async def jobs(self) -> tuple[JobView, ...]:
        return (await self._get("/jobs", Nothing(), Page[JobView])).items

    async def lookup(self, ref: str) -> Lookup:
        return await self._get("/lookup", AboutRef(ref), Lookup)

    async def plan(self, refs: tuple[str, ...]) -> Plan:
        return await self._ask("POST", self._target("/plan", Nothing()), msgspec.json.encode(Refs(refs)), Plan)

    async def why(self, ref: str) -> Why:
        return await self._get("/why", AboutRef(ref), Why)

    async def graph(self, ref: str | None = None, depth: int = GRAPH_DEPTH) -> GraphView:
        return await self._get("/graph", AboutGraph(ref, depth), GraphView)

    # -- the log --------------------------------------------------------------------------------------------------

    async def entries(self, chosen: EntryFilter) -> tuple[EntryView, ...]:
        return await self._walk("/entries", chosen, Page[EntryView])

    async def sql(self, statement: str, limit: int | None = None) -> Table:
        body = msgspec.json.encode(Statement(statement, limit))
        return await self._ask("POST", self._target("/sql", Nothing()), body, Table)

    async def tail(self, after: int) -> AsyncIterator[EntryView]:
        while True:
            try:
                page = await self._get("/entries/next", Following(after, SLICE_S), Page[EntryView])
            except DoorError as error:
                if error.code == "no_daemon":
                    return
                raise
            for entry in page.items:
                yield entry
                after = entry.seq

    async def close(self) -> None:
        """Nothing is kept open between requests."""

    # -- help -----------------------------------------------------------------------------------------------------

    async def _walk(self, path: str, chosen: Filter, shape: type[Page[T]]) -> tuple[T, ...]:
        """Fetch page after page, until the list is as long as was asked for, or whole."""
        found: list[T] = []
        while True:
            left = PAGE_MAX if chosen.limit is None else chosen.limit - len(found)
            if left <= 0:
                return tuple(found)
            asked = msgspec.structs.replace(chosen, limit=min(left, PAGE_MAX))
            page = await self._get(path, asked, shape)
            found.extend(page.items)
            if page.next is None:
                return tuple(found)
            chosen = _beyond(chosen, page.next)

    async def _get(self, path: str, asked: msgspec.Struct, shape: type[T]) -> T:
        return await self._ask("GET", self._target(path, asked), b"", shape)

    def _target(self, path: str, asked: msgspec.Struct) -> str:
        query = urlencode(self._parameters(asked), doseq=True)
        return f"{BASE}{path}?{query}" if query else f"{BASE}{path}"

    def _parameters(self, asked: msgspec.Struct) -> dict[str, object]:
        return {key: value for key, value in msgspec.to_builtins(asked).items() if value is not None}

    async def _post(self, path: str, told: msgspec.Struct, shape: type[T], expected: int | None = None) -> T:
        headers = {} if expected is None else {"If-Match": f'"{expected}"'}
        return await self._ask("POST", f"{BASE}{path}", msgspec.json.encode(told), shape, headers)

    async def _ask(
        self, method: str, target: str, body: bytes, shape: type[T], headers: dict[str, str] | None = None
    ) -> T:
        return msgspec.json.decode(await self._wire.ask(method, target, body, headers or {}), type=shape)


class PastHttpDoor(HttpDoor):
    """The reads of a daemon, as of one past moment."""

    def __init__(self, wire: Wire, moment: Moment) -> None:
        super().__init__(wire)
        self.moment = moment

    def _parameters(self, asked: msgspec.Struct) -> dict[str, object]:
        return {**super()._parameters(asked), "at": self.moment.at_seq}


def _beyond(chosen: Filter, after: str) -> Filter:
    """The same list, from there on."""
    if isinstance(chosen, EntryFilter):
        return msgspec.structs.replace(chosen, after=int(after))
    return msgspec.structs.replace(chosen, after=after)


def _part(name: str) -> str:
    """An id as one part of a path, whatever somebody typed."""
    return quote(name, safe="") or "-"
