"""The log step by step: forwards by folding, backwards by putting back what each step found.

Holds the state of every entity as of ``seq`` and what each step before replaced, so a step costs the same either way,
however long the log is; entries are read again when they are shown. Unlike everything else that looks back, it stops at
any entry, also in the middle of a batch.
"""

from collections import Counter
from typing import NamedTuple

from bel.entry import Entry
from bel.log import ReadableLog
from statemachines.events import AnyEvent
from statemachines.jobrun import JobRun, JobRunFact
from statemachines.partition import Partition, PartitionFact
from statemachines.want import Want

CHUNK_ENTRIES = 1_000
"""How many entries are read at once."""

State = Want | Partition | JobRun


class Step(NamedTuple):
    """One entry, and what it made of its entity."""

    entry: Entry[AnyEvent]
    before: State | None
    after: State


class Film:
    """A log that can be wound to any entry up to ``end``, which the log has."""

    def __init__(self, log: ReadableLog[AnyEvent], end: int) -> None:
        self._log = log
        self.end = end
        self._chunk: dict[int, Entry[AnyEvent]] = {}
        self._replaced: list[State | None] = []
        """What each step so far found."""
        self.states: dict[str, State] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        """How many entities of each kind are in each state."""

    @property
    def seq(self) -> int:
        """The last entry that was taken in."""
        return len(self._replaced)

    async def forward(self) -> Step | None:
        """Take in the next entry; None at the end. Raises IllegalTransition, and what reading a log raises."""
        entry = await self.peek()
        if entry is None:
            return None
        before = self.states.get(entry.event.id)
        after = _entered(entry.event, before)
        self._put(entry.event, before, after)
        self._replaced.append(before)
        return Step(entry, before, after)

    async def back(self) -> Step | None:
        """Undo the last entry, and give the step that was undone; None at the beginning."""
        if not self._replaced:
            return None
        step = await self._step(self.seq)
        self._replaced.pop()
        self._put(step.entry.event, step.after, step.before)
        return step

    async def shown(self) -> Step | None:
        """The step that led to where it is; None at the beginning."""
        return await self._step(self.seq) if self._replaced else None

    async def peek(self) -> Entry[AnyEvent] | None:
        """The entry that comes next; None at the end."""
        return await self._entry(self.seq + 1) if self.seq < self.end else None

    async def wind(self, seq: int) -> None:
        """Go to an entry, or as near as the log reaches."""
        while self.seq < seq and await self.forward():
            pass
        while self.seq > max(seq, 0):
            await self.back()

    async def _step(self, seq: int) -> Step:
        entry = await self._entry(seq)
        return Step(entry, self._replaced[seq - 1], self.states[entry.event.id])

    async def _entry(self, seq: int) -> Entry[AnyEvent]:
        if seq not in self._chunk:
            after = (seq - 1) // CHUNK_ENTRIES * CHUNK_ENTRIES
            read = self._log.read(after=after, upto=after + CHUNK_ENTRIES)
            self._chunk = {entry.seq: entry async for entries in read for entry in entries}
        return self._chunk[seq]

    def _put(self, event: AnyEvent, before: State | None, after: State | None) -> None:
        kind = kind_of(event)
        if before is not None:
            self.counts[kind, type(before).__name__] -= 1
        if after is None:
            del self.states[event.id]
        else:
            self.states[event.id] = after
            self.counts[kind, type(after).__name__] += 1


def kind_of(event: AnyEvent) -> str:
    """Which kind of entity an event is about."""
    if isinstance(event, PartitionFact):
        return "partition"
    return "jobrun" if isinstance(event, JobRunFact) else "want"


def _entered(event: AnyEvent, before: State | None) -> State:
    """What the event makes of its entity. An id belongs to one kind of entity, so its state is of that kind."""
    return event.enter(before)  # type: ignore[arg-type]  # the state under the id of an event is of the event's kind
