"""A log played on from a moment: the engine's own rules, with recorded people and simulated jobs, in virtual time.

Everything that decides is what the daemon runs; what is missing is whatever acts: there is no executor, no store of
bytes and no clock in here, so nothing can be started. Time goes from one thing that happens to the next. It ends when
nothing is left to happen, or when only wants that nobody can help any more wait for the end of their time.
"""

from collections.abc import Container, Iterator
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from bel.entry import Entry
from orchestrator.commands import Accepted, AnyCommand, CancelRun, CancelWant, PauseWant, ResumeWant, RetryWant
from orchestrator.decide import decide, observe
from orchestrator.history.cast import Cast, Part
from orchestrator.history.script import Said, Script
from orchestrator.observations import ConfiguredRun, JobConfigured, JobEnded, JobStarted
from orchestrator.planning.board import Board
from orchestrator.planning.turn import Turn
from orchestrator.reconcile import reconcile
from orchestrator.views.jobruns import outputs_of
from statemachines import jobrun
from statemachines.events import AnyEvent
from statemachines.ids import Ids, RunId, Timestamp, WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Building, UpForRetry
from statemachines.refs import Ref

Batch = list[Entry[AnyEvent]]


class _Due(NamedTuple):
    """Something that comes at a moment; of those at one moment, in the order in which they once came."""

    at: Timestamp
    order: tuple[int, int]
    what: Said | JobStarted | JobEnded | JobConfigured


class Rerun:
    """Plays a script on a board that stands at its beginning, which is ``now``."""

    def __init__(self, board: Board, script: Script, now: Timestamp, ids: Ids) -> None:
        self.board = board
        self.wants: dict[WantId, WantId] = {}
        """The wants that were made again, by those that they repeat."""
        self._script = script
        self._cast = Cast(script.attempts, script.after, script.world)
        self._recipes = {ref: attempt for attempt in script.attempts for ref in attempt.refs}
        self._recorded = {attempt.spec.id: attempt for attempt in script.attempts}
        self._parts: dict[RunId, Part] = {}
        self._stopped: set[RunId] = set()
        """What was told to stop: it ends in another way than it would have."""
        self._due: list[_Due] = []
        self._made = 0
        self._now = now
        self._ids = ids
        for said in script.said:
            self._expect(said.at, said.seq, said)
        for run_id in board.world.open_runs:
            self._take_over(board.world.runs[run_id])

    def play(self) -> Iterator[Batch]:
        """Play to the end, and give what each turn records."""
        while True:
            turn = Turn(self.board, self._now, self._ids)
            for due in self._take_due():
                self._let_happen(turn, due.what)
            more = reconcile(turn, self.board.recipes.catalog.limits.max_batch_events)
            for fact in turn.facts:
                self._follow(fact.event)
            self._answer()
            if turn.facts:
                yield self._batch(turn)
            if not more and not self._pass_time():
                return

    # -- what happens ---------------------------------------------------------------------------------------------

    def _let_happen(self, turn: Turn, what: Said | JobStarted | JobEnded | JobConfigured) -> None:
        if not isinstance(what, Said):
            if not isinstance(what, JobEnded) or self._is_to_come(what):
                observe(turn, what)
            return
        command = self._now_about(what.command)
        answer = decide(turn, command)
        if isinstance(command, CancelRun) and isinstance(answer, Accepted):
            self._stop(turn, command.run)
        if what.made is not None and isinstance(answer, Accepted):
            self.wants[what.made] = WantId(answer.entity)

    def _stop(self, turn: Turn, run: RunId) -> None:
        """What ended in the very turn in which it was told to stop does so again."""
        part = self._parts.get(run)
        if part is not None and part.stopping_us == 0:
            self._stopped.add(run)
            observe(turn, part.stopped)

    def _is_to_come(self, end: JobEnded) -> bool:
        return end.run not in self._stopped or end is self._parts[end.run].stopped

    def _now_about(self, command: AnyCommand) -> AnyCommand:
        """The same command, about the want or the JobRun that takes the place of the recorded one."""
        match command:
            case CancelWant(want=name) | PauseWant(want=name) | ResumeWant(want=name) | RetryWant(want=name):
                return msgspec.structs.replace(command, want=self.wants.get(name, name))
            case CancelRun(run=run) if run not in self.board.world.runs:
                newest = self.board.graph.node(outputs_of(self._script.world.runs[run])[0][0]).newest
                return msgspec.structs.replace(command, run=newest.attempt.run if isinstance(newest, Building) else run)
            case _:
                return command

    def _follow(self, event: AnyEvent) -> None:
        """Something was started or is to stop: it will be seen running, and it will end."""
        if isinstance(event, jobrun.JobRunLaunching):
            state = self.board.world.runs[event.id]
            assert isinstance(state, jobrun.RunState), "what was launched has a spec"
            given = [self.board.world.partitions[one].spec.ref for one in event.activation.inputs]
            part = self._parts[event.id] = self._cast.part(state.spec, given)
            self._expect_end(self._now, part)
        elif isinstance(event, jobrun.JobRunCanceling):
            part = self._parts[event.id]
            self._stopped.add(event.id)
            self._expect(self._now + part.stopping_us, part.end_seq, part.stopped)

    def _expect_end(self, launched: Timestamp, part: Part) -> None:
        if part.seen_after_us is not None:
            self._expect(launched + part.seen_after_us, 0, JobStarted(part.ended.run, 0))
        self._expect(launched + part.after_us, part.end_seq, part.ended)

    def _take_over(self, state: JobRun) -> None:
        """A JobRun that is under way at the beginning goes on as it did."""
        if not isinstance(state, jobrun.Started):
            return
        given = [self.board.world.partitions[one].spec.ref for one in state.activation.inputs]
        part = self._parts[state.spec.id] = self._cast.part(state.spec, given)
        if isinstance(state, jobrun.Canceling):
            self._stopped.add(state.spec.id)
            self._expect(state.since + part.stopping_us, part.end_seq, part.stopped)
        else:
            self._expect_end(self._recorded[state.spec.id].launched_at, part)

    def _answer(self) -> None:
        """Jobs that are asked how they make something answer at once, as the JobRun that followed tells."""
        for job, refs in self.board.to_ask.items():
            configs = dict.fromkeys(self._config(ref, refs) for ref in refs)
            self._expect(self._now, 0, JobConfigured(job, tuple(configs)))
        self.board.to_ask.clear()

    def _config(self, ref: Ref, asked: Container[Ref]) -> ConfiguredRun:
        attempt = self._recipes.get(ref)
        if attempt is None:
            return ConfiguredRun((ref,), ())
        together = tuple(one for one in attempt.refs if one in asked)
        inputs = tuple((given, True) for given in attempt.given)
        return ConfiguredRun(together, inputs, attempt.activation.args, attempt.activation.env)

    # -- time -----------------------------------------------------------------------------------------------------

    def _expect(self, at: int, seq: int, what: Said | JobStarted | JobEnded | JobConfigured) -> None:
        self._made += 1
        heappush(self._due, _Due(Timestamp(max(at, self._now)), (seq, self._made), what))

    def _take_due(self) -> list[_Due]:
        found: list[_Due] = []
        while self._due and self._due[0].at <= self._now:
            found.append(heappop(self._due))
        return found

    def _pass_time(self) -> bool:
        """Go to the next moment at which something happens; False where nothing does that anybody waits for."""
        timer = self.board.timers.next_at
        if not self._due and (timer is None or (timer > self._script.until and not self._is_anything_under_way())):
            return False
        moments = [due.at for due in self._due[:1]] + ([] if timer is None else [timer])
        self._now = max(self._now, min(moments))
        return True

    def _is_anything_under_way(self) -> bool:
        """Whether a batch is open, or something is tried again later."""
        world = self.board.world
        again = (node.newest for node in self.board.graph.nodes() if node.demanded)
        return bool(world.open_runs) or any(isinstance(newest, UpForRetry) for newest in again)

    def _batch(self, turn: Turn) -> Batch:
        first = turn.facts[0].seq
        return [
            Entry(fact.seq, first, turn.now, fact.event, self._ids.event(), fact.cause, fact.correlation, fact.actor)
            for fact in turn.facts
        ]
