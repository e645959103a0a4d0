"""Reads as of a past moment, and the way there.

A past moment is read by the very same reads as the present, over the board of then and in the thread of the past, and
its answers say which moment they show. The configuration is that of now; files (what a JobRun printed, the bytes of a
partition) are where they are now. Source: design section 6 ("at").
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import msgspec

from bel.errors import BelError
from bel.log import ReadableLog
from orchestrator.api import logs
from orchestrator.api.ports import Application
from orchestrator.api.questions import rows
from orchestrator.api.reads import A, Reads, known_run, known_want
from orchestrator.api.refusals import of_log, refusal
from orchestrator.history.at import Moment as Place
from orchestrator.history.at import NoMoment
from orchestrator.history.past import Past
from orchestrator.planning.board import Board
from orchestrator.runtime.clock import SystemClock
from orchestrator.sql.process import Queries
from orchestrator.store import PartitionStore
from orchestrator.views import progress
from orchestrator.views.looking import iso_or_none
from orchestrator.views.paging import Pausing, at_once
from orchestrator.views.shapes import Diff, EntryFilter, EntryView, LogText, Moment, Progress, Table
from statemachines.edges import IllegalTransition
from statemachines.events import AnyEvent
from statemachines.ids import Timestamp

T = TypeVar("T")


class View(NamedTuple):
    """A moment of a past."""

    past: Past
    place: Place


class PastReads(Reads):
    """All reads, as of one past moment."""

    def __init__(
        self,
        application: Application,
        log: ReadableLog[AnyEvent] | None,
        store: PartitionStore,
        view: View,
        queries: Queries,
    ) -> None:
        super().__init__(application, log, store)
        self._view = view
        self._queries = queries

    @property
    def moment(self) -> Moment:
        return moment_view(self._view.place)

    async def board(self) -> Board:
        return await self.see(lambda board: board, demand=False)

    async def see(self, show: Callable[[Board], T], *, demand: bool = True) -> T:
        with refusing():
            return await self._view.past.see(self._view.place, show, demand=demand)

    async def look(self, work: Callable[[Board], Pausing[T]], *, demand: bool = True) -> T:
        return await self.see(lambda board: at_once(work(board)), demand=demand)

    async def progress(self, want: str) -> Progress:
        """Without what JobRuns printed, which is not known by time."""
        now = self._view.place.at or Timestamp(0)
        return self.told(await self.look(lambda board: progress.progress(board, known_want(board, want), now)))

    async def entries(self, chosen: EntryFilter) -> tuple[EntryView, ...]:
        head = self._view.place.seq
        upto = head if chosen.upto is None else min(chosen.upto, head)
        return await super().entries(msgspec.structs.replace(chosen, upto=upto))

    async def sql(self, statement: str, limit: int | None = None) -> Table:
        return await rows(self._queries, statement, str(self._view.place.seq), limit)

    def told(self, answer: A) -> A:
        moment = self.moment
        return msgspec.structs.replace(answer, at_seq=moment.at_seq, at_time=moment.at_time)


class PresentReads(Reads):
    """All reads as of now, and of any moment before."""

    def __init__(
        self,
        application: Application,
        log: ReadableLog[AnyEvent] | None,
        store: PartitionStore,
        past: Past,
        queries: Queries,
    ) -> None:
        super().__init__(application, log, store)
        self._past = past
        self._queries = queries

    async def see(self, show: Callable[[Board], T], *, demand: bool = True) -> T:
        del demand
        return show(await self.board())

    async def look(self, work: Callable[[Board], Pausing[T]], *, demand: bool = True) -> T:
        """Let others go on wherever the work pauses.

        After a pause it goes on when all that the board shows is committed again; over another board it begins anew.
        """
        del demand
        board = await self.board()
        found = work(board)
        while True:
            try:
                next(found)
            except StopIteration as done:
                answer: T = done.value
                return answer
            await asyncio.sleep(0)
            if (now := await self.board()) is not board:
                board, found = now, work(now)

    async def at(self, moment: str) -> PastReads:
        """Reads as of a moment: a seq, a time, or so long ago. Raises DoorError."""
        with self._refusing():
            view = View(self._past, await self._find(moment))
            await self._past.world(view.place)
        return PastReads(self._application, self._log, self._store, view, self._queries)

    async def sql(self, statement: str, limit: int | None = None) -> Table:
        return await rows(self._queries, statement, None, limit)

    async def moment(self, moment: str) -> Moment:
        """Which moment a text means. Raises DoorError."""
        with self._refusing():
            return moment_view(await self._find(moment))

    async def diff(self, begin: str, end: str | None = None) -> Diff:
        """What two moments differ in; without an end, up to now. Raises DoorError."""
        with self._refusing():
            first = await self._find(begin)
            last = await self._past.head() if end is None else await self._find(end)
            if first.seq > last.seq:
                why = f"the first moment, entry {first.seq}, comes after the second, entry {last.seq}"
                raise refusal("bad_time", why, "name the earlier one first")
            return await self._past.diff(first, last)

    async def log_text(self, run: str, offset: int = 0) -> LogText:
        board = await self.board()
        run_id = known_run(board, run)
        ended = run_id not in board.world.open_runs
        log = self._application.layout.run_files(run_id).log
        return await asyncio.to_thread(logs.log_text, log, offset, ended=ended)

    async def _find(self, moment: str) -> Place:
        return await self._past.moment(moment, SystemClock().now())

    @contextmanager
    def _refusing(self) -> Generator[None]:
        if self._log is None:
            raise refusal("no_such_seq", "nothing has happened here yet", "a log begins with the first: wantd build")
        with refusing():
            yield


@contextmanager
def refusing() -> Generator[None]:
    """Turn what a look into the log may raise into refusals."""
    try:
        yield
    except NoMoment as error:
        raise refusal("no_such_seq" if error.outside else "bad_time", error.why, error.hint) from None
    except BelError as error:
        raise of_log(error) from error
    except IllegalTransition as error:
        raise refusal("log_damaged", str(error), "see: wantd bel verify") from error


def moment_view(place: Place) -> Moment:
    """A moment as readers see it."""
    return Moment(place.seq, iso_or_none(place.at))
