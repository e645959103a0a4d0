"""All reads of a door, over a board and its log, whoever keeps them up to date.

Nearly every answer is taken from one board without an await in between, so it shows one moment. What takes long pauses,
so that the engine goes on, and shows each thing as it is when it is looked at; what reads files is done in a thread.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeVar

from bel.errors import BelError
from bel.log import ReadableLog
from orchestrator.api import logs
from orchestrator.api.door import GRAPH_DEPTH, LINEAGE_DEPTH, Direction
from orchestrator.api.ports import Application
from orchestrator.api.refusals import checked_ref, of_catalog, of_log, refusal
from orchestrator.catalog import CatalogError, NobodyMakes
from orchestrator.planning.board import Board
from orchestrator.runtime.clock import Clock, SystemClock
from orchestrator.runtime.places import place_of
from orchestrator.store import PartitionStore
from orchestrator.views import graph, jobruns, jobs, lineage, partitions, plan, progress, wants, why
from orchestrator.views.entries import entry_view, is_chosen
from orchestrator.views.paging import Pausing
from orchestrator.views.partitions import Places
from orchestrator.views.shapes import (
    AsOf,
    EntryFilter,
    EntryView,
    GraphView,
    InstanceView,
    JobRunDetail,
    JobRunFilter,
    JobRunView,
    JobView,
    Lineage,
    Lookup,
    PartitionDetail,
    PartitionFilter,
    Plan,
    Progress,
    WantDetail,
    WantFilter,
    WantView,
    Why,
)
from statemachines.events import AnyEvent
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.refs import BadRef, Ref, parse_ref

ENTRIES_AT_ONCE = 500
"""How many entries are decoded between two pauses: some 5 ms."""

A = TypeVar("A", bound=AsOf)
T = TypeVar("T")


class Reads(ABC):
    """The reads of a door, as of one moment."""

    def __init__(self, application: Application, log: ReadableLog[AnyEvent] | None, store: PartitionStore) -> None:
        self._application = application
        self._log = log
        self._store = store
        self._clock: Clock = SystemClock()

    @abstractmethod
    async def board(self) -> Board:
        """The board of that moment, for a look at its world and its recipes before the next await."""

    @abstractmethod
    async def see(self, show: Callable[[Board], T], *, demand: bool = True) -> T:
        """What is seen on the board of that moment, all at once. Without ``demand`` it may not know who wants what."""

    @abstractmethod
    async def look(self, work: Callable[[Board], Pausing[T]], *, demand: bool = True) -> T:
        """Do work over the board of that moment that may take long. Raises what it raises."""

    # -- wants ----------------------------------------------------------------------------------------------------

    async def wants(self, chosen: WantFilter) -> tuple[WantView, ...]:
        return await self.look(lambda board: wants.wants(board, chosen), demand=False)

    async def want(self, want: str) -> WantDetail:
        return self.told(await self.look(lambda board: wants.want_detail(board, known_want(board, want))))

    async def progress(self, want: str) -> Progress:
        now = self._clock.now()
        found = await self.look(lambda board: progress.progress(board, known_want(board, want), now))
        return self.told(await asyncio.to_thread(logs.with_last_lines, found, self._application.layout))

    # -- partitions -----------------------------------------------------------------------------------------------

    async def partitions(self, chosen: PartitionFilter) -> tuple[InstanceView, ...]:
        return await self.look(lambda board: partitions.partitions(board, self.places(board), chosen), demand=False)

    async def partition(self, ref_or_id: str) -> PartitionDetail:
        def show(board: Board) -> PartitionDetail:
            instance = known_instance(board, ref_or_id)
            ref = board.world.partitions[instance].spec.ref
            return partitions.partition_detail(board, self.places(board), ref, instance)

        return self.told(await self.see(show, demand=False))

    async def lineage(self, ref_or_id: str, direction: Direction = "both", depth: int = LINEAGE_DEPTH) -> Lineage:
        def work(board: Board) -> Pausing[Lineage]:
            return lineage.lineage(board, known_instance(board, ref_or_id, canonical=True), direction, depth)

        return self.told(await self.look(work, demand=False))

    # -- JobRuns --------------------------------------------------------------------------------------------------

    async def jobruns(self, chosen: JobRunFilter) -> tuple[JobRunView, ...]:
        return await self.look(lambda board: jobruns.jobruns(board, chosen), demand=False)

    async def jobrun(self, run: str) -> JobRunDetail:
        def show(board: Board) -> JobRunDetail:
            return jobruns.jobrun_detail(board, known_run(board, run), self._application.layout.run_files)

        return self.told(await self.see(show, demand=False))

    # -- jobs, plans, reasons -------------------------------------------------------------------------------------

    async def jobs(self) -> tuple[JobView, ...]:
        return await self.see(lambda board: jobs.jobs(board, self._application.config), demand=False)

    async def lookup(self, ref: str) -> Lookup:
        about = checked_ref(ref)
        return self.told(await self.see(lambda board: jobs.lookup(board, about), demand=False))

    async def plan(self, refs: tuple[str, ...]) -> Plan:
        start = await self.see(lambda board: plan.prepared(board, _plannable(board, refs), self.places(board)))
        return self.told(await asyncio.to_thread(plan.rehearsed, start))

    async def why(self, ref: str) -> Why:
        about = checked_ref(ref)
        return self.told(await self.see(lambda board: why.why(board, about)))

    async def graph(self, ref: str | None = None, depth: int = GRAPH_DEPTH) -> GraphView:
        if ref is None:
            config = self._application.config
            return self.told(await self.see(lambda board: graph.graph_of_jobs(board, config), demand=False))
        about = checked_ref(ref)
        return self.told(await self.look(lambda board: graph.graph_around(board, about, depth)))

    # -- the log --------------------------------------------------------------------------------------------------

    async def entries(self, chosen: EntryFilter) -> tuple[EntryView, ...]:
        found: list[EntryView] = []
        if self._log is None:
            return ()
        after, end = max(0, chosen.after), self._log.head.seq if chosen.upto is None else chosen.upto
        try:
            while after < min(end, self._log.head.seq) and len(found) != chosen.limit:
                upto = min(end, after + _entries_at_once(chosen, len(found)))
                async for chunk in self._log.read(after=after, upto=upto):
                    found.extend(entry_view(entry) for entry in chunk if is_chosen(entry, chosen))
                after = upto
        except BelError as error:
            raise of_log(error) from error
        return tuple(found[: chosen.limit])

    # -- help -----------------------------------------------------------------------------------------------------

    def told(self, answer: A) -> A:
        """The answer, saying which moment it shows where that is not the present."""
        return answer

    def places(self, board: Board) -> Places:
        """Where the bytes of instances are."""
        return lambda instance: place_of(self._store, board.world, instance)


def _entries_at_once(chosen: EntryFilter, found: int) -> int:
    """How many entries are read between two pauses: no more than are wanted, where all are."""
    if chosen.limit is None or chosen.kind or chosen.entity:
        return ENTRIES_AT_ONCE
    return min(ENTRIES_AT_ONCE, chosen.limit - found)


def known_want(board: Board, want: str) -> WantId:
    """The id of a want there is. Raises DoorError."""
    if want not in board.world.wants:
        raise refusal("no_such_want", f"there is no want {want}", "wantd want list shows those there are")
    return WantId(want)


def known_run(board: Board, run: str) -> RunId:
    """The id of a JobRun there is. Raises DoorError."""
    if run not in board.world.runs:
        raise refusal("no_such_jobrun", f"there is no JobRun {run}", "wantd jobrun list shows those there are")
    return RunId(run)


def known_instance(board: Board, ref_or_id: str, *, canonical: bool = False) -> InstanceId:
    """An instance by its id, or the newest of a ref; with ``canonical`` the one that readers get. Raises DoorError."""
    if ref_or_id in board.world.partitions:
        return InstanceId(ref_or_id)
    ref = checked_ref(ref_or_id)
    found = board.holdings.canonical.get(ref) if canonical else None
    found = found or board.holdings.newest.get(ref)
    if found is None:
        raise refusal("no_such_partition", f"nothing was ever made for {ref}", f"see: wantd why {ref}")
    return found


def expanded(board: Board, texts: Iterable[str]) -> tuple[Ref, ...]:
    """The refs that texts stand for, each once. Raises DoorError."""
    found: dict[Ref, None] = {}
    try:
        for text in texts:
            found.update(dict.fromkeys(board.recipes.catalog.expand(text, board.holdings.newest)))
    except (CatalogError, BadRef) as error:
        raise of_catalog(error) from None
    return tuple(found)


def _plannable(board: Board, texts: Iterable[str]) -> tuple[Ref, ...]:
    """As ``expanded``, but a plain ref that nobody makes is planned too: the plan says why it cannot be had."""
    found: dict[Ref, None] = {}
    for text in texts:
        try:
            found.update(dict.fromkeys(board.recipes.catalog.expand(text, board.holdings.newest)))
        except NobodyMakes as error:
            if any(sign in text for sign in ("..", "*", "{")):
                raise of_catalog(error) from None
            found[parse_ref(text)] = None
        except (CatalogError, BadRef) as error:
            raise of_catalog(error) from None
    return tuple(found)
