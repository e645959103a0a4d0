"""The world as it was at any moment of a log, with all that is derived from it.

A look goes to the newest snapshot before the moment, or to a world that was looked at lately and is nearer, and folds
the entries from there. It has a connection and a thread of its own, so it neither holds up the writer nor the event
loop; looks come one after the other. The worlds looked at last are kept: the same moment again costs nothing. What is
configured is what is configured now: the log does not say what was then.

Cost: some 7 us for each entry since the snapshot, 1 us for each entity of the snapshot; then what is looked at.
Source: design section 3 (laws 3 and 4) and section 6.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bel.open import open_reader
from bel.reading import LogReader
from orchestrator.catalog import Catalog
from orchestrator.history.at import Moment, find_moment, moment_of
from orchestrator.history.diff import compare, tally
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import fold_on, load_world
from orchestrator.views.shapes import Diff
from statemachines.events import AnyEvent
from statemachines.ids import Timestamp
from statemachines.world import World

WORLDS_MAX = 8
"""How many worlds are kept."""

ENTITIES_MAX = 400_000
"""How many entities the kept worlds have in sum, about a KB each; the newest is kept whatever its size."""

ENTITIES_PER_ENTRY = 8
"""How many entities of a snapshot are read, without being decoded, while one entry is read and folded."""

MOMENTS_MAX = 1_000
"""Of how many seqs it is remembered which moment they mean."""

T = TypeVar("T")


class Kept:
    """A world that was looked at, and the boards over it that somebody wanted. Only the thread of the past uses it."""

    def __init__(self, world: World, catalog: Catalog) -> None:
        self.world = world
        self._catalog = catalog
        self._boards: dict[bool, Board] = {}

    def board(self, *, demand: bool) -> Board:
        """The board, with who wants what or without."""
        if demand not in self._boards:
            board = self._boards[demand] = Board(self.world, Recipes(self._catalog))
            if demand:
                board.load()
                board.graph.refresh()
        return self._boards[demand]


class Past:
    """Looks into the past of one log file."""

    def __init__(self, log: Path, catalog: Catalog) -> None:
        self._log = log
        self._catalog = catalog
        self._worlds: OrderedDict[int, Kept] = OrderedDict()
        """By seq; the one that was looked at last is the last."""
        self._moments: dict[str, Moment] = {}
        """What seqs meant that were asked for lately: the log does not change."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="past")

    async def moment(self, text: str, now: Timestamp) -> Moment:
        """Which moment a text means. Raises NoMoment, and what reading a log raises."""
        if (known := self._moments.get(text)) is not None:
            return known
        found = await self._apart(lambda log: find_moment(log, text, now))
        if text.isdigit():
            while len(self._moments) >= MOMENTS_MAX:
                del self._moments[next(iter(self._moments))]
            self._moments[text] = found
        return found

    async def head(self) -> Moment:
        """The moment at which the log ends now."""
        return await self._apart(lambda log: moment_of(log, log.head.seq))

    async def world(self, moment: Moment) -> World:
        """All entities as they were then; not to be changed.

        Raises IllegalTransition where an entry is not legal, and what reading raises.
        """
        return (await self._kept(moment)).world

    async def see(self, moment: Moment, show: Callable[[Board], T], *, demand: bool) -> T:
        """What somebody sees who looks at the board of then, in the thread. Raises what ``world`` and ``show`` raise.

        Without ``demand`` the board does not know who wanted what, and takes less to make.
        """
        kept = await self._kept(moment)
        return await self._do(lambda: show(kept.board(demand=demand)))

    async def diff(self, begin: Moment, end: Moment) -> Diff:
        """What two moments differ in, the earlier one first. Raises what ``world`` raises."""
        return await self._apart(lambda log: self._diff(log, begin, end))

    async def close(self) -> None:
        """Let go of the thread, after the look that is under way."""
        await asyncio.to_thread(self._thread.shutdown)

    async def _kept(self, moment: Moment) -> Kept:
        known = await self._do(lambda: self._known(moment.seq))
        if known is not None:
            return known
        return await self._apart(lambda log: self._looked_at(log, moment.seq))

    def _known(self, seq: int) -> Kept | None:
        if seq in self._worlds:
            self._worlds.move_to_end(seq)
        return self._worlds.get(seq)

    async def _apart(self, look: Callable[[LogReader[AnyEvent]], Awaitable[T]]) -> T:
        """Do it in the thread, over a connection that is opened for it."""

        async def read() -> T:
            async with await open_reader(self._log, CODEC) as log:
                return await look(log)

        return await self._do(lambda: asyncio.run(read()))

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _diff(self, log: LogReader[AnyEvent], begin: Moment, end: Moment) -> Diff:
        before, after = await self._looked_at(log, begin.seq), await self._looked_at(log, end.seq)
        return compare(begin, before.world, end, after.world, await tally(log, begin, end))

    async def _looked_at(self, log: LogReader[AnyEvent], seq: int) -> Kept:
        kept = self._worlds.pop(seq, None)
        if kept is None:
            kept = Kept(await self._made(log, seq), self._catalog)
        self._worlds[seq] = kept
        while len(self._worlds) > 1 and self._is_too_much():
            self._worlds.popitem(last=False)
        return kept

    async def _made(self, log: LogReader[AnyEvent], seq: int) -> World:
        """Go on from a world that was looked at, or from a snapshot that is so much nearer that it pays."""
        nearest = max((kept for kept in self._worlds if kept <= seq), default=0)
        known = self._worlds[nearest].world if nearest else World()
        taken = max((facts.seq for facts in await log.snapshots() if facts.seq <= seq), default=0)
        if taken - nearest > len(known.seqs) // ENTITIES_PER_ENTRY:
            return await load_world(log, seq)
        world = known.copy()
        await fold_on(world, log, seq)
        return world

    def _is_too_much(self) -> bool:
        entities = sum(len(kept.world.seqs) for kept in self._worlds.values())
        return len(self._worlds) > WORLDS_MAX or entities > ENTITIES_MAX
