"""The runner does what is owed, and brings back what happened.

Files are written and read in threads, so that the loop never waits for a disk. Links and removals are done by one of
them, in the order of the log; secrets are read by one, which no long seal holds up; outputs are sealed by several. The
end of a JobRun is told when what it left is sealed and durable: one sync serves all that ended meanwhile, beside the
turns. Starting twice is made harmless by the executor (a run id starts once), so nothing here has to remember across a
crash. An executor is told that a JobRun is settled last, when nothing of it is left to do: until then a crash finds it
again.

Source: design section 3 (laws 1, 2, 8).
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from itertools import chain, islice
from typing import ParamSpec, TypeVar

from orchestrator.catalog import Catalog, Job
from orchestrator.effects import Owed, owed_by
from orchestrator.executors.base import Executor, InlineStart, KeptStart, RunEnded, RunStarted, StopRun
from orchestrator.executors.base import Fact as Seen
from orchestrator.executors.keeper.masking import NO_MASK, Mask
from orchestrator.observations import AnyObservation, Exit, JobEnded, JobStarted
from orchestrator.planning.turn import Fact
from orchestrator.runtime.asking import ask
from orchestrator.runtime.chores import Chores
from orchestrator.runtime.collecting import Collector
from orchestrator.runtime.launching import Launcher
from orchestrator.runtime.links import Links, link_to
from orchestrator.runtime.recovery import Findings
from orchestrator.runtime.room import Room
from orchestrator.runtime.secrets import BadSecret, may_hide
from orchestrator.runtime.syncing import GroupSync
from orchestrator.store import PartitionStore
from statemachines import jobrun
from statemachines.ids import RunId
from statemachines.jobrun import Active, Canceling, JobRunEvent, Launching, Output, RunSpec
from statemachines.partition import Content, Partition, PartitionLive
from statemachines.refs import Ref
from statemachines.traits import live_of
from statemachines.world import World

HANDS = 4
"""How many outputs are sealed, and how many jobs are asked, at the same time."""
RUNS_A_HAND = 64
"""How many ended JobRuns one thread collects in a go."""
REFS_A_QUESTION = 500
"""How many refs one configure gets as arguments: with the longest refs still well below what an argv may hold."""
GATHER_S = 0.01
"""How long chores wait for others: nobody waits for them, and to wake a thread costs more than most of them."""
LINKS_A_GO = 64
"""How many links are compared at a start before something more urgent gets its turn."""

P = ParamSpec("P")
T = TypeVar("T")

Secretive = tuple[Job, KeptStart]
"""A job that may have secrets, which are read from files, and a start of it."""

Sink = Callable[[AnyObservation], None]
WorldNow = Callable[[], World]


class Runner:
    """Acts for the loop. ``tell`` puts an observation in its mailbox, ``world`` is the world of its board."""

    def __init__(
        self,
        catalog: Catalog,
        store: PartitionStore,
        executor: Executor,
        launcher: Launcher,
        collector: Collector,
        room: Room,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._executor = executor
        self._launcher = launcher
        self._collector = collector
        self.room = room
        self._links = Links(store)
        self._threads = ThreadPoolExecutor(HANDS, thread_name_prefix="wantd-runner")
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="wantd-start")
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="wantd-store")
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="wantd-sync")
        self._sync = GroupSync(partial(_in, self._syncer, store.sync))
        self._chores = Chores()
        self._tidying: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._may_be_given_up: set[asyncio.Task[None]] = set()
        self._stops: set[RunId] = set()
        self._closed = False
        self._tell: Sink
        self._world: WorldNow
        self._asking: set[Ref] = set()
        self._askers = asyncio.Semaphore(HANDS)
        self._failure: asyncio.Future[None]

    def attach(self, tell: Sink, world: WorldNow) -> None:
        """Say whom to tell. ``failure`` is done when something went wrong that only a new start can mend."""
        self._tell = tell
        self._world = world
        self._failure = asyncio.get_running_loop().create_future()

    @property
    def failure(self) -> asyncio.Future[None]:
        return self._failure

    def ahead(self) -> Mapping[str, int]:
        """Say how many slots' worth of JobRuns may wait in line, pool by pool.

        None where inline jobs share a pool: they hold slots that who keeps the line knows nothing of.
        """
        shared = {job.pool for job in self._catalog.jobs.values() if job.executor == "inline"}
        return {pool: slots for pool, slots in self._executor.ahead().items() if pool not in shared}

    def after_commit(self, facts: list[Fact], owed: Owed) -> None:
        """Start, stop and ask what is owed, publish what became Live, settle what ended."""
        world = self._world()
        ended = [fact.event.id for fact in facts if isinstance(fact.event, JobRunEvent)]
        self._settle([run for run in ended if _spec_of_ended(world.runs[run]) is not None], world)
        live = [fact.event.id for fact in facts if isinstance(fact.event, PartitionLive)]
        places = (link_to(self._store, world, world.partitions[one]) for one in live)
        self._chores.links += [place for place in places if place is not None]
        self._tidy()
        self.act(owed, world)

    def resume(self, found: Findings) -> None:
        """Go on where the last daemon ended: what it owed is owed again."""
        world = self._world()
        self._settle([RunId(run) for run in found.settled], world)
        self._executor.stop([StopRun(run) for run in found.strangers])
        self.collect(found.ended)
        self.act(owed_by(world, found.owing), world)
        # As they are now: a moment later the world may show what is not committed yet.
        canonical = {*chain.from_iterable(world.holdings(name).canonical.values() for name in world.environments)}
        states = (state for instance, state in copy(world.partitions).items() if instance in canonical)
        self._do(self._redraw_links(world, states))

    def act(self, owed: Owed, world: World) -> None:
        """Start, stop and ask."""
        if owed.starts:
            self._start(owed.starts, world)
        if owed.stops:
            self._stops.update(owed.stops)
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
        """Bring in what ended JobRuns left, and tell of their ends. Ends that are known already are passed over.

        After ``close`` nothing is brought in: the executor tells the next daemon.
        """
        if self._closed:
            return
        world = self._world()
        known = [(world.runs.get(RunId(run)), exit_) for run, exit_ in ended.items()]
        left: list[tuple[RunSpec, Exit]] = []
        for run, exit_ in known:
            if isinstance(run, Active | Canceling):
                said = self._collector.collect_said(run.spec, exit_, self._mask(run.spec))
                if said is None:
                    left.append((run.spec, exit_))
                else:
                    self._tell(said)
        for start in range(0, len(left), RUNS_A_HAND):
            self._give_up_at_the_end(self._do(self._collect(left[start : start + RUNS_A_HAND])))

    async def close(self) -> None:
        """Finish what is under way, give up what may take long, then let go."""
        self._closed = True
        for task in self._may_be_given_up:
            task.cancel()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failure.done():
            self._failure.exception()  # looked at: what failed while it ended is left to the next daemon
        for threads in (self._threads, self._starter, self._hand, self._syncer):
            threads.shutdown()

    # -- starting -------------------------------------------------------------------------------------------------

    def _start(self, runs: Sequence[RunId], world: World) -> None:
        inline: list[InlineStart] = []
        kept: list[KeptStart] = []
        secretive: list[Secretive] = []
        for run_id in runs:
            run = world.runs[run_id]
            assert isinstance(run, Launching), "only what is Launching owes a start"
            job = self._catalog.jobs.get(run.spec.job)
            if job is None:
                self.collect({run_id: _could_not_start(f"job {run.spec.job} is no longer configured")})
                continue
            tell = partial(self._launcher.told, world, run)
            if job.executor == "inline":
                inline.append(self._launcher.start_inline(self._catalog, run, tell))
            elif may_hide(job):
                secretive.append((job, self._launcher.start_kept(self._catalog, run, tell())))
            else:
                kept.append(self._launcher.start_kept(self._catalog, run, tell()))
        if inline or kept:
            self._executor.start([*inline, *kept])
        if secretive:
            self._do(self._start_with_secrets(secretive))

    async def _start_with_secrets(self, starts: list[Secretive]) -> None:
        ready: list[KeptStart] = []
        for (_, start), done in zip(starts, await _in(self._starter, self._with_secrets, starts), strict=True):
            if isinstance(done, KeptStart):
                ready.append(done)
            else:
                self.collect({start.run: _could_not_start(f"it could not be prepared: {done}")})
        if ready:
            self._executor.start(ready)
        # A request to stop that overtook the start found nothing to stop.
        if overtaken := [StopRun(start.run) for start in ready if start.run in self._stops]:
            self._executor.stop(overtaken)

    def _with_secrets(self, starts: list[Secretive]) -> list[KeptStart | OSError | BadSecret]:
        return [self._with_its_secrets(job, start) for job, start in starts]

    def _with_its_secrets(self, job: Job, start: KeptStart) -> KeptStart | OSError | BadSecret:
        try:
            return self._launcher.with_secrets(job, start)
        except (OSError, BadSecret) as error:
            return error

    # -- ending ---------------------------------------------------------------------------------------------------

    async def _collect(self, ended: list[tuple[RunSpec, Exit]]) -> None:
        observations = await _in(self._threads, self._collect_all, ended)
        if any(_has_bytes(observation) for observation in observations):
            await self._make_durable()
        for observation in observations:
            self._tell(observation)

    def _collect_all(self, ended: list[tuple[RunSpec, Exit]]) -> list[JobEnded]:
        return [self._collector.collect(spec, exit_, self._mask(spec)) for spec, exit_ in ended]

    def _mask(self, spec: RunSpec) -> Mask:
        job = self._catalog.jobs.get(spec.job)
        return NO_MASK if job is None else self._launcher.secrets.mask(job)

    async def _make_durable(self) -> None:
        """Without room on the disk the ends wait: as long as they are not told, the next daemon finds them too."""
        while True:
            try:
                await self._sync.everything_written()
            except OSError as error:
                if not self.room.is_lacking(error):
                    raise
                await self.room.wait()
            else:
                return

    def _settle(self, runs: Sequence[RunId], world: World) -> None:
        """The ends of these JobRuns are durable: outputs that were never Live may go, and then their records."""
        specs = [spec for spec in (_spec_of_ended(world.runs.get(run)) for run in runs) if spec is not None]
        left = [output for spec in specs for output in spec.outputs if not _was_live(world, output)]
        self._stops.difference_update(runs)
        self._chores.outputs += left
        self._chores.ended += runs
        self._tidy()

    def _tidy(self) -> None:
        if self._chores and (self._tidying is None or self._tidying.done()):
            self._tidying = self._do(self._do_chores())

    async def _do_chores(self) -> None:
        while self._chores:
            await asyncio.sleep(GATHER_S)
            chores, self._chores = self._chores, Chores()
            if chores.need_a_hand:
                await _in(self._hand, chores.do, self._links, self._collector)
            if chores.ended:
                self._executor.settled(chores.ended)

    async def _redraw_links(self, world: World, canonical: Iterator[Partition]) -> None:
        while not self._closed and await _in(self._hand, self._links.redraw, world, islice(canonical, LINKS_A_GO)):
            pass

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, job_name: str, refs: tuple[Ref, ...]) -> None:
        self._asking.update(refs)
        for start in range(0, len(refs), REFS_A_QUESTION):
            self._give_up_at_the_end(self._do(self._ask_and_tell(job_name, refs[start : start + REFS_A_QUESTION])))

    async def _ask_and_tell(self, job_name: str, refs: tuple[Ref, ...]) -> None:
        job = self._catalog.jobs[job_name]
        env = self._launcher.environment(self._catalog, job, {})
        async with self._askers:
            answer = await ask(job, refs, self._catalog.folder, env, self._launcher.secrets.mask(job))
        self._asking.difference_update(refs)
        self._tell(answer)

    # -- help -----------------------------------------------------------------------------------------------------

    def _do(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _give_up_at_the_end(self, task: "asyncio.Task[None]") -> None:
        """The next daemon finds what this is about: nothing of it need be waited for."""
        self._may_be_given_up.add(task)
        task.add_done_callback(self._may_be_given_up.discard)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and not self._failure.done():
            self._failure.set_exception(task.exception() or AssertionError())


async def _in(threads: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, partial(function, *args, **kwargs))


def _could_not_start(why: str) -> Exit:
    return Exit(kind="could_not_start", message=why)


def _has_bytes(ended: JobEnded) -> bool:
    return any(isinstance(found, Content) and found.files for found in ended.found.values())


def _was_live(world: World, output: Output) -> bool:
    return live_of(world.partitions[output.instance]) is not None


def _spec_of_ended(state: jobrun.JobRun | None) -> RunSpec | None:
    """The spec of a JobRun that has ended and had been launched."""
    if isinstance(state, jobrun.Succeeded | jobrun.Failed | jobrun.DepMiss | jobrun.Lost):
        return state.spec
    if isinstance(state, jobrun.Canceled) and isinstance(state.was, Canceling):
        return state.was.spec
    return None
