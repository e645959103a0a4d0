"""What waits for the next turn: commands with whoever waits for their answer, and observations.

Commands are bounded: beyond the limit they are refused at once. Observations are not refused, since each belongs to
something that was started; there are never more of them than things in flight. Whoever still waits for an answer when
the mailbox closes is told that there will be none.
"""

import asyncio
from collections import deque
from typing import NamedTuple

from orchestrator.commands import Answer, AnyCommand, Refused
from orchestrator.observations import AnyObservation, JobStarted

COMMANDS_MAX = 1_000
TAKEN_MAX = 10_000
RIDE_S = 0.02
"""How long what can wait may wait for a turn to ride with."""

BUSY = Refused("busy", f"{COMMANDS_MAX} commands are waiting already", "try again in a moment")


class NoAnswer(Exception):
    """The engine ended before it answered. What was asked may or may not have been taken."""

    def __init__(self) -> None:
        super().__init__("the daemon ended before it answered; look whether it was done, or ask again with its key")


class Asked(NamedTuple):
    """A command, and the future that its answer goes to."""

    command: AnyCommand
    answer: asyncio.Future[Answer]


class Mailbox:
    """The inputs of the next turn, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[Asked | AnyObservation] = deque()
        self._commands = 0
        self._unanswered: set[asyncio.Future[Answer]] = set()
        self._filled = asyncio.Event()
        self._closed = False

    def ask(self, command: AnyCommand) -> asyncio.Future[Answer]:
        """Put a command in; the future holds its answer once that is durable."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self._closed:
            answer.set_exception(NoAnswer())
        elif self._commands >= COMMANDS_MAX:
            answer.set_result(BUSY)
        else:
            self._commands += 1
            self._unanswered.add(answer)
            answer.add_done_callback(self._unanswered.discard)
            self._put(Asked(command, answer))
        return answer

    def tell(self, observation: AnyObservation) -> None:
        """Put an observation in. Nothing follows from a JobRun being seen running: that rides with the next turn."""
        if isinstance(observation, JobStarted):
            self._waiting.append(observation)
            asyncio.get_running_loop().call_later(RIDE_S, self._wake_for_rest)
        else:
            self._put(observation)

    def give_back(self, observations: list[AnyObservation]) -> None:
        """Put observations back that could not be recorded, before all others."""
        self._waiting.extendleft(reversed(observations))

    def take(self) -> list[Asked | AnyObservation]:
        """Take out what waits, up to a limit."""
        taken = [self._waiting.popleft() for _ in range(min(TAKEN_MAX, len(self._waiting)))]
        self._commands -= sum(isinstance(item, Asked) for item in taken)
        if not self._waiting:
            self._filled.clear()
        return taken

    def take_commands(self) -> list[Asked]:
        """Take out the commands, and leave the observations for a turn that ``wake`` brings."""
        commands = [item for item in self._waiting if isinstance(item, Asked)]
        self._waiting = deque(item for item in self._waiting if not isinstance(item, Asked))
        self._commands = 0
        self._filled.clear()
        return commands

    def close(self) -> None:
        """Answer nobody any more: who waits, and who asks from now on, gets NoAnswer."""
        self._closed = True
        for answer in list(self._unanswered):
            if not answer.done():
                answer.set_exception(NoAnswer())

    def wake(self) -> None:
        """Let the next turn come though nothing new came in."""
        self._filled.set()

    async def filled(self, timeout_s: float | None) -> None:
        """Wait until there is something to do, or the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._filled.wait()
        except TimeoutError:
            return

    def _wake_for_rest(self) -> None:
        """Nothing came to ride with: what still waits gets a turn of its own."""
        if self._waiting:
            self._filled.set()

    def _put(self, item: Asked | AnyObservation) -> None:
        self._waiting.append(item)
        self._filled.set()
