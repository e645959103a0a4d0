"""The pump: reads the log beyond a cursor, and moves the cursor when what it read has been told.

Invariants: the cursor never passes a message that was not delivered or refused; nothing of the log is kept but one
packet of messages; the engine never waits for a pump, and no error of a pump leaves it. A receiver that is away is
tried again, ever more rarely, for as long as the daemon runs. Decides nothing about what is told (``sinks``) or how
(``carriers``).

Source: design section 3 (laws 3 and 9).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

import msgspec

from bel.entry import Entry
from bel.errors import LogClosed
from bel.log import Log
from orchestrator.outward.cursor import BadCursor, Cursor, CursorFile
from orchestrator.outward.messages import Carrier, Message, Undelivered, Unwanted
from orchestrator.outward.sinks import Batch, Scene, Sink
from orchestrator.planning.board import Board
from orchestrator.runtime.mailbox import NoAnswer
from statemachines.events import AnyEvent

GATHER_S = 0.2
"""How long what happens is gathered before it is looked at again."""
LOOK_S = 1.0
"""How often it is looked whether somebody asked for the past; also how often a busy pump saves its cursor."""
BACKOFF_S, BACKOFF_MAX_S = 1.0, 300.0
"""The wait after the first failure, which doubles with each, and the longest one."""
SAVE_ENTRIES = 10_000
"""After how many entries that nobody was told of the cursor is saved all the same."""


class Engine(Protocol):
    """What a pump asks of a running engine."""

    @property
    def log(self) -> Log[AnyEvent]: ...

    async def board(self) -> Board:
        """The board, showing committed state only. Raises NoAnswer where the engine is broken."""
        ...


class Outlet(msgspec.Struct, frozen=True):
    """A way out: what is made of the log, who takes it where, and how far it is."""

    name: str
    sink: Sink
    carrier: Carrier
    place: CursorFile


class Facts(msgspec.Struct):
    """How a pump is doing, since the daemon began."""

    outlet: str
    done: int = 0
    """The entry up to which all has been told."""
    waiting_since: int | None = None
    """When the oldest entry that has not been told was written; None where there is none."""
    delivered: int = 0
    failed: int = 0
    """Tries that did not arrive."""
    unwanted: int = 0
    """Messages that the receiver refused for good."""
    trouble: str = ""


class _Elsewhere(Exception):
    """Somebody asked to be told the past."""


class Pump:
    """Tells one receiver."""

    def __init__(self, outlet: Outlet, engine: Engine) -> None:
        self.facts = Facts(outlet.name)
        self._sink, self._carrier, self._place = outlet.sink, outlet.carrier, outlet.place
        self._engine = engine
        self._log = engine.log
        self._saved = Cursor(0, 0)
        self._saved_at = 0.0
        self._told = 0
        """How many messages had been told when the cursor was saved."""
        self._fails = 0
        """In a row."""
        self._begun = False
        """Whether it knows how far it is."""

    async def enrol(self) -> None:
        """Note where a receiver begins who is new, which is here: from now on he misses nothing, whatever happens."""
        with suppress(BadCursor, OSError):
            if self._place.load() is None:
                await asyncio.to_thread(self._place.save, self._from(self._log.head.seq))

    async def run(self) -> None:
        """Tell, until the log is closed or the engine is gone. Raises nothing else than CancelledError."""
        try:
            while True:
                try:
                    await self._flow()
                except _Elsewhere:
                    continue
                except (LogClosed, NoAnswer):
                    return
                except BadCursor as error:
                    await self._rest(str(error))
                except Exception as error:  # noqa: BLE001 - whatever it is, the engine is not to notice
                    await self._rest(f"{type(error).__name__}: {error}")
        finally:
            await self._carrier.close()
            if self._begun:
                with suppress(OSError):
                    self._place.save(self._cursor())

    async def _flow(self) -> None:
        await self._begin()
        while True:
            await self._catch_up(self._log.head.seq)
            while self._log.head.seq <= self.facts.done:
                self._listen()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._log.wait_beyond(self.facts.done)
            await asyncio.sleep(GATHER_S)

    async def _begin(self) -> None:
        """Go to where it was, or to where somebody wants to be told again from; the first time: begin with now."""
        asked = self._place.asked_again()
        cursor = self._where_it_was() if asked is None else self._from(await self._batch_end_before(asked))
        self.facts.done, self.facts.waiting_since = cursor.done, None
        self._begun = True
        self._sink.forget()
        async for batch in self._batches(cursor.since, cursor.done):
            await self._sink.take(batch, await self._scene())
        if await self._save() and asked is not None:
            self._place.heard()

    def _where_it_was(self) -> Cursor:
        head = self._log.head.seq
        cursor = self._cursor() if self._begun else self._place.load() or self._from(head)
        return cursor if cursor.done <= head else self._from(head)  # the log was recovered to an earlier end

    def _from(self, done: int) -> Cursor:
        return Cursor(done, 0 if self._sink.remembers else done)

    async def _catch_up(self, head: int) -> None:
        packet: list[Message] = []
        async for batch in self._batches(self.facts.done, head):
            if self.facts.waiting_since is None:
                self.facts.waiting_since = batch[0].at
            packet += await self._sink.take(batch, await self._scene())
            if len(packet) >= self._carrier.most or not packet:
                await self._told_up_to(batch[-1].seq, packet)
                packet = []
        if packet:
            await self._told_up_to(head, packet)

    async def _told_up_to(self, seq: int, packet: list[Message]) -> None:
        for begin in range(0, len(packet), self._carrier.most):
            await self._deliver(packet[begin : begin + self._carrier.most])
        self.facts.done, self.facts.waiting_since = seq, None
        await self._save_in_time()

    async def _deliver(self, messages: list[Message]) -> None:
        while True:
            self._listen()
            try:
                await self._carrier.deliver(messages)
            except Undelivered as error:
                self.facts.failed += 1
                await self._rest(str(error), error.wait_s)
            except Unwanted as error:
                self.facts.unwanted += len(messages)
                self._at_ease(str(error))
                return
            else:
                self.facts.delivered += len(messages)
                self._at_ease()
                return

    def _at_ease(self, trouble: str = "") -> None:
        self._fails = 0
        self.facts.trouble = trouble

    async def _rest(self, trouble: str, at_least_s: float = 0.0) -> None:
        """Wait before the next try; shorter where somebody asks for something else."""
        self._fails += 1
        self.facts.trouble = trouble
        if self._begun:
            await self._save()
        pause = max(at_least_s, BACKOFF_S * 2 ** min(self._fails - 1, 10))
        clock = asyncio.get_running_loop().time
        over = clock() + min(pause, BACKOFF_MAX_S)
        while (left := over - clock()) > 0:
            await asyncio.sleep(min(LOOK_S, left))
            if self._place.asked_again() is not None:
                return

    def _listen(self) -> None:
        if self._place.asked_again() is not None:
            raise _Elsewhere

    async def _save_in_time(self) -> None:
        """A message told twice costs less than a sync for each."""
        busy = self.facts.done < self._log.head.seq
        due = asyncio.get_running_loop().time() - self._saved_at >= LOOK_S or not busy
        told = self.facts.delivered + self.facts.unwanted > self._told
        if (due and told) or self.facts.done - self._saved.done >= SAVE_ENTRIES:
            await self._save()

    async def _save(self) -> bool:
        """Save the cursor. Where that fails it is tried again later: nothing is lost by it but time."""
        cursor = self._cursor()
        self._saved_at = asyncio.get_running_loop().time()
        try:
            await asyncio.to_thread(self._place.save, cursor)
        except OSError as error:
            self.facts.trouble = f"how far it is cannot be saved: {error.strerror}"
            return False
        self._saved, self._told = cursor, self.facts.delivered + self.facts.unwanted
        return True

    def _cursor(self) -> Cursor:
        done, oldest = self.facts.done, self._sink.oldest
        return Cursor(done, done if oldest is None else min(done, oldest - 1), self.facts.trouble)

    async def _scene(self) -> Scene:
        return Scene((await self._engine.board()).world, self._log)

    async def _batch_end_before(self, seq: int) -> int:
        """The end of the batch before the one that holds an entry; the head, where there is no such entry."""
        seq = min(seq, self._log.head.seq + 1)
        async for (entry,) in self._log.read(after=seq - 1, upto=seq):
            return entry.batch - 1
        return self._log.head.seq

    async def _batches(self, after: int, upto: int) -> AsyncIterator[Batch]:
        """Whole batches; both ends are ends of batches."""
        batch: list[Entry[AnyEvent]] = []
        async for entries in self._log.read(after=after, upto=upto):
            for entry in entries:
                if batch and entry.batch != batch[0].batch:
                    yield batch
                    batch = []
                    await asyncio.sleep(0)  # a chunk of the log holds many, and the engine is to have its turns
                batch.append(entry)
        if batch:
            yield batch
