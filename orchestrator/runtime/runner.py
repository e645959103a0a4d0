"""The runner does what is owed, and brings back what happened.

Files are written and read in threads, so that the loop never waits for a disk. Starting twice is made harmless by the
executor (a run id starts once), so nothing here has to remember across a crash.

Source: design section 3 (laws 1, 2, 8).
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from orchestrator.catalog import Catalog
from orchestrator.effects import Owed
from orchestrator.executors.base import Executor, RunEnded, RunStarted, StartRun, StopRun
from orchestrator.executors.base import Fact as Seen
from orchestrator.observations import AnyObservation, Exit, JobEnded, JobStarted
from orchestrator.planning.turn import Fact
from orchestrator.runtime.asking import ask
from orchestrator.runtime.collecting import Collector
from orchestrator.runtime.launching import Launcher
from orchestrator.runtime.places import place_of
from orchestrator.runtime.told import Told
from orchestrator.store import PartitionStore
from statemachines import jobrun
from statemachines.ids import RunId
from statemachines.jobrun import Launching, Output, RunSpec
from statemachines.partition import Live, PartitionLive
from statemachines.refs import Ref
from statemachines.world import World

HANDS = 4
"""How many outputs are sealed at the same time."""
RUNS_A_HAND = 64
"""How many ended JobRuns one thread collects in a go."""

P = ParamSpec("P")
T = TypeVar("T")

Sink = Callable[[AnyObservation], None]
WorldNow = Callable[[], World]


class Runner:
    """Acts for the loop. ``tell`` puts an observation in its mailbox, ``world`` is the world of its board."""

    def __init__(
        self, catalog: Catalog, store: PartitionStore, executor: Executor, launcher: Launcher, collector: Collector
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._executor = executor
        self._launcher = launcher
        self._collector = collector
        self._threads = ThreadPoolExecutor(HANDS, thread_name_prefix="wantd-runner")
        self._tasks: set[asyncio.Task[None]] = set()
        self._tell: Sink
        self._world: WorldNow
        self._asking: set[Ref] = set()
        self._failure: asyncio.Future[None]

    def attach(self, tell: Sink, world: WorldNow) -> None:
        """Say whom to tell. ``failure`` is done when something went wrong that only a new start can mend."""
        self._tell = tell
        self._world = world
        self._failure = asyncio.get_running_loop().create_future()

    @property
    def failure(self) -> asyncio.Future[None]:
        return self._failure

    async def before_commit(self, facts: list[Fact]) -> None:
        """Sync the bytes of everything that is about to become Live: one sync a turn."""
        for fact in facts:
            if isinstance(fact.event, PartitionLive) and fact.event.content.files:
                await self._in_thread(self._store.sync)
                return

    def after_commit(self, facts: list[Fact], owed: Owed) -> None:
        """Start, stop and ask what is owed, publish what became Live, settle what ended."""
        world = self._world()
        self._settle(facts, world)
        self._publish(facts, world)
        self.act(owed, world)

    def act(self, owed: Owed, world: World) -> None:
        """Start, stop and ask."""
        if owed.starts:
            self._start(owed.starts, world)
        if owed.stops:
            self._executor.stop([StopRun(run) for run in owed.stops])
        for job, refs in owed.questions:
            self._ask(job, tuple(ref for ref in refs if ref not in self._asking))

    def see(self, facts: Sequence[Seen]) -> None:
        """Take in what the executor reports; a run that has ended need not be seen running."""
        ended = {fact.run: fact.exit for fact in facts if isinstance(fact, RunEnded)}
        for fact in facts:
            if isinstance(fact, RunStarted) and fact.run not in ended:
                self._tell(JobStarted(RunId(fact.run), fact.pid))
        self.collect(ended)

    def collect(self, ended: dict[str, Exit]) -> None:
        """Bring in what ended JobRuns left, and tell of their ends."""
        world = self._world()
        known = [(self._spec(world, RunId(run)), exit_) for run, exit_ in ended.items()]
        found = [(spec, exit_) for spec, exit_ in known if spec is not None]
        for start in range(0, len(found), RUNS_A_HAND):
            self._do(self._collect(found[start : start + RUNS_A_HAND]))

    async def close(self) -> None:
        """Finish what is under way, then let go."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown()

    # -- starting -------------------------------------------------------------------------------------------------

    def _start(self, runs: Sequence[RunId], world: World) -> None:
        inline: list[StartRun] = []
        kept: list[tuple[StartRun, Told]] = []
        for run_id in runs:
            run = world.runs[run_id]
            assert isinstance(run, Launching), "only what is Launching owes a start"
            told = self._launcher.told(world, run)
            start = self._launcher.start_of(self._catalog, run, told)
            if self._is_inline(run.spec):
                inline.append(start)
            else:
                kept.append((start, told))
        if inline:
            self._executor.start(inline)
        if kept:
            self._do(self._write_and_start(kept))

    async def _write_and_start(self, starts: list[tuple[StartRun, Told]]) -> None:
        ready: list[StartRun] = []
        for start, problem in await self._in_thread(self._write_all, starts):
            if problem is None:
                ready.append(start)
            else:
                exit_ = Exit(kind="could_not_start", message=f"its folder could not be made: {problem}")
                self.collect({start.run: exit_})
        if ready:
            self._executor.start(ready)

    def _write_all(self, starts: list[tuple[StartRun, Told]]) -> list[tuple[StartRun, OSError | None]]:
        return [(start, self._write(told)) for start, told in starts]

    def _write(self, told: Told) -> OSError | None:
        try:
            self._launcher.write(told)
        except OSError as error:
            return error
        return None

    # -- ending ---------------------------------------------------------------------------------------------------

    async def _collect(self, ended: list[tuple[RunSpec, Exit]]) -> None:
        for observation in await self._in_thread(self._collect_all, ended):
            self._tell(observation)

    def _collect_all(self, ended: list[tuple[RunSpec, Exit]]) -> list[JobEnded]:
        return [self._collector.collect(spec, exit_, inline=self._is_inline(spec)) for spec, exit_ in ended]

    def _settle(self, facts: list[Fact], world: World) -> None:
        """The ends of these JobRuns are durable: their records may go, and so may outputs that are not Live."""
        ended: list[RunSpec] = []
        for fact in facts:
            event = fact.event
            if isinstance(event, jobrun.JobRunEvent):
                spec = _spec_of_ended(world.runs[event.id])
                if spec is not None:
                    ended.append(spec)
        if ended:
            self._executor.settled([spec.id for spec in ended])
            self._do(
                self._discard([output for spec in ended for output in spec.outputs if not _is_live(world, output)])
            )

    async def _discard(self, outputs: list[Output]) -> None:
        if outputs:
            await self._in_thread(self._collector.discard, outputs)

    def _publish(self, facts: list[Fact], world: World) -> None:
        live = [fact.event for fact in facts if isinstance(fact.event, PartitionLive) and fact.event.content.files]
        if live:
            places = [(event, place_of(self._store, world, world.partitions[event.id])) for event in live]
            self._do(self._link(places))

    async def _link(self, places: list[tuple[PartitionLive, str]]) -> None:
        await self._in_thread(self._link_all, places)

    def _link_all(self, places: list[tuple[PartitionLive, str]]) -> None:
        for event, place in places:
            self._store.publish(event.spec.environment, event.spec.ref, Path(place))

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, job_name: str, refs: tuple[Ref, ...]) -> None:
        if refs:
            self._asking.update(refs)
            self._do(self._ask_and_tell(job_name, refs))

    async def _ask_and_tell(self, job_name: str, refs: tuple[Ref, ...]) -> None:
        job = self._catalog.jobs[job_name]
        env = self._launcher.environment(self._catalog, job, {})
        answer = await ask(job, refs, self._catalog.folder, env)
        self._asking.difference_update(refs)
        self._tell(answer)

    # -- help -----------------------------------------------------------------------------------------------------

    def _is_inline(self, spec: RunSpec) -> bool:
        job = self._catalog.jobs.get(spec.job)
        return job is not None and job.executor == "inline"

    def _spec(self, world: World, run: RunId) -> RunSpec | None:
        state = world.runs.get(run)
        return state.spec if isinstance(state, jobrun.RunState) else None

    def _do(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and not self._failure.done():
            self._failure.set_exception(task.exception() or AssertionError())

    async def _in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *args, **kwargs))


def _is_live(world: World, output: Output) -> bool:
    return isinstance(world.partitions[output.instance], Live)


def _spec_of_ended(state: jobrun.JobRun) -> RunSpec | None:
    """The spec of a JobRun that has ended and had been launched."""
    if isinstance(state, jobrun.Succeeded | jobrun.Failed | jobrun.DepMiss | jobrun.Lost):
        return state.spec
    if isinstance(state, jobrun.Canceled) and isinstance(state.was, jobrun.Canceling):
        return state.was.spec
    return None
