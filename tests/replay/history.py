"""A long history made by the real engine: wants, taints, reports and changes of mind, over several lives of a daemon.

The order in which it goes is not the same twice, since threads have their part in it; what is done is drawn by a seed.
``moments`` keeps what the world was, live, again and again.
"""

from random import Random
from types import UnionType

from orchestrator.commands import (
    AnyCommand,
    CancelRun,
    CancelWant,
    CreateWant,
    PauseWant,
    ReportPartition,
    ResumeWant,
    RetryWant,
    TaintPartitions,
)
from orchestrator.daemon import Application, Engine, open_engine
from statemachines import want
from statemachines.ids import SECOND_US
from statemachines.refs import Ref
from statemachines.world import World
from tests.replay import jobs
from tests.replay.application import LAYERS
from tests.replay.moments import Moment, moment_of

LIVES = 4
"""How often the daemon is started; with each start the log has another epoch."""
ENTRIES_A_REF = 80
"""How much of the history a number stands for: the longer it is, the more refs are played with."""
MOMENTS = 20
"""About how often the live world is looked at."""


class History:
    """Writes a log of at least ``entries`` entries."""

    def __init__(self, application: Application, entries: int, seed: int) -> None:
        self._application = application
        self._entries = entries
        self._dice = Random(seed)
        self._numbers = max(50, entries // ENTRIES_A_REF)
        self._engine: Engine
        self.moments: list[Moment] = []
        """Of the live world, before and after each start, and at the end."""

    async def write(self) -> None:
        """All of its lives."""
        jobs.begin()
        for life in range(1, LIVES + 1):
            async with open_engine(self._application) as self._engine:
                self.moments.append(moment_of(await self._world()))
                await self._live_until(self._entries * life // LIVES)
                await self._engine.snapshot()
            self.moments.append(moment_of(self._engine._loop.board.world))

    async def _live_until(self, seq: int) -> None:
        while (await self._world()).seq < seq:
            await self._step()
            world = await self._world()
            if world.seq > self.moments[-1].seq + self._entries // MOMENTS:
                self.moments.append(moment_of(world))

    async def _step(self) -> None:
        """Somebody wants something, others change their minds; then all is done, or nearly so."""
        world = await self._world()
        for command in (self._wish(world), *(self._change(world) for _ in range(self._dice.randint(0, 4)))):
            if command is not None:
                await self._engine.submit(command)
        if self._dice.random() < 0.8:
            await self._rest()

    async def _rest(self) -> None:
        """Wait until nothing runs. What waits for reports from outside goes on waiting."""
        while (world := await self._world()).open_runs:
            await self._engine.log.wait_beyond(world.seq)

    async def _world(self) -> World:
        return (await self._engine.board()).world

    # -- commands -------------------------------------------------------------------------------------------------

    def _wish(self, world: World) -> AnyCommand | None:
        """Want some, or taint what there is, so that it has to be made again."""
        dice = self._dice
        there = world.holdings("local").canonical
        if dice.random() < 0.4 and there:
            refs = dice.sample([*there], min(len(there), dice.choice((1, 50, self._numbers // 6))))
            return TaintPartitions("replay", tuple(refs), "bad", downstream=dice.random() < 0.5)
        first, many = dice.randrange(self._numbers), dice.choice((1, 10, 50, self._numbers // 6))
        names = dice.sample(LAYERS, dice.choice((1, 1, 2, 4)))
        refs = [Ref(f"{name}/{n}") for name in names for n in range(first, min(self._numbers, first + many))]
        return CreateWant(
            "replay",
            tuple(refs),
            priority=dice.choice((0, 0, 1, 9)),
            ttl_us=dice.choice((None, None, SECOND_US // 10)),
            sla_us=dice.choice((None, 1)),
        )

    def _change(self, world: World) -> AnyCommand | None:
        change = self._dice.choice((self._cancel, self._pause, self._resume, self._retry, self._report, self._stop))
        return change(world)

    def _cancel(self, world: World) -> AnyCommand | None:
        return self._of_wants(CancelWant, world, want.Open) if len(world.opened) > 5 else None

    def _pause(self, world: World) -> AnyCommand | None:
        return self._of_wants(PauseWant, world, want.Movable)

    def _resume(self, world: World) -> AnyCommand | None:
        return self._of_wants(ResumeWant, world, want.Paused)

    def _retry(self, world: World) -> AnyCommand | None:
        failed = [one for one, state in world.wants.items() if isinstance(state, want.Failed | want.UpstreamFailed)]
        return RetryWant("replay", self._dice.choice(failed)) if failed else None

    def _of_wants(
        self, kind: type[CancelWant | PauseWant | ResumeWant], world: World, states: UnionType | type
    ) -> AnyCommand | None:
        found = [one for one in world.opened if isinstance(world.wants[one], states)]
        return kind("replay", self._dice.choice(found)) if found else None

    def _report(self, world: World) -> AnyCommand | None:
        ref = Ref(f"x/{self._dice.randrange(self._numbers)}")
        return ReportPartition("replay", ref, self._dice.choice(("1", "2", None)))

    def _stop(self, world: World) -> AnyCommand | None:
        runs = [*world.open_runs]
        return CancelRun("replay", self._dice.choice(runs)) if runs else None
