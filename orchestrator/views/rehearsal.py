"""A rehearsal: the engine's own rules, played on an excerpt of the world, without a log, an executor or a clock.

Every JobRun is taken to succeed with a new digest, and all that run at the same time to end together; what is awaited
from outside comes when nothing else moves; a job that has to be asked is taken to make each ref by itself.
"""

from collections.abc import Sequence

from orchestrator.catalog import External
from orchestrator.decide import observe
from orchestrator.observations import ConfiguredRun, Exit, Found, JobConfigured, JobEnded, Nothing
from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.planning.recipes import Recipes
from orchestrator.planning.turn import Fact, Turn
from orchestrator.reconcile import reconcile
from orchestrator.report import Report
from orchestrator.views.excerpt import Excerpt
from statemachines import jobrun
from statemachines.ids import Ids, Timestamp
from statemachines.partition import Content, PartitionLive, PartitionSpec, Reported
from statemachines.refs import Ref
from statemachines.want import WantCreated, WantSpec

_EVENTS_MAX = 1 << 62


class Rehearsal:
    """Plays what a want for some refs would do. The given board is only read."""

    def __init__(self, board: Board, wanted: tuple[Ref, ...]) -> None:
        excerpt = Excerpt(board, wanted)
        self.wanted = wanted
        self.refs = tuple(excerpt.refs)
        """All that was taken over."""
        self.known_runs = frozenset(excerpt.world.runs)
        """JobRuns that are not of this rehearsal."""
        self.opened = excerpt.world.seq
        self.facts: list[Fact] = []
        self.asked: dict[Ref, None] = {}
        self.awaited: dict[Ref, None] = {}
        states = (*excerpt.world.partitions.values(), *excerpt.world.runs.values())
        self._now = max((state.since for state in states), default=Timestamp(0))
        self._ids = Ids("plan")
        self.board = Board(excerpt.world, _recipes(board, self.refs))
        self.board.load()
        self.board.graph.take_changed()

    def run(self) -> None:
        """Play until nothing follows any more."""
        if self.wanted:
            self._turn([self._want()])
        while self._end_what_runs() or self._answer_what_is_asked() or self._wait() or self._report_what_is_awaited():
            pass

    def _want(self) -> WantCreated:
        spec = WantSpec(self._ids.want(), self.board.graph.environment, self.wanted, self._now, "plan")
        return WantCreated(self._now, spec)

    def _turn(
        self, events: Sequence[WantCreated | PartitionLive] = (), told: Sequence[JobEnded | JobConfigured] = ()
    ) -> None:
        turn = Turn(self.board, self._now, self._ids)
        for event in events:
            turn.record(event)
        for observation in told:
            observe(turn, observation)
        reconcile(turn, _EVENTS_MAX)
        self.facts.extend(turn.facts)

    def _end_what_runs(self) -> bool:
        runs = (self.board.world.runs[run] for run in self.board.world.open_runs)
        ends = [_end_of(run) for run in runs if isinstance(run, jobrun.Started)]
        if ends:
            self._turn(told=ends)
        return bool(ends)

    def _answer_what_is_asked(self) -> bool:
        asked, self.board.to_ask = self.board.to_ask, {}
        for job, refs in asked.items():
            self.asked.update(refs)
            self._turn(told=[JobConfigured(job, tuple(ConfiguredRun((ref,), ()) for ref in refs))])
        return bool(asked)

    def _wait(self) -> bool:
        """Let time pass, until a retry may be made or a batch is due."""
        at = self.board.timers.next_at
        if at is None:
            return False
        self._now = max(self._now, at)
        self._turn()
        return True

    def _report_what_is_awaited(self) -> bool:
        awaited = [node for node in self.board.graph.nodes() if _is_awaited(node)]
        if awaited:
            self.awaited.update(dict.fromkeys(node.ref for node in awaited))
            self._turn([self._arrival(node.ref) for node in awaited])
        return bool(awaited)

    def _arrival(self, ref: Ref) -> PartitionLive:
        spec = PartitionSpec(self._ids.instance(), ref, self.board.graph.environment)
        return PartitionLive(self._now, spec, Reported("plan"), Content(f"planned:{spec.id}"))


def _is_awaited(node: Node) -> bool:
    return isinstance(node.maker, External) and not node.done and bool(node.opened or node.dependents)


def _recipes(board: Board, refs: Sequence[Ref]) -> Recipes:
    """The recipes of the catalog, and those that jobs have told already."""
    recipes = Recipes(board.recipes.catalog)
    for ref in refs:
        if recipes.is_asked_for(ref) and (told := board.recipes.recipe(ref)) is not None:
            recipes.answer([told])
    return recipes


def _end_of(run: jobrun.Started) -> JobEnded:
    """It succeeds, with bytes that nobody has seen before; what is being stopped is stopped."""
    if isinstance(run, jobrun.Canceling):
        nothing: dict[Ref, Found] = {output.ref: Nothing("it was stopped") for output in run.spec.outputs}
        return JobEnded(run.spec.id, Exit(kind="canceled"), Report(), nothing)
    made: dict[Ref, Found] = {output.ref: Content(f"planned:{output.instance}", files=1) for output in run.spec.outputs}
    return JobEnded(run.spec.id, Exit(kind="exit", code=0), Report(), made)
