"""All reads of a door, over a board and its log, whoever keeps them up to date.

Every answer is taken from one board without an await in between, so it shows one moment; what takes long and what reads
files is done in a thread afterwards, so that the engine goes on.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
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
from orchestrator.views.jobruns import RunFiles
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

A = TypeVar("A", bound=AsOf)


class Reads(ABC):
    """The reads of a door, as of one moment."""

    def __init__(self, application: Application, log: ReadableLog[AnyEvent] | None, store: PartitionStore) -> None:
        self._application = application
        self._log = log
        self._store = store
        self._clock: Clock = SystemClock()

    @abstractmethod
    async def board(self) -> Board:
        """The board of that moment. Look at it before the next await."""

    # -- wants ----------------------------------------------------------------------------------------------------

    async def wants(self, chosen: WantFilter) -> tuple[WantView, ...]:
        return tuple(wants.wants(await self.board(), chosen))

    async def want(self, want: str) -> WantDetail:
        board = await self.board()
        return self.told(wants.want_detail(board, known_want(board, want)))

    async def progress(self, want: str) -> Progress:
        board = await self.board()
        found = progress.progress(board, known_want(board, want), self._clock.now())
        return self.told(await asyncio.to_thread(logs.with_last_lines, found, self._application.layout))

    # -- partitions -----------------------------------------------------------------------------------------------

    async def partitions(self, chosen: PartitionFilter) -> tuple[InstanceView, ...]:
        board = await self.board()
        return tuple(partitions.partitions(board, self.places(board), chosen))

    async def partition(self, ref_or_id: str) -> PartitionDetail:
        board = await self.board()
        instance = known_instance(board, ref_or_id)
        ref = board.world.partitions[instance].spec.ref
        return self.told(partitions.partition_detail(board, self.places(board), ref, instance))

    async def lineage(self, ref_or_id: str, direction: Direction = "both", depth: int = LINEAGE_DEPTH) -> Lineage:
        board = await self.board()
        instance = known_instance(board, ref_or_id, canonical=True)
        return self.told(lineage.lineage(board, instance, direction, depth))

    # -- JobRuns --------------------------------------------------------------------------------------------------

    async def jobruns(self, chosen: JobRunFilter) -> tuple[JobRunView, ...]:
        return tuple(jobruns.jobruns(await self.board(), chosen))

    async def jobrun(self, run: str) -> JobRunDetail:
        board = await self.board()
        return self.told(jobruns.jobrun_detail(board, known_run(board, run), self._files))

    # -- jobs, plans, reasons -------------------------------------------------------------------------------------

    async def jobs(self) -> tuple[JobView, ...]:
        return jobs.jobs(await self.board(), self._application.config)

    async def lookup(self, ref: str) -> Lookup:
        return self.told(jobs.lookup(await self.board(), checked_ref(ref)))

    async def plan(self, refs: tuple[str, ...]) -> Plan:
        board = await self.board()
        start = plan.prepared(board, _plannable(board, refs), self.places(board))
        return self.told(await asyncio.to_thread(plan.rehearsed, start))

    async def why(self, ref: str) -> Why:
        return self.told(why.why(await self.board(), checked_ref(ref)))

    async def graph(self, ref: str | None = None, depth: int = GRAPH_DEPTH) -> GraphView:
        board = await self.board()
        if ref is None:
            return self.told(graph.graph_of_jobs(board, self._application.config))
        return self.told(graph.graph_around(board, checked_ref(ref), depth))

    # -- the log --------------------------------------------------------------------------------------------------

    async def entries(self, chosen: EntryFilter) -> tuple[EntryView, ...]:
        found: list[EntryView] = []
        if self._log is None:
            return ()
        try:
            async for chunk in self._log.read(after=max(0, chosen.after), upto=chosen.upto):
                for entry in chunk:
                    if len(found) == chosen.limit:
                        return tuple(found)
                    if is_chosen(entry, chosen):
                        found.append(entry_view(entry))
        except BelError as error:
            raise of_log(error) from error
        return tuple(found)

    # -- help -----------------------------------------------------------------------------------------------------

    def told(self, answer: A) -> A:
        """The answer, saying which moment it shows where that is not the present."""
        return answer

    def places(self, board: Board) -> Places:
        """Where the bytes of instances are."""
        return lambda instance: place_of(self._store, board.world, instance)

    def _files(self, run: RunId) -> RunFiles:
        layout = self._application.layout
        return RunFiles(layout.run_log(run), layout.run_context(run))


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
