"""The door to a state directory that no daemon has open: all reads, no commands.

The log is read once, when somebody asks about the present. A directory without a log is a world in which nothing has
happened.
"""

from collections.abc import AsyncIterator
from typing import NoReturn

from bel.errors import BelError
from bel.open import open_reader
from bel.reading import LogReader
from orchestrator.api.door import DoorError
from orchestrator.api.past import PresentReads
from orchestrator.api.ports import Application
from orchestrator.api.reads import known_want
from orchestrator.api.refusals import of_log, refusal
from orchestrator.history.past import Past
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import load_world
from orchestrator.sql.process import Queries
from orchestrator.store import DiskStore, MemoryStore
from orchestrator.views.shapes import EntryFilter, EntryView, Status, WantView
from orchestrator.views.wants import want_view
from statemachines.edges import IllegalTransition
from statemachines.events import AnyEvent
from statemachines.world import World


async def open_reading_door(application: Application) -> "ReadingDoor":
    """Open the log of an application's state directory to read. Raises DoorError. Close the door on every path."""
    layout = application.layout
    if not layout.log.exists():
        return ReadingDoor(application, None)
    try:
        return ReadingDoor(application, await open_reader(layout.log, CODEC))
    except BelError as error:
        raise of_log(error) from error


class ReadingDoor(PresentReads):
    """Reads of a log that nobody writes."""

    def __init__(self, application: Application, reader: LogReader[AnyEvent] | None) -> None:
        layout = application.layout
        store = DiskStore(layout.store) if layout.store.exists() else MemoryStore()
        past = Past(layout.log, application.catalog)
        super().__init__(application, reader, store, past, Queries(application.config, application.catalog, layout))
        self._reader = reader
        self._board: Board | None = None

    async def board(self) -> Board:
        """The board of the end of the log, read when somebody wants it. Raises DoorError."""
        if self._board is None:
            self._board = _board(self._application, await self._world())
        return self._board

    async def _world(self) -> World:
        if self._reader is None:
            return World()
        try:
            return await load_world(self._reader)
        except BelError as error:
            raise of_log(error) from error
        except IllegalTransition as error:
            raise refusal("log_damaged", str(error), "see: wantd bel verify") from error

    async def status(self) -> Status:
        world = (await self.board()).world
        return Status(
            application=self._application.catalog.name,
            state_directory=str(self._application.layout.state),
            daemon=False,
            seq=world.seq,
            wants_open=len(world.opened),
            jobruns_open=len(world.open_runs),
        )

    async def wait_want(self, want: str, timeout_s: float) -> WantView:
        """Nothing moves without a daemon: the answer is what is."""
        del timeout_s
        board = await self.board()
        return want_view(board, board.world.wants[known_want(board, want)])

    async def tail(self, after: int) -> AsyncIterator[EntryView]:
        for entry in await self.entries(EntryFilter(after=after)):
            yield entry

    async def close(self) -> None:
        await self._past.close()
        if self._reader is not None:
            await self._reader.close()

    async def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise DoorError("no_daemon", "no daemon runs", "start `wantd serve`, or use `wantd build`", 69)

    create_want = cancel_want = pause_want = resume_want = retry_want = _refuse
    taint = report = cancel_jobrun = _refuse


def _board(application: Application, world: World) -> Board:
    board = Board(world, Recipes(application.catalog))
    board.load()
    board.graph.refresh()
    return board
