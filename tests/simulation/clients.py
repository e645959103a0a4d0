"""Clients: they ask, wait, hang up, ask again, and remember every answer.

They see what is committed (the witness's world) and know nothing of who answers. A command whose daemon ended before
it answered may have been taken or not; with an idempotency key it is asked again.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from orchestrator.commands import (
    Answer,
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
from orchestrator.daemon import Engine
from orchestrator.runtime.mailbox import NoAnswer
from statemachines import want
from statemachines.ids import SECOND_US
from statemachines.refs import Ref
from tests.simulation.daemons import Daemon
from tests.simulation.faults import Faults
from tests.simulation.witness import Witness

_WORKED_ON = (want.Idle, want.Building, want.UpstreamBuilding)
NOT_THERE = (want.Failed, want.UpstreamFailed)
OPEN_WANTS_MAX = 8


class Asked(NamedTuple):
    """A command under way."""

    command: AnyCommand
    daemon: Daemon
    answer: "asyncio.Task[Answer]"


class Clients:
    """All who ask something of a daemon."""

    def __init__(self, witness: Witness, faults: Faults) -> None:
        self._witness = witness
        self._faults = faults
        self._dice = faults.dice
        self._waiting: list[Asked] = []
        self._keys = 0
        self._again: list[AnyCommand] = []
        self.commands: dict[str, Callable[[], AnyCommand | None]] = {
            "want": self._want,
            "want with a key": self._want_with_key,
            "want with a ttl": lambda: self._want(ttl_us=self._dice.randint(1, 60) * SECOND_US),
            "want with an sla": lambda: self._want(sla_us=self._dice.randint(1, 60) * SECOND_US),
            "cancel": lambda: self._about_a_want(CancelWant, (*_WORKED_ON, want.Paused)),
            "pause": lambda: self._about_a_want(PauseWant, _WORKED_ON),
            "resume": lambda: self._about_a_want(ResumeWant, (want.Paused,)),
            "retry": lambda: self._about_a_want(RetryWant, NOT_THERE),
            "taint": lambda: self._taint(downstream=False),
            "taint downstream": lambda: self._taint(downstream=True),
            "report": self._report,
            "cancel a run": self._cancel_run,
            "ask again": lambda: self._again.pop() if self._again else None,
        }

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def ask(self, daemon: Daemon, command: AnyCommand) -> None:
        """Hand in a command."""
        if daemon.engine is not None:
            self._waiting.append(Asked(command, daemon, asyncio.ensure_future(_answer(daemon.engine, command))))

    def ask_something(self, daemon: Daemon, name: str) -> None:
        """Hand in a command of this kind, if there is anything that it could be about."""
        command = self.commands[name]() if daemon.engine is not None else None
        if command is not None:
            self._faults.counted[name] += 1
            self.ask(daemon, command)

    def hang_up(self) -> None:
        """One of those who wait goes away."""
        if self._waiting:
            self._faults.counted["a client hangs up"] += 1
            self._waiting.pop(self._dice.randrange(len(self._waiting))).answer.cancel()

    def look(self) -> None:
        """See who was answered. Who asked a killed daemon sees its connection break."""
        waiting, self._waiting = self._waiting, []
        for asked in waiting:
            if asked.answer.done():
                self._take(asked)
            elif asked.daemon.killed:
                asked.answer.cancel()
                self._unanswered(asked)
            else:
                self._waiting.append(asked)

    def _take(self, asked: Asked) -> None:
        if asked.answer.cancelled() or isinstance(error := asked.answer.exception(), NoAnswer):
            self._unanswered(asked)
        elif error is not None:
            raise error
        elif not asked.daemon.killed:
            self._witness.answered(asked.command, asked.answer.result())

    def _unanswered(self, asked: Asked) -> None:
        self._faults.counted["a command is not answered"] += 1
        if isinstance(asked.command, CreateWant) and asked.command.idempotency_key:
            self._again.append(asked.command)

    # -- commands -------------------------------------------------------------------------------------------------

    def _want(self, **more: object) -> AnyCommand | None:
        world, plan = self._witness.world, self._witness.plan
        if len(world.opened) >= OPEN_WANTS_MAX:
            return None
        made = [ref for ref in plan.refs() if plan.maker(ref) == "job"]
        refs = self._dice.sample(made, min(len(made), self._dice.choice([1, 1, 2, 3])))
        return CreateWant("test", tuple(refs), priority=self._dice.choice([0, 0, 1, 9]), **more)  # type: ignore[arg-type]

    def _want_with_key(self) -> AnyCommand | None:
        self._keys += 1
        return self._want(idempotency_key=f"key {self._keys}")

    def _about_a_want(
        self, kind: type[CancelWant | PauseWant | ResumeWant | RetryWant], states: tuple[type, ...]
    ) -> AnyCommand | None:
        found = [one for one, state in self._witness.world.wants.items() if isinstance(state, states)]
        return kind("test", self._dice.choice(found)) if found else None

    def _taint(self, *, downstream: bool) -> AnyCommand | None:
        there = list(self._witness.world.holdings("local").canonical)
        refs = self._dice.sample(there, min(len(there), self._dice.choice([1, 1, 2])))
        return TaintPartitions("test", tuple(refs), "bad", downstream) if refs else None

    def _report(self) -> AnyCommand | None:
        plan = self._witness.plan
        refs = [ref for ref in plan.refs() if plan.maker(ref) == "external"]
        if not refs:
            return None
        return ReportPartition("test", Ref(self._dice.choice(refs)), self._dice.choice(["1", "1", "1", "2", None]))

    def _cancel_run(self) -> AnyCommand | None:
        runs = list(self._witness.world.open_runs)
        return CancelRun("test", self._dice.choice(runs)) if runs else None


async def _answer(engine: Engine, command: AnyCommand) -> Answer:
    return await engine.submit(command)
