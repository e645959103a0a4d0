"""Recovery: a damaged log is set aside, and a log of its good prefix takes its place.

Invariants: the damaged file is never written to; everything that is not kept is written beside it as far as it can
be read; nothing is guessed or repaired; the new log's epoch is higher than any that was seen, so that a writer of the
old one is refused. The caller holds the state lock.

Crash-safe at every step. The new log is built as ``<log>.recovered``; the damaged one gets its second name,
``<log>.damaged-<n>``, while it still has its first; then the head file is written with the new epoch, and from there
on the old log cannot be opened any more: a recovery that is begun again finishes the exchange. A file that cannot be
opened as a log at all is refused, and nothing is changed. Source: design section 6.
"""

from itertools import count
from pathlib import Path

import msgspec

from bel.entry import Head
from bel.errors import BelError, LogDamaged, LogFull
from bel.head_file import head_file, read_head_file, sync_folder, write_head_file
from bel.lock import read_holder
from bel.prefix import Prefix, find_prefix, sound_rows
from bel.reading import CHUNK_ROWS, snapshot_seal
from bel.row import BATCH, HASH, SEQ, Row
from bel.salvage import FORMAT, Title, raw_walk, read_dropped, write_dropped
from bel.sqlite import SqliteReader, SqliteStore
from bel.wal import wal_file

_EPOCH_MAX = 2**62
"""A higher one is damage, not an epoch."""


class Recovery(msgspec.Struct, frozen=True):
    """What became of a log."""

    kept: int
    """The seq of its last entry now."""
    dropped: int
    """How many entries were dropped, as far as any trace of them was left."""
    reason: str
    """What was wrong; empty when nothing was, and nothing was changed."""
    dropped_file: Path | None
    """Where they are written down, ``<log>.damaged-<n>.dropped.ndjson``, beside the damaged log."""


async def recover(path: Path) -> Recovery:
    """Keep the good prefix of the log at ``path``; a sound log is left as it is.

    Raise NotALog, NewerLog or LogUnreadable when it cannot be opened at all, and LogFull when there is no room for the
    new one: nothing is changed then. Costs three readings of the log.
    """
    fresh = path.with_name(path.name + ".recovered")
    if _is_decided(path, fresh):
        aside = _aside(path)
        _exchange(path, fresh)
        return _told(_dropped_file(aside))
    _remove(fresh)
    source = await SqliteReader.open(path)
    try:
        prefix = await find_prefix(source)
        if not prefix.reason:
            return Recovery(prefix.seq, 0, "", None)
        aside = _aside(path)
        await _write_dropped(source, _dropped_file(aside), prefix)
        await _build(source, fresh, prefix)
    finally:
        await source.close()
    _set_aside(path, aside)
    _decide(path, fresh)
    _exchange(path, fresh)
    return _told(_dropped_file(aside))


async def foresee(path: Path) -> Recovery:
    """Say what ``recover`` would do, and change nothing. Raises as it does; costs two readings of the log."""
    if _is_decided(path, path.with_name(path.name + ".recovered")):
        return _told(_dropped_file(_aside(path)))
    source = await SqliteReader.open(path)
    try:
        prefix = await find_prefix(source)
        if not prefix.reason:
            return Recovery(prefix.seq, 0, "", None)
        dropped = [found.seq async for found in raw_walk(source, prefix.seq, _last_seen(prefix))]
    finally:
        await source.close()
    return Recovery(prefix.seq, len(dropped), prefix.reason, _dropped_file(_aside(path)))


async def _write_dropped(source: SqliteReader, file: Path, prefix: Prefix) -> None:
    title = Title(format=FORMAT, log=source.path.name, kept=prefix.seq, reason=prefix.reason)
    await write_dropped(source, file, title, prefix.sound, _last_seen(prefix))


def _last_seen(prefix: Prefix) -> int:
    return max([head.seq for head in prefix.witnesses], default=prefix.sound + 1)


async def _build(source: SqliteReader, fresh: Path, prefix: Prefix) -> None:
    """Write the new log, durably."""
    store = await SqliteStore.open(fresh)
    try:
        await _copy_rows(source, store, prefix.seq)
        await _copy_snapshots(source, store, prefix.seq)
        await store.raise_epoch(above=_newest_epoch(source.path, prefix))
    finally:
        await store.close()
    if wal_file(fresh).exists():
        raise LogFull(fresh, "the new log could not be finished")


async def _copy_rows(source: SqliteReader, store: SqliteStore, upto: int) -> None:
    # Read with the same care as before: a reader of whole chunks may fail on a page that is only near.
    head, waiting = await store.head(), list[Row]()
    if not upto:
        return
    async for row in sound_rows(source):
        waiting.append(row)
        if len(waiting) == CHUNK_ROWS or row[SEQ] == upto:
            head, waiting = await _write(store, waiting, head), []
        if row[SEQ] == upto:
            return


async def _write(store: SqliteStore, rows: list[Row], before: Head) -> Head:
    after = Head(seq=rows[-1][SEQ], batch=rows[-1][BATCH], hash=rows[-1][HASH], epoch=before.epoch)
    await store.write(rows, before, after)
    return after


async def _copy_snapshots(source: SqliteReader, store: SqliteStore, upto: int) -> None:
    # They are caches: what cannot be read, or does not fit the entry it was taken at, is left behind.
    try:
        for facts in await source.snapshots():
            if 1 <= facts.seq <= upto:
                await _copy_snapshot(source, store, facts.seq)
    except LogDamaged:
        return


async def _copy_snapshot(source: SqliteReader, store: SqliteStore, seq: int) -> None:
    loaded, rows = await source.load_snapshot(seq), await store.rows(seq - 1, seq, 1)
    if loaded and snapshot_seal(loaded[0], rows[0]) == loaded[1]:
        await store.save_snapshot(*loaded)


def _newest_epoch(path: Path, prefix: Prefix) -> int:
    holder = read_holder(path.parent)
    seen = [head.epoch for head in prefix.witnesses] + ([holder.epoch] if holder else [])
    return max([epoch for epoch in seen if 0 <= epoch < _EPOCH_MAX], default=0)


def _aside(path: Path) -> Path:
    """Name where the damaged log goes: it may be there already, when a recovery was broken off."""
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    return next(name for name in names if not name.exists() or name.samefile(path))


def _set_aside(path: Path, aside: Path) -> None:
    """Give the damaged log, its WAL and its head file a second name each."""
    for file, second in ((path, aside), (wal_file(path), wal_file(aside)), (head_file(path), head_file(aside))):
        second.unlink(missing_ok=True)
        if file.exists():
            second.hardlink_to(file)
    sync_folder(path.parent)


def _decide(path: Path, fresh: Path) -> None:
    head = read_head_file(fresh)
    assert head is not None, "a store that was closed keeps its head apart"
    write_head_file(path, head)


def _is_decided(path: Path, fresh: Path) -> bool:
    try:
        head = read_head_file(fresh)
        return fresh.exists() and head is not None and head == read_head_file(path)
    except BelError:
        return False


def _exchange(path: Path, fresh: Path) -> None:
    """Let the new log take the place of the old one, whose WAL must be gone first: SQLite would apply it."""
    wal_file(path).unlink(missing_ok=True)
    _shm(path).unlink(missing_ok=True)
    sync_folder(path.parent)
    fresh.replace(path)
    sync_folder(path.parent)
    head_file(fresh).unlink(missing_ok=True)


def _told(file: Path) -> Recovery:
    title, dropped = read_dropped(file)
    return Recovery(title.kept, dropped, title.reason, file)


def _remove(log: Path) -> None:
    for file in (log, wal_file(log), _shm(log), head_file(log)):
        file.unlink(missing_ok=True)


def _dropped_file(aside: Path) -> Path:
    return aside.with_name(aside.name + ".dropped.ndjson")


def _shm(log: Path) -> Path:
    return log.with_name(log.name + "-shm")
