"""A damaged log is set aside and its good prefix goes on, whatever happens on the way."""

# ruff: noqa: ASYNC240 - these tests look at small local files

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from bel.entry import Snapshot
from bel.errors import LogDamaged, NewerLog, NotALog
from bel.head_file import head_file
from bel.open import open_log
from bel.recover import Recovery, recover
from bel.salvage import read_dropped
from tests.bel.toy import CODEC, everything, fill, puts

SIZES = [3, 4, 1, 2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bel.sqlite"


async def spoiled(path: Path, *statements: str) -> None:
    """Make a log of ten entries in four batches, with two snapshots, and change it behind its back."""
    async with await open_log(path, CODEC) as log:
        await fill(log, SIZES)
        for seq in (3, 8):
            await log.save_snapshot(Snapshot(seq=seq, digest=f"at {seq}", body=b"", format=1))
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


ROTTEN_6 = "UPDATE entry SET payload = CAST(x'7bff7d' AS TEXT) WHERE seq = 6"
DAMAGE: dict[str, tuple[int, int, str]] = {
    "in a batch": (3, 7, ROTTEN_6),
    "at the beginning of a batch": (8, 2, "UPDATE entry SET at = 7 WHERE seq = 9"),
    "a batch of one": (7, 3, "UPDATE entry SET at = 7 WHERE seq = 8"),
    "a batch number that claims a beginning": (3, 7, "UPDATE entry SET batch = 7 WHERE seq = 7"),
    "a missing entry": (3, 6, "DELETE FROM entry WHERE seq = 5"),
    "the first": (0, 9, "DELETE FROM entry WHERE seq = 1"),
    "everything": (0, 0, "DELETE FROM entry"),
    "the head row": (10, 0, "DELETE FROM head"),
    "beyond the head row": (10, 0, "UPDATE head SET seq = 8, batch = 8, hash = (SELECT hash FROM entry WHERE seq = 8)"),
    "the end is only shown by a snapshot": (8, 0, "DELETE FROM entry WHERE seq > 8"),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("what", DAMAGE)
async def test_the_good_prefix_goes_on(path: Path, what: str) -> None:
    """Broken: recovery keeps what is damaged, half a batch, or less than what is good; or the log does not go on."""
    kept, dropped, statement = DAMAGE[what]
    await spoiled(path, statement)
    told = await recover(path)
    assert (told.kept, told.dropped) == (kept, dropped)
    assert told.reason
    async with await open_log(path, CODEC) as log:
        assert await everything(log) == puts_as_filled()[:kept]
        assert [facts.seq for facts in await log.snapshots()] == [seq for seq in (3, 8) if seq <= kept]
        assert log.head.epoch > 1
        await log.append(puts(kept + 1, 2, prefix="later"), epoch=log.head.epoch)


def puts_as_filled() -> list[object]:
    firsts = [1, 4, 8, 9]
    return [entry for first, size in zip(firsts, SIZES, strict=True) for entry in puts(first, size)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kept", "statement"),
    [
        (8, "DELETE FROM entry WHERE seq > 8"),
        (3, "DELETE FROM entry WHERE seq > 7"),
        (7, "UPDATE snapshot SET digest = 'another' WHERE seq = 8"),
    ],
    ids=["a snapshot was taken there", "nothing shows that the batch is whole", "the snapshot is of something else"],
)
async def test_without_any_head_a_snapshot_shows_where_a_batch_ended(path: Path, kept: int, statement: str) -> None:
    """Broken: half a batch is taken for a whole one where no head is left, or a whole one is thrown away."""
    await spoiled(path, "DELETE FROM head", "DELETE FROM entry WHERE seq > 8", statement)
    head_file(path).unlink()
    assert (await recover(path)).kept == kept


@pytest.mark.asyncio
async def test_what_is_dropped_is_written_down(path: Path) -> None:
    """Broken: recovery throws away what somebody could still have read."""
    await spoiled(path, ROTTEN_6)
    damaged = path.read_bytes()
    told = await recover(path)
    assert told.dropped_file == path.with_name("bel.sqlite.damaged-1.dropped.ndjson")
    assert told.dropped_file is not None
    title, *lines = [json.loads(line) for line in told.dropped_file.read_text().splitlines()]
    assert (title["kept"], title["log"], title["reason"]) == (3, "bel.sqlite", told.reason)
    assert [line["seq"] for line in lines] == [4, 5, 6, 7, 8, 9, 10]
    assert lines[0]["entry"]["entity"] == "key/4"
    assert lines[2]["entry"]["payload"] == {"hex": "7bff7d"}
    assert "not known to be whole" in lines[1]["why"]
    assert "the first that is not as it was written" in lines[2]["why"]
    assert "behind entry 6" in lines[3]["why"]
    assert path.with_name("bel.sqlite.damaged-1").read_bytes() == damaged


@pytest.mark.asyncio
async def test_a_sound_log_is_left_alone(path: Path) -> None:
    """Broken: recovering from nothing changes a log, or its epoch."""
    await spoiled(path)
    before = path.read_bytes()
    assert await recover(path) == Recovery(kept=10, dropped=0, reason="", dropped_file=None)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*damaged*"))


@pytest.mark.asyncio
async def test_what_is_no_log_of_ours_is_refused(path: Path) -> None:
    """Broken: recovery replaces somebody else's file, or a newer program's log, by an empty log."""
    for statement, error in (("PRAGMA user_version = 2", NewerLog), ("PRAGMA application_id = 7", NotALog)):
        await spoiled(path, statement)
        before = path.read_bytes()
        with pytest.raises(error):
            await recover(path)
        assert path.read_bytes() == before
        for file in path.parent.iterdir():
            file.unlink()


@pytest.mark.asyncio
async def test_each_recovery_has_its_own_number(path: Path) -> None:
    """Broken: a second recovery overwrites what the first one has set aside."""
    await spoiled(path, ROTTEN_6)
    await recover(path)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM entry WHERE seq = 2")
    connection.commit()
    connection.close()
    told = await recover(path)
    assert (told.kept, told.dropped_file) == (0, path.with_name("bel.sqlite.damaged-2.dropped.ndjson"))
    assert path.with_name("bel.sqlite.damaged-1").exists()


class Killed(BaseException):
    """The process ends here."""


def kill_at(nth: int, patch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """End the process before its nth change of a name or sync of a file; say whether it came to that."""
    calls = 0

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == nth:
                raise Killed
            return original(*args, **named)

        return call

    for place, name in ((Path, "unlink"), (Path, "replace"), (Path, "hardlink_to"), (os, "fsync")):
        patch.setattr(place, name, counted(getattr(place, name)))
    return lambda: calls >= nth


def is_opened_as_damaged(path: Path) -> bool:
    """Say whether a log still is the damaged one."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    (last,) = connection.execute("SELECT max(seq) FROM entry").fetchone()
    connection.close()
    return bool(last == 10)


def test_a_recovery_may_be_killed_at_any_step(tmp_path: Path) -> None:
    """Broken: a recovery that was broken off has lost the log, or what it dropped, or cannot be begun again."""
    for nth in count(1):
        path = tmp_path / f"{nth}" / "bel.sqlite"
        path.parent.mkdir()
        asyncio.run(spoiled(path, ROTTEN_6))
        with pytest.MonkeyPatch.context() as patch:
            killed = kill_at(nth, patch)
            with suppress(Killed):
                asyncio.run(recover(path))
        assert path.exists(), "there is a moment without a log: the next start would begin a new one"
        asyncio.run(recover(path))
        check_recovered(path)
        if not killed():
            assert nth > 10
            break


@pytest.mark.asyncio
async def test_once_it_is_decided_the_old_log_is_closed_to_writers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a daemon that starts between two steps of a recovery appends to what is about to be set aside."""

    def killed(*_: Path) -> None:
        raise Killed

    await spoiled(path, ROTTEN_6)
    monkeypatch.setattr("bel.recover._exchange", killed)
    with pytest.raises(Killed):
        await recover(path)
    monkeypatch.undo()
    with pytest.raises(LogDamaged):
        await open_log(path, CODEC)
    told = await recover(path)
    assert (told.kept, told.dropped) == (3, 7)


def check_recovered(path: Path) -> None:
    async def look() -> int:
        async with await open_log(path, CODEC) as log:
            assert log.head.epoch > 1
            return len(await everything(log))

    assert asyncio.run(look()) == 3
    title, dropped = read_dropped(path.with_name("bel.sqlite.damaged-1.dropped.ndjson"))
    assert (title.kept, dropped) == (3, 7)
    assert is_opened_as_damaged(path.with_name("bel.sqlite.damaged-1"))
    assert not path.with_name("bel.sqlite.damaged-2").exists()
    left = {file.name for file in path.parent.iterdir()}
    assert not {name for name in left if "recovered" in name}
