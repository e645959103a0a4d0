"""The loop: drain what came in, let it become events, append them as one batch, answer, act.

It is the only writer of the log and of the world. Within a turn the world runs ahead of the log, so that everything
that follows without acting shares one commit; ``settled`` lets readers wait until what they see is committed. Nothing
is answered or started before the commit. A full disk undoes the turn and leaves a daemon that can be read; any other
failed append has an unknown outcome, and the process ends (law 1).

Source: design section 3 (laws 1 to 5) and section 5 (data flow); performance reference, section 6.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from bel.entry import Entry
from bel.errors import LogFull
from bel.log import Log
from orchestrator.commands import Answer, AnyCommand, Refused
from orchestrator.decide import decide, observe
from orchestrator.effects import Owed, owed_by
from orchestrator.observations import AnyObservation
from orchestrator.planning.board import Board
from orchestrator.planning.turn import Fact, Turn
from orchestrator.reconcile import reconcile
from orchestrator.runtime import room
from orchestrator.runtime.clock import Clock, Watch
from orchestrator.runtime.mailbox import Asked, Mailbox, NoAnswer
from orchestrator.runtime.meter import UNMETERED, Meter
from orchestrator.runtime.room import Room
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, Ids, RunId, Timestamp
from statemachines.jobrun import JobRunFact

LOOK_AGAIN_S = 60.0
"""The longest that a daemon sleeps before something that is due later: so it sees that the machine has slept."""


class Effects(Protocol):
    """Whoever does what is owed."""

    @property
    def room(self) -> Room:
        """Where those who write say that the disk is full."""
        ...

    def ahead(self) -> Mapping[str, int]:
        """Say how many slots' worth of JobRuns may be launched beyond the size of each pool."""
        ...

    def after_commit(self, facts: list[Fact], owed: Owed) -> None:
        """Do what has become owed. Returns at once; results come back as observations."""
        ...


class _Drained(NamedTuple):
    """What one turn took from the mailbox: the answers still to be given, and the observations it used."""

    answers: list[tuple[asyncio.Future[Answer], Answer]]
    observations: list[AnyObservation]


class Loop:
    """Turns, one after the other."""

    def __init__(
        self,
        log: Log[AnyEvent],
        restore: Callable[[], Awaitable[Board]],
        effects: Effects,
        clock: Clock,
        ids: Ids,
        mailbox: Mailbox,
    ) -> None:
        self._log = log
        self.restore = restore
        """Reads the world back from the log."""
        self._effects = effects
        self._room = effects.room
        self._clock = clock
        self._watch = Watch(clock)
        self._ids = ids
        self._mailbox = mailbox
        self._settled = asyncio.Event()
        self.stopping = False
        """Whether it ends after the turn that is under way."""
        self._broken = False
        self.board: Board
        self.meter: Meter = UNMETERED

    @property
    def read_only(self) -> str | None:
        """Why nothing can be written at the moment, or None."""
        return self._room.lack

    def open(self, board: Board) -> None:
        """Begin with this board, and do what its states owe."""
        self.board = board
        self.meter.began(board.world)
        self._settled.set()
        self._mailbox.wake()

    async def run(self) -> None:
        """Turn until ``stop``. Raises what ends the process: AppendUnknown, EpochTooOld.

        Whoever still waits for an answer or for the board then gets NoAnswer.
        """
        try:
            while not self.stopping:
                await self._mailbox.filled(self._patience_s())
                if await self._room.look():
                    await self._turn()
                else:
                    self._refuse(asked.answer for asked in self._mailbox.take_commands())
                await asyncio.sleep(0)
        finally:
            self._mailbox.close()
            self._broken = not self._settled.is_set()
            self._settled.set()

    def stop(self) -> None:
        """End after the turn that is under way."""
        self.stopping = True
        self._mailbox.wake()

    async def submit(self, command: AnyCommand) -> Answer:
        """Hand in a command and wait until its answer is durable. Raises NoAnswer when the loop ends first."""
        return await self._mailbox.ask(command)

    async def settled(self) -> Board:
        """The board, at a moment at which all it shows is committed. Look at it before the next await.

        Raises NoAnswer where the loop ended in the middle of a turn: then nobody knows what is committed.
        """
        while not self._settled.is_set():
            await self._settled.wait()
        if self._broken:
            raise NoAnswer
        return self.board

    async def _turn(self) -> None:
        began = self._clock.elapsed()
        now, set_by_us = self._watch.look()
        if set_by_us:
            self.board.clock_was_set(set_by_us)
            self.meter.clock_set(set_by_us)
        turn = Turn(self.board, now, self._ids, self._effects.ahead())
        self._settled.clear()
        drained = self._drain(turn)
        more = reconcile(turn, self.board.recipes.catalog.limits.max_batch_events)
        if turn.facts and not await self._commit(turn):
            await self._undo(drained)
            return
        self._settled.set()
        _answer(drained.answers)
        self._effects.after_commit(turn.facts, self._owed(turn))
        self.meter.turned(turn.facts, self.board.world, self._seconds_since(began))
        if more:
            self._mailbox.wake()

    def _drain(self, turn: Turn) -> _Drained:
        drained = _Drained([], [])
        for item in self._mailbox.take():
            if isinstance(item, Asked):
                if not item.answer.cancelled():
                    drained.answers.append((item.answer, decide(turn, item.command)))
            else:
                drained.observations.append(item)
                observe(turn, item)
        return drained

    async def _commit(self, turn: Turn) -> bool:
        """Make the turn durable. False where the disk is full: then nothing of it was written."""
        first = turn.facts[0].seq
        entries = [
            Entry(fact.seq, first, turn.now, fact.event, self._ids.event(), fact.cause, fact.correlation, fact.actor)
            for fact in turn.facts
        ]
        began = self._clock.elapsed()
        try:
            await self._log.append(entries, epoch=self._log.head.epoch)
        except LogFull as error:
            if not self._room.is_lacking(error):
                raise
            return False
        self.meter.committed(len(entries), self._seconds_since(began))
        return True

    def _seconds_since(self, began: int) -> float:
        return (self._clock.elapsed() - began) / SECOND_US

    async def _undo(self, drained: _Drained) -> None:
        """Go back to what the log says, keep the observations for later, and refuse the commands."""
        self.board = await self.restore()
        self._mailbox.give_back(drained.observations)
        self._settled.set()
        self._refuse(future for future, _ in drained.answers)

    def _refuse(self, answers: Iterable[asyncio.Future[Answer]]) -> None:
        """Refuse commands for want of room. Observations and timers wait."""
        refusal = Refused("log_full", self._room.lack or "", "free some space; the daemon goes on by itself")
        _answer((answer, refusal) for answer in answers)

    def _owed(self, turn: Turn) -> Owed:
        """What the entities that moved in this turn owe now."""
        runs = dict.fromkeys(RunId(fact.event.id) for fact in turn.facts if isinstance(fact.event, JobRunFact))
        owed = owed_by(self.board.world, runs)
        questions = tuple((job, tuple(refs)) for job, refs in self.board.to_ask.items())
        self.board.to_ask.clear()
        return Owed(owed.starts, owed.stops, questions)

    def _patience_s(self) -> float | None:
        """How long to wait for something to come in."""
        if self._room.lack is not None:
            return room.PAUSE_S
        at: Timestamp | None = self.board.timers.next_at
        return None if at is None else min(LOOK_AGAIN_S, max(0.0, (at - self._clock.now()) / SECOND_US))


def _answer(answers: Iterable[tuple[asyncio.Future[Answer], Answer]]) -> None:
    for future, answer in answers:
        if not future.done():
            future.set_result(answer)
