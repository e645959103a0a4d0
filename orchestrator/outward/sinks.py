"""The port of what makes messages out of the log.

A sink is told whole batches in the order of the log and answers with messages. The same batches give the same messages,
whenever they are told: what it looks up beside them are facts that no later entry changes.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from bel.entry import Entry
from bel.log import ReadableLog
from orchestrator.outward.messages import Message
from statemachines.events import AnyEvent
from statemachines.world import World

Batch = Sequence[Entry[AnyEvent]]
"""All entries of one batch."""


AT_ONCE = 20
"""How many messages are made before others have their turn: some milliseconds."""


class Scene:
    """What a sink may look at beside a batch: the world, which is at that batch or beyond it, and older entries."""

    def __init__(self, world: World, log: ReadableLog[AnyEvent]) -> None:
        self.world = world
        self._log = log

    async def entry(self, seq: int) -> Entry[AnyEvent] | None:
        """The entry with this seq, if there is one."""
        async for (entry,) in self._log.read(after=max(0, seq - 1), upto=max(0, seq)):
            return entry
        return None


async def gently(messages: Iterable[Message]) -> list[Message]:
    """Make messages one after the other, and let the engine have its turns in between: a batch may hold thousands."""
    found: list[Message] = []
    for message in messages:
        found.append(message)
        if len(found) % AT_ONCE == 0:
            await asyncio.sleep(0)
    return found


class Sink(Protocol):
    """Makes messages."""

    @property
    def remembers(self) -> bool:
        """Whether what it makes of a batch depends on earlier ones."""
        ...

    @property
    def oldest(self) -> int | None:
        """The seq of the oldest entry that it still has in mind."""
        ...

    def forget(self) -> None:
        """Begin anew: what comes next is not what followed."""
        ...

    async def take(self, batch: Batch, scene: Scene, /) -> list[Message]:
        """Make the messages of a batch."""
        ...
