"""One simulated history: the real engine on a machine whose every choice is drawn from one seed.

First trouble: at each step something happens (see ``happenings``), then some callbacks run, then the laws are looked
at. Then faults stop, and everything has to come to its end in bounded virtual time, as the reference model says.

``python -m tests.simulation SEED`` plays one history again and prints it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from unittest.mock import patch

from bel.errors import AppendUnknown, LogClosed
from bel.row import Row
from orchestrator.catalog import build_catalog
from orchestrator.commands import CancelRun, CreateWant, ReportPartition, ResumeWant, RetryWant
from orchestrator.config import read_config
from orchestrator.daemon import Application, Engine
from orchestrator.planning.board import Board
from orchestrator.runtime.inline import InlineContext
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.links import link_to
from orchestrator.runtime.mailbox import NoAnswer
from statemachines import partition, want
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Active, Launching
from statemachines.refs import Ref
from statemachines.world import World
from tests.model.graphs import random_plan
from tests.simulation.clients import NOT_THERE, Clients
from tests.simulation.daemons import Daemon, Machine
from tests.simulation.disks import PartitionDisk
from tests.simulation.faults import CHANCES, Faults
from tests.simulation.jobs import Jobs
from tests.simulation.keeper import Keeper
from tests.simulation.kinds import kinds_of, toml_of
from tests.simulation.questions import Questions
from tests.simulation.virtual import Killed, VirtualLoop
from tests.simulation.witness import Witness

STEPS = 300
CALLBACKS_MAX = 100_000
"""More without time passing is a loop that turns on the spot."""
HOUR_S = 3_600.0
DAY_S = 24 * HOUR_S
CALM_S = HOUR_S
"""By then everything has come to its end, once nothing goes wrong any more."""
INSISTED_MAX = 5
"""How often somebody wants what is only queried, before they see that it cannot be had. Who never does keeps those from
being made with whom it shares a batch."""
STOP_S = 1.0
"""By then a run that is to stop was asked to, where the daemon was there all the time and idles."""


class Broken(AssertionError):
    """A law is broken, or something never comes to its end."""


class Simulation:
    """A history. ``counted`` says what happened in it, how often."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = Random(seed)
        self.counted: Counter[str] = Counter()
        self.faults = Faults(self.dice, self.counted)
        self.loop = VirtualLoop(self.dice)  # type: ignore[abstract]  # nobody needs sockets, signals, processes here
        self.plan = random_plan(self.dice)
        self.disk = PartitionDisk()
        self.witness = Witness(self.plan, self.disk)
        self.disk.faults, self.disk.witness = self.faults, self.witness
        limit = self.dice.choice((5, 20, 10_000))
        self.kinds_of_jobs = kinds_of(self.plan, self.dice)
        self.toml = f"{toml_of(self.plan, self.kinds_of_jobs)}\n[limits]\nmax_batch_events = {limit}\n"
        config = read_config(folder / "wantd.toml", self.toml, cpus=2)
        catalog = build_catalog(config, folder, {job.name: job.name for job in config.jobs})
        application = Application(config, catalog, Layout(folder / "state"))
        self.machine = Machine(application, self.faults, self.witness, self.loop)
        self.machine.partitions = self.disk
        self.jobs = Jobs(self.plan, self.kinds_of_jobs, self.disk, self.faults)
        self.questions = Questions(self.plan, self.faults)
        self.machine.keeper = Keeper(self.jobs, self.faults, self.witness)
        self.clients = Clients(self.witness, self.faults)
        self.ahead_s, self.furthest_s = 0.0, 0.0
        self.insisted: Counter[Ref] = Counter()
        self.daemon: Daemon
        self._looked_at: Daemon | None = None
        self._unasked: dict[str, float] = {}
        """Runs that are to stop and were not asked to, each with when that was first seen."""
        self.remains: list[Daemon] = []
        self.users: list[asyncio.Task[None]] = []
        self.happenings: dict[str, tuple[int, Callable[[], None]]] = {
            "nothing": (30, lambda: None),
            "a command": (30, self._command),
            "time passes": (25, self._time_passes),
            "somebody is quick to cancel": (5, self._cancel_at_once),
            "a client hangs up": (2, self.clients.hang_up),
            "the daemon is killed": (3, self._kill),
            "the daemon is stopped in good order": (1, self._leave),
            "a second daemon takes over": (1, self._take_over),
            "the keeper dies": (1, self.machine.keeper.crash),
            "the power fails": (1, self._power_fails),
            "a keeper tells of what is not": (1, self.machine.keeper.babble),
            "a daemon is stopped for a while": (1, self._stop),
            "a stopped daemon is taken for dead": (1, self._take_over_from_stopped),
            "a snapshot is taken": (2, lambda: self._use(_snapshot)),
            "somebody looks": (5, lambda: self._use(self._sees_what_is_committed)),
            "the clock goes forward an hour": (1, lambda: self._jump(HOUR_S)),
            "the clock goes back an hour": (1, lambda: self._jump(-HOUR_S)),
            "the clock goes forward 400 days": (1, lambda: self._jump(400 * DAY_S)),
            "the clock goes back 400 days": (1, lambda: self._jump(-400 * DAY_S)),
        }
        self._names = [*self.happenings]
        self._weights = [
            often if name in _EVERYDAY else often * self.faults.weather()
            for name, (often, _) in self.happenings.items()
        ]

    @property
    def kinds(self) -> list[str]:
        """Everything that should happen in some history."""
        return [
            *CHANCES,
            *self.happenings,
            *self.jobs.misbehaviors,
            *self.questions.misbehaviors,
            *self.clients.commands,
            *_SEEN,
        ]

    @property
    def log(self) -> list[Row]:
        """The log as it is stored."""
        return self.machine.rows._rows

    def play(self, steps: int = STEPS) -> None:
        """The whole history."""
        with self.loop.running(), _seeded_salt(self.dice), self._simulated_programs():
            try:
                self.daemon = Daemon(self.machine)
                for _ in range(steps):
                    self._step()
                self._calm()
                self._end()
            finally:
                self._unwind()

    @contextmanager
    def _simulated_programs(self) -> Generator[None]:
        """In place of the processes that are asked, and of the functions that are called."""

        def load(*_: object) -> Callable[[InlineContext], None]:
            return self.jobs.call

        with (
            patch("orchestrator.runtime.asking._run", self.questions.run),
            patch("orchestrator.runtime.inline.InlineJobs._load", load),
        ):
            yield

    # -- trouble --------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        """Something happens, some callbacks run, and the laws hold."""
        (name,) = self.dice.choices(self._names, self._weights)
        self.counted[name] += 1
        self.happenings[name][1]()
        for _ in range(self.dice.choice((3, 20, 60))):
            if not self.loop.run_one() and not self.loop.pass_time(self.loop.time() + 0.1):
                break
        self._look()

    def _look(self) -> None:
        """See who was answered and who ended, and hold everything against the laws."""
        self.clients.look()
        self._look_at_users()
        if (why := self.daemon.why_ended()) is not None:
            raise Broken(f"the daemon ended by {why}")
        if self.daemon.ended:
            self.remains.append(self.daemon)
            self.counted["a daemon starts after the end of another"] += 1
            self.daemon = Daemon(self.machine)
        self._look_for_what_should_stop()
        if (board := self.daemon.settled_board()) is not None:
            if self.daemon is not self._looked_at:
                self._looked_at = self.daemon
                self.witness.a_new_daemon_knows_everything(board)
            self.witness.live_equals_replayed(board)
        if self.witness.broken or self.loop.complaints:
            raise Broken("; ".join([*self.witness.broken, *self.loop.complaints]))

    def _look_for_what_should_stop(self) -> None:
        """A daemon that has nothing else to do has asked for every stop that is owed."""
        daemon = self.daemon
        if daemon.settled_board() is None or daemon.stopped:
            return
        unasked = self.witness.to_be_stopped(self.machine.keeper.unasked)
        self._unasked = {run: self._unasked.get(run, self.loop.time()) for run in unasked}
        if self.loop.busy or not daemon.has_asked:
            return
        for run, since_s in self._unasked.items():
            waited_s = self.loop.time() - max(since_s, daemon.answers_since_s)
            self.witness.hold("what is Canceling is asked to stop", waited_s < STOP_S, f"{run} runs for {waited_s:g} s")

    def _look_at_users(self) -> None:
        users, self.users = self.users, []
        for use in users:
            if not use.done():
                self.users.append(use)
            elif not isinstance(error := use.exception(), NoAnswer | LogClosed | AppendUnknown | Killed | None):
                raise error

    def _command(self) -> None:
        self.clients.ask_something(self.daemon, self.dice.choice(["want", "report", *self.clients.commands]))

    def _cancel_at_once(self) -> None:
        """Somebody cancels what was launched, but has not reached the keeper."""
        world = self.witness.world
        runs = [run for run in world.open_runs if isinstance(world.runs[run], Launching)]
        waiting = [run for run in runs if not self.machine.keeper.has(run)]
        if waiting and self.daemon.engine is not None:
            self.counted["a run is canceled before it is started"] += 1
            self.clients.ask(self.daemon, CancelRun("test", self.dice.choice(waiting)))

    def _time_passes(self) -> None:
        self.loop.pass_time(self.loop.time() + self.dice.choice((0.1, 1.0, 5.0, 20.0)))

    def _kill(self) -> None:
        self.counted["killed while it starts"] += self.daemon.engine is None
        self.counted["killed in the middle of a turn"] += (
            self.daemon.engine is not None and self.daemon.settled_board() is None
        )
        self.daemon.kill()

    def _leave(self) -> None:
        self.daemon.leave()

    def _take_over(self) -> None:
        """A daemon that was thought dead goes on beside its successor."""
        if self.daemon.engine is None:
            return  # while one starts, which of two is the newer would be open
        self.remains.append(self.daemon)
        self.daemon = Daemon(self.machine)

    def _stop(self) -> None:
        """It goes on after a while, as if nothing had been."""
        if not self.daemon.stopped:
            self.daemon.stop()
            self.loop.call_later(self.dice.choice((0.5, 5.0, 60.0)), self.daemon.go_on)

    def _take_over_from_stopped(self) -> None:
        """It goes on beside its successor, perhaps in the middle of an append."""
        if self.daemon.engine is not None:
            self._stop()
            self._take_over()

    def _power_fails(self) -> None:
        for daemon in (self.daemon, *self.remains):
            if not daemon.ended:
                daemon.kill()
        self.machine.keeper.crash()
        self.disk.lose_power()
        self.witness.the_bytes_of_the_living_are_there()

    def _use(self, deed: Callable[[Engine], Coroutine[object, object, None]]) -> None:
        if self.daemon.engine is not None and self.witness.world.seq:
            self.users.append(self.loop.create_task(deed(self.daemon.engine), context=self.daemon.context))

    async def _sees_what_is_committed(self, engine: Engine) -> None:
        seen = (await engine.board()).world.seq
        self.witness.hold("a reader sees what is committed", seen <= self.witness.world.seq, seen)

    def _jump(self, seconds: float) -> None:
        self.ahead_s += seconds
        self.furthest_s = max(self.furthest_s, self.ahead_s)
        self.machine.clock.jump(seconds)

    # -- calm -----------------------------------------------------------------------------------------------------

    def _calm(self) -> None:
        """Faults stop, the clock is what it was at most, what was paused goes on; what failed is asked for again."""
        self.faults.stopped = True
        self._jump(self.furthest_s - self.ahead_s)
        for daemon in self.remains:
            if not daemon.ended:
                daemon.kill()
        self.daemon.go_on()
        self._come_to_rest()
        wants = self.witness.world.wants
        failed = [one for one, state in wants.items() if isinstance(state, NOT_THERE)]
        for one in failed:
            self.clients.ask(self.daemon, RetryWant("test", one))
        self._come_to_rest()
        left = {one: type(wants[one]).__name__ for one in failed if not isinstance(wants[one], want.Successful)}
        if set(left.values()) - {"Expired"}:
            raise Broken(f"they can be made, and are not: {left}")

    def _come_to_rest(self) -> None:
        """Let time pass, and help with what only people can do, until nothing moves any more."""
        deadline = self.loop.time() + CALM_S
        self.insisted.clear()
        while self.loop.time() < deadline:
            self._run_until(self.loop.time() + 5.0)
            board = self.daemon.settled_board()
            if board is not None and not self.clients.waiting:
                if _is_at_rest(board) and not self.machine.keeper.running:
                    return
                self._help(board)
        world = self.witness.world
        stuck = [*world.opened, *world.open_runs, *_unfinished(world), *self.machine.keeper.running]
        raise Broken(f"it does not come to rest within {CALM_S:g} s: {stuck}")

    def _run_until(self, at: float) -> None:
        callbacks = 0
        while True:
            while self.loop.run_one():
                callbacks += 1
                if callbacks > CALLBACKS_MAX:
                    raise Broken("it turns on the spot")
            self._look()
            if not self.loop.busy and not self.loop.pass_time(at):
                return

    def _help(self, board: Board) -> None:
        """Resume what is paused, cancel what hangs, report what is awaited, want what is only queried."""
        for run in map(RunId, self.machine.keeper.hanging):
            if isinstance(board.world.runs[run], Active):
                self.clients.ask(self.daemon, CancelRun("test", run))
        awaited = [node for node in board.graph.nodes() if (node.dependents or node.roots) and not node.done]
        for one, state in board.world.wants.items():
            if isinstance(state, want.Paused):
                self.clients.ask(self.daemon, ResumeWant("test", one))
        for node in awaited:
            if self.plan.maker(node.ref) == "external":
                self.clients.ask(self.daemon, ReportPartition("test", Ref(node.ref), "1"))
        jobs = (node.ref for node in awaited if self.plan.maker(node.ref) == "job" and not node.opened)
        queried = [ref for ref in jobs if self.insisted[ref] < INSISTED_MAX]
        if queried:
            self.insisted.update(queried)
            self.clients.ask(self.daemon, CreateWant("test", tuple(queried)))

    # -- the end --------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """A last daemon starts, finds nothing to do, draws what links are not drawn, and leaves in good order."""
        self.daemon.leave()
        before = self.daemon
        self._run_until(self.loop.time() + 60.0)
        if not before.task.done() or self.daemon.settled_board() is None:
            raise Broken("a daemon does not leave in good order, or the next does not start")
        seq = self.witness.world.seq
        self._run_until(self.loop.time() + 60.0)
        board = self.daemon.settled_board()
        assert board is not None, "it is at rest"
        if self.witness.world.seq != seq:
            raise Broken("a restart does what was not done before")
        self.witness.a_new_daemon_knows_everything(board)
        self.witness.the_bytes_of_the_living_are_there()
        self._nothing_is_left_over(board)
        self._look()

    def _nothing_is_left_over(self, board: Board) -> None:
        hold, world = self.witness.hold, board.world
        hold("every end is settled", not self.machine.keeper.survey(), self.machine.keeper.survey())
        for instance in world.holdings("local").canonical.values():
            place = link_to(self.disk, world, world.partitions[instance])
            if place is not None:
                drawn = self.disk.published(place[0], place[1])
                hold("what is Live is linked", str(drawn) == place[2], f"{place[1]} leads to {drawn}")

    def _unwind(self) -> None:
        """All tasks come to their ends, also those of a daemon that is killed now."""
        for daemon in (self.daemon, *self.remains):
            daemon.kill()
        self.clients.look()
        callbacks = 0
        while (self.loop.run_one() or self.loop.pass_time(self.loop.time() + HOUR_S)) and callbacks < CALLBACKS_MAX:
            callbacks += 1
        assert all(daemon.task.done() for daemon in (self.daemon, *self.remains)), "a daemon never ends"


_EVERYDAY = ("nothing", "a command", "time passes")
"""What happens in any weather."""

_SEEN = (
    "killed while it starts",
    "killed in the middle of a turn",
    "a daemon starts after the end of another",
    "a command is not answered",
    "a run is canceled before it is started",
    "a run is done before it is stopped",
    "a replaced daemon goes on with an inline call",
    "a job is asked",
)
"""What follows from other happenings, and has to follow now and then."""


async def _snapshot(engine: Engine) -> None:
    await engine.snapshot()


def _is_at_rest(board: Board) -> bool:
    world = board.world
    return not (world.opened or world.open_runs or _unfinished(world))


def _unfinished(world: World) -> list[InstanceId]:
    return [one for one, state in world.partitions.items() if isinstance(state, partition.Unfinished)]


@contextmanager
def _seeded_salt(dice: Random) -> Generator[None]:
    """The one place where a daemon draws chance by itself is the salt of its ids."""

    def token_hex(size: int) -> str:
        return f"{dice.getrandbits(8 * size):0{2 * size}x}"

    with patch("orchestrator.daemon.secrets", SimpleNamespace(token_hex=token_hex)):
        yield
