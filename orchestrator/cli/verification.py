"""``wantd bel verify``: what the log cannot know of itself, whether its events make sense.

Each entry is folded, and the step it takes is asked of a second implementation of the machines. The laws are held at
the ends of batches. A law costs a look at the whole world, so on a long log they are held whenever the log has grown
by a twentieth, and at its end; a law once broken stays visible for long. Source: design sections 3 (laws 4, 7) and 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bel.sqlite import SqliteReader
from bel.verify import Report, verify
from orchestrator.runtime.codec import CODEC
from statemachines import laws
from statemachines.edges import IllegalTransition
from statemachines.machines import NOTHING, entity_kind, second_opinions
from statemachines.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bel.entry import Entry
    from statemachines.events import AnyEvent

GROWTH = 20


async def verify_log(log: Path) -> Report:
    """Verify the log in a file; it may be written meanwhile."""
    source = await SqliteReader.open(log)
    try:
        head = await source.head()
        return await verify(source, CODEC, Sense(head.seq).check)
    finally:
        await source.close()


class Sense:
    """Follows a log from its first entry to ``last`` and says what makes no sense."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._world = World()
        self._opinions = second_opinions()
        self._held_at = 0

    def check(self, entry: Entry[AnyEvent]) -> Iterator[str]:
        """Say what is wrong with the next entry, or with the world before its batch."""
        if entry.seq == entry.batch and self._world.seq >= self._held_at + self._held_at // GROWTH:
            yield from self._broken_laws()
        yield from self._illegal_step(entry)
        if entry.seq == self._last:
            yield from self._broken_laws()

    def _illegal_step(self, entry: Entry[AnyEvent]) -> Iterator[str]:
        event = entry.event
        kind, before = entity_kind(event), self._state(event.id)
        try:
            self._world.apply(event, entry.seq)
        except (IllegalTransition, ValueError, LookupError) as error:
            yield str(error)
            return
        name, after = type(event).__name__, self._state(event.id)
        opinion = self._opinions[kind].after(before, name)
        if after != opinion:
            yield f"{name} of {event.id} leads from {before} to {after}, the table of edges says {opinion}"

    def _broken_laws(self) -> Iterator[str]:
        self._held_at = self._world.seq
        for broken in laws.check(self._world):
            yield f"after entry {self._world.seq}: {broken.law}: {broken.entity}: {broken.text}"

    def _state(self, entity: str) -> str:
        world = self._world
        for states in (world.wants, world.partitions, world.runs):
            state = states.get(entity)  # type: ignore[call-overload]
            if state is not None:
                return type(state).__name__
        return NOTHING
