"""After an append whose outcome nobody knows: nothing more is written, though the store would take it."""

import pytest

from bel.entry import Head, Snapshot
from bel.errors import AppendUnknown, LogFull
from bel.memory import MemoryStore
from bel.row import Row
from bel.stored import StoredLog
from tests.bel.toy import CODEC, Event, everything, puts


class Shaky(MemoryStore):
    """Fails one write, before or after it is done, and takes all others."""

    def __init__(self, error: Exception, *, written: bool) -> None:
        super().__init__()
        self._error: Exception | None = error
        self._written = written

    async def write(self, rows: list[Row], before: Head, after: Head) -> None:
        error, self._error = self._error, None
        if error is None or self._written:
            await super().write(rows, before, after)
        if error is not None:
            raise error


ERRORS = (AppendUnknown("the disk is on fire"), OSError("so is the kernel"), ValueError("a bug of ours"))


@pytest.mark.asyncio
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("written", [False, True], ids=["not done", "done"])
async def test_after_one_unknown_append_nothing_is_written_for_ever(error: Exception, *, written: bool) -> None:
    """Broken: the next batch is chained to one that may not be there, or leaves out one that is."""
    store = Shaky(error, written=written)
    log = await StoredLog[Event].open(store, CODEC)
    epoch = await log.take_epoch()
    with pytest.raises(type(error)):
        await log.append(puts(1, 2), epoch=epoch)
    for _ in range(2):
        with pytest.raises(AppendUnknown):
            await log.append(puts(1, 1, prefix="later"), epoch=epoch)
        with pytest.raises(AppendUnknown):
            await log.take_epoch()
    assert (log.head.seq, (await store.head()).seq) == (0, 2 if written else 0)
    assert (await store.head()).epoch == epoch
    again = await StoredLog[Event].open(store, CODEC)
    assert await everything(again) == (puts(1, 2) if written else [])


@pytest.mark.asyncio
async def test_after_a_full_disk_the_log_goes_on() -> None:
    """Broken: a disk that was full for a moment ends the daemon, or makes it forget what it could not write."""
    store = Shaky(LogFull(MemoryStore().path, "no room"), written=False)
    log = await StoredLog[Event].open(store, CODEC)
    epoch = await log.take_epoch()
    with pytest.raises(LogFull):
        await log.append(puts(1, 2), epoch=epoch)
    await log.append(puts(1, 2), epoch=epoch)
    await log.save_snapshot(Snapshot(seq=2, digest="", body=b"", format=1))
    assert await everything(log) == puts(1, 2)
