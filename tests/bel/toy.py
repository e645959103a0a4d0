"""A toy domain to log: keys that are put and dropped."""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import msgspec

from bel.codec import StructCodec
from bel.entry import Entry
from bel.log import ReadableLog
from bel.memory import MemoryStore
from bel.sqlite import SqliteStore
from bel.store import Store
from bel.stored import StoredLog


class Put(msgspec.Struct, frozen=True, tag="Put"):
    key: str
    value: int = 0


class Dropped(msgspec.Struct, frozen=True, tag="Dropped"):
    key: str


Event = Put | Dropped


def key_of(event: Event) -> str:
    return event.key


CODEC = StructCodec[Event]([Put, Dropped], key_of)


def batch(first: int, *events: Event, at: int = 1_000, prefix: str = "event") -> list[Entry[Event]]:
    """Make the batch that begins at ``first``, caused by what came before."""
    return [
        Entry(
            seq=seq,
            batch=first,
            at=at,
            event=event,
            event_id=f"{prefix}-{seq:08d}",
            cause=first - 1,
            correlation="want-1",
            actor="test",
        )
        for seq, event in enumerate(events, first)
    ]


def puts(first: int, count: int, *, at: int = 1_000, prefix: str = "event") -> list[Entry[Event]]:
    """Make a batch of so many puts."""
    return batch(first, *[Put(f"key/{first + n}", n) for n in range(count)], at=at, prefix=prefix)


async def everything(log: ReadableLog[Event], after: int = 0, upto: int | None = None) -> list[Entry[Event]]:
    return [entry for entries in [chunk async for chunk in log.read(after=after, upto=upto)] for entry in entries]


async def as_lines(texts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for text in texts:
        yield text


async def fill(log: StoredLog[Event], sizes: Sequence[int]) -> list[Entry[Event]]:
    """Append batches of these sizes to an empty log, and give all entries."""
    epoch = await log.take_epoch()
    written: list[Entry[Event]] = []
    for size in sizes:
        fresh = puts(log.head.seq + 1, size)
        await log.append(fresh, epoch=epoch)
        written += fresh
    return written


class MemoryPlace:
    """A place in memory where one log can be opened, more than once."""

    def __init__(self, _: Path) -> None:
        self._store = MemoryStore()

    async def store(self) -> Store:
        return self._store


class SqlitePlace:
    """A file where one log can be opened, more than once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "bel.sqlite"

    async def store(self) -> Store:
        return await SqliteStore.open(self._path)


class Bench:
    """Opens logs at one place, and closes all of them at the end."""

    def __init__(self, place: MemoryPlace | SqlitePlace) -> None:
        self._place = place
        self._opened: list[StoredLog[Event]] = []

    async def store(self) -> Store:
        return await self._place.store()

    async def open(self) -> StoredLog[Event]:
        log = await StoredLog[Event].open(await self._place.store(), CODEC)
        self._opened.append(log)
        return log

    async def close(self) -> None:
        for log in self._opened:
            await log.close()
