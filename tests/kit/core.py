"""The pure core, driven by hand: turns on a board, with jobs played by a function.

No log, no clock, no processes: time is a number that tests move, and every launched JobRun is ended by ``play``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.catalog import Catalog, build_catalog
from orchestrator.commands import Accepted, Answer, AnyCommand, CreateWant
from orchestrator.config import read_config
from orchestrator.decide import decide, observe
from orchestrator.observations import AnyObservation, Exit, Found, JobEnded, Nothing
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.planning.turn import Fact, Turn
from orchestrator.reconcile import reconcile
from orchestrator.report import Missing, Report
from statemachines.ids import SECOND_US, Ids, RunId, Timestamp, WantId
from statemachines.jobrun import Canceling, Launching, Running, RunState
from statemachines.partition import Content, Live
from statemachines.refs import Ref
from statemachines.world import World

EVENTS_MAX = 1_000_000


def catalog_of(toml: str) -> Catalog:
    """The catalog of a configuration given as text; the fingerprint of a job is its name."""
    config = read_config(Path("wantd.toml"), toml, cpus=2)
    return build_catalog(config, Path("/application"), {job.name: job.name for job in config.jobs})


def ended(
    run: Launching | Running | Canceling, *, code: int = 0, digest: str = "", report: Report | None = None
) -> JobEnded:
    """The end of a run; with code 0 every output is there, with a digest of its own name unless one is given."""
    found: Mapping[Ref, Found] = {
        output.ref: Content(digest or f"digest of {output.ref}", 1, 1) if code == 0 else Nothing("nothing is there")
        for output in run.spec.outputs
    }
    return JobEnded(run.spec.id, Exit(kind="exit", code=code), report or Report(), found)


def missing(*refs: str) -> Report:
    """The report of a job that found these refs missing."""
    return Report(missing=(Missing(tuple(Ref(ref) for ref in refs), ()),))


class Core:
    """A board and its history."""

    def __init__(self, toml: str) -> None:
        self.catalog = catalog_of(toml)
        self.board = Board(World(), Recipes(self.catalog))
        self.ids = Ids("test")
        self.now = Timestamp(1_000 * SECOND_US)
        self.facts: list[Fact] = []
        self.turns = 0

    def turn(self, *inputs: AnyCommand | AnyObservation) -> list[Answer]:
        """One turn of the loop, to its fixpoint."""
        turn = Turn(self.board, self.now, self.ids)
        answers: list[Answer] = []
        for item in inputs:
            if isinstance(item, AnyCommand):
                answers.append(decide(turn, item))
            else:
                observe(turn, item)
        assert not reconcile(turn, EVENTS_MAX)
        assert self.board.graph.is_settled, "there is more to do, and nobody comes back to it"
        self.facts.extend(turn.facts)
        self.turns += bool(turn.facts)
        return answers

    def want(self, *refs: str, **more: object) -> WantId:
        """Create a want that must be accepted."""
        (answer,) = self.turn(CreateWant("test", refs, **more))  # type: ignore[arg-type]  # keywords of CreateWant
        assert isinstance(answer, Accepted), answer
        return WantId(answer.entity)

    def active(self) -> list[Launching | Running | Canceling]:
        """The runs that have been started and not ended."""
        runs = (self.board.world.runs[run] for run in self.board.world.open_runs)
        return [run for run in runs if isinstance(run, Launching | Running | Canceling)]

    def play(self, job: Callable[[Launching | Running | Canceling], JobEnded] = ended) -> None:
        """End what runs, turn by turn, until nothing runs any more."""
        while runs := self.active():
            self.turn(*(job(run) for run in runs))

    def wait(self, seconds: float) -> None:
        """Let time pass, and a turn with it."""
        self.now = Timestamp(self.now + int(seconds * SECOND_US))
        self.turn()

    def state(self, entity: str) -> str:
        """The name of the state an entity is in."""
        world = self.board.world
        for states in (world.wants, world.runs, world.partitions):
            if entity in states:
                return type(states[entity]).__name__  # type: ignore[index]  # the id is of the kind just found
        raise KeyError(entity)

    def is_live(self, ref: str) -> bool:
        """Whether the canonical instance of a ref is Live."""
        instance = self.board.holdings.canonical.get(Ref(ref))
        return instance is not None and isinstance(self.board.world.partitions[instance], Live)

    def runs_of(self, job: str) -> list[RunId]:
        """All runs of a job that were queued."""
        runs = (run for run in self.board.world.runs.values() if isinstance(run, RunState))
        return [run.spec.id for run in runs if run.spec.job == job]
