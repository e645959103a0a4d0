"""What a log file promises: durability, fencing off damage at the door, and letting go."""

# ruff: noqa: ASYNC240 - these tests look at small local files

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bel import schema, sqlite
from bel.driver import DriverError, sqlite_facts
from bel.entry import Entry, Snapshot
from bel.errors import (
    AppendUnknown,
    BadHeadFile,
    BelError,
    LogClosed,
    LogDamaged,
    LogFull,
    LogUnreadable,
    NewerLog,
    NotALog,
    TailMissing,
)
from bel.head_file import head_file, read_head_file
from bel.open import open_log, open_reader
from bel.sqlite import SqliteStore
from bel.stored import StoredLog
from tests.bel.toy import CODEC, Event, everything, fill, puts

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def a_log(path: Path) -> AsyncGenerator[tuple[StoredLog[Event], SqliteStore], None]:
    """Open a log, with its store in reach."""
    store = await SqliteStore.open(path)
    async with await StoredLog[Event].open(store, CODEC) as log:
        yield log, store


async def filled(path: Path, *sizes: int) -> None:
    async with a_log(path) as (log, _):
        await fill(log, sizes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bel.sqlite"


@pytest.mark.asyncio
async def test_the_writing_connection_is_durable(path: Path) -> None:
    """Broken: an acknowledged entry does not survive a power cut, or SQLite checkpoints behind our back."""
    async with a_log(path) as (_, store):

        def setting(name: str) -> object:
            return store._writer.run(lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0])

        names = ["journal_mode", "synchronous", "wal_autocheckpoint", "mmap_size"]
        assert [await setting(name) for name in names] == ["wal", 2, 0, 0]  # type: ignore[misc]


@pytest.mark.asyncio
async def test_readers_cannot_write(path: Path) -> None:
    """Broken: a reader can change the log."""
    await filled(path, 1)
    reader = await sqlite.SqliteReader.open(path)
    try:
        with pytest.raises(DriverError):
            await reader._reader.run(lambda connection: connection.execute("DELETE FROM entry"))
    finally:
        await reader.close()


@pytest.mark.asyncio
async def test_a_second_reader_follows_a_running_writer(path: Path) -> None:
    """Broken: nobody but the daemon can look at a log, or looking needs the daemon to stop."""
    async with a_log(path) as (log, _), await open_reader(path, CODEC) as reader:
        written = await fill(log, [2, 2])
        assert reader.head.seq == 0
        assert (await reader.refresh()).seq == 4
        assert await everything(reader) == written
    async with await open_reader(path, CODEC) as reader:
        assert await everything(reader) == written
    with pytest.raises(LogClosed):
        await everything(reader)


@pytest.mark.asyncio
async def test_a_full_disk_loses_nothing(path: Path) -> None:
    """Broken: a full disk corrupts the log, ends the daemon, or makes it forget the batch it could not write."""
    async with a_log(path) as (log, store):
        await fill(log, [5])
        await store._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchall())
        fresh = puts(6, 2_000)
        for _ in range(2):
            with pytest.raises(LogFull):
                await log.append(fresh, epoch=1)
        with pytest.raises(LogFull):
            await log.save_snapshot(Snapshot(seq=5, digest="", body=bytes(100_000), format=1))
        assert (log.head.seq, len(await everything(log)), await log.snapshots()) == (5, 5, [])
        await store._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchall())
        assert (await log.append(fresh, epoch=1)).seq == 2_005
    async with a_log(path) as (log, _):
        assert (await everything(log))[5:] == fresh


@pytest.mark.asyncio
async def test_after_an_unknown_append_nothing_more_is_written(path: Path) -> None:
    """Broken: the daemon goes on in memory although the log may hold something else."""
    async with a_log(path) as (log, store):
        await fill(log, [1])
        await store._writer.run(lambda connection: connection.execute("DROP TABLE entry"))
        for _ in range(2):
            with pytest.raises(AppendUnknown):
                await log.append(puts(2, 1), epoch=1)
        assert log.head.seq == 1


@pytest.mark.asyncio
async def test_the_wal_is_checkpointed_by_size(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: the WAL grows for ever, or the head is not kept apart while the daemon runs."""
    monkeypatch.setattr(sqlite, "WAL_BYTES", 256 * 1024)
    async with a_log(path) as (log, store):
        epoch = await log.take_epoch()
        for _ in range(40):
            await log.append(puts(log.head.seq + 1, 100), epoch=epoch)
        if store._checkpointing:
            await store._checkpointing
        assert path.with_name("bel.sqlite-wal").stat().st_size < 3 * 1024 * 1024
        kept = read_head_file(path)
        assert kept is not None
        assert kept.seq > 3_000


@pytest.mark.asyncio
async def test_a_closed_log_is_two_private_files(path: Path) -> None:
    """Broken: closing leaves a WAL behind, forgets the head file, or others may read the log."""
    await filled(path, 3)
    assert sorted(file.name for file in path.parent.iterdir()) == ["bel.sqlite", "bel.sqlite.head"]
    assert path.stat().st_mode & 0o777 == 0o600
    kept = read_head_file(path)
    assert kept is not None
    assert (kept.seq, kept.batch, kept.epoch) == (3, 1, 1)


def spoil(path: Path, *statements: str) -> None:
    """Change a log file behind its back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


CUT = "DELETE FROM entry WHERE seq > 3"
HEAD_TOO = "UPDATE head SET seq = 3, batch = 1, hash = (SELECT hash FROM entry WHERE seq = 3)"
REFUSED: list[tuple[str, type[BelError], list[str]]] = [
    ("cut", TailMissing, [CUT]),
    ("cut with its head row", TailMissing, [CUT, HEAD_TOO]),
    ("another last entry", TailMissing, ["UPDATE entry SET hash = zeroblob(16) WHERE seq = 5"]),
    ("entries beyond the head row", LogDamaged, [HEAD_TOO]),
    ("an older epoch", LogDamaged, ["UPDATE head SET epoch = 0"]),
    ("no head row", LogDamaged, ["DELETE FROM head"]),
    ("a newer schema", NewerLog, ["PRAGMA user_version = 99"]),
    ("another application's", NotALog, ["PRAGMA application_id = 7"]),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("error", "statements"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
async def test_a_wrong_file_is_refused_at_the_door(path: Path, error: type[BelError], statements: list[str]) -> None:
    """Broken: a daemon appends to a log that was cut, replaced, or is not ours."""
    await filled(path, 3, 2)
    spoil(path, *statements)
    with pytest.raises(error):
        await open_log(path, CODEC)


@pytest.mark.asyncio
async def test_a_refused_file_is_not_touched(path: Path) -> None:
    """Broken: opening the wrong file changes it, or wipes the evidence of what is missing."""
    await filled(path, 3, 2)
    spoil(path, CUT, HEAD_TOO)
    kept = head_file(path).read_bytes()
    for _ in range(2):
        with pytest.raises(TailMissing) as missing:
            await open_log(path, CODEC)
        assert missing.value.seq == 4
    assert head_file(path).read_bytes() == kept


@pytest.mark.asyncio
async def test_files_that_are_no_logs_are_refused(path: Path) -> None:
    """Broken: somebody else's database, text or folder is taken for a log, or looking makes one."""
    with pytest.raises(LogUnreadable):
        await open_reader(path, CODEC)
    assert not path.exists()
    path.write_bytes(b"dear diary, " * 100)
    with pytest.raises(NotALog):
        await open_log(path, CODEC)
    path.unlink()
    spoil(path, "CREATE TABLE mine (x)")
    before = path.read_bytes()
    with pytest.raises(NotALog):
        await open_log(path, CODEC)
    assert path.read_bytes() == before
    with pytest.raises(LogUnreadable):
        await open_log(path.parent / "nowhere" / "bel.sqlite", CODEC)
    with pytest.raises(LogUnreadable):
        await open_log(path.parent, CODEC)


@pytest.mark.asyncio
async def test_a_head_file_that_says_nothing_is_refused(path: Path) -> None:
    """Broken: a damaged witness counts as no witness."""
    await filled(path, 1)
    for text in ("", "{}", '{"format":2,"seq":1,"batch":1,"hash":"","epoch":1}'):
        head_file(path).write_text(text)
        with pytest.raises(BadHeadFile):
            await open_log(path, CODEC)
    head_file(path).unlink()
    await filled(path.with_name("other.sqlite"), 1)
    async with a_log(path) as (log, _):
        assert log.head.seq == 1


@pytest.mark.asyncio
async def test_an_older_file_is_brought_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a new release cannot open the logs of the one before, or a reader changes them."""
    await filled(path, 3)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE extra (x)", "SELECT * FROM extra")))
    with pytest.raises(LogUnreadable):
        await open_reader(path, CODEC)
    async with a_log(path) as (log, _), await open_reader(path, CODEC) as reader:
        assert await everything(log) == await everything(reader) == puts(1, 3)
    monkeypatch.undo()
    with pytest.raises(NewerLog):
        await open_log(path, CODEC)


@pytest.mark.asyncio
async def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a file stays between two schemas."""
    await filled(path, 3)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE extra (x)", "INSERT INTO nowhere")))
    with pytest.raises(LogUnreadable):
        await open_log(path, CODEC)
    monkeypatch.undo()
    async with a_log(path) as (log, _):
        assert log.head.seq == 3


def test_the_sqlite_in_use_is_sound() -> None:
    """Broken: the log is kept by a SQLite that can corrupt it, and nobody says so."""
    facts = sqlite_facts()
    assert (facts.driver, facts.warning) == ("pysqlite3", "")
    assert tuple(map(int, facts.version.split("."))) >= (3, 51, 3)


WRITER = """
import asyncio, sys
from pathlib import Path
from bel.open import open_log
from tests.bel.toy import CODEC, puts

async def main():
    log = await open_log(Path(sys.argv[1]), CODEC)
    epoch = await log.take_epoch()
    while True:
        head = await log.append(puts(log.head.seq + 1, 1 + log.head.seq % 9), epoch=epoch)
        print(head.seq, flush=True)

asyncio.run(main())
"""


def run_until_killed(path: Path, lines: int) -> int:
    """Let a process append, kill it after so many acknowledged batches, and give the last seq it acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        acknowledged = 0
        for _ in range(lines):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
    whole = [int(line) for line in rest if line.endswith("\n")]
    return max([acknowledged, *whole])


def test_nothing_acknowledged_is_lost_by_kill_9(path: Path) -> None:
    """Broken: a killed daemon has promised what the log does not hold."""
    chance = random.Random(7)
    for _ in range(5):
        acknowledged = run_until_killed(path, chance.randrange(1, 60))

        async def look() -> list[int]:
            async with a_log(path) as (log, _):
                return [entry.seq for entry in await everything(log)]

        found = asyncio.run(look())
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= acknowledged


LEAVER = """
import asyncio, sys
from pathlib import Path
from bel.open import open_log
from tests.bel.toy import CODEC, puts

async def main(path, how):
    async with await open_log(Path(path), CODEC) as log:
        epoch = await log.take_epoch()
        if how == "error":
            raise RuntimeError("on purpose")
        if how == "refused":
            await log.append(puts(5, 1), epoch=epoch)
        if how == "cancel":
            task = asyncio.create_task(log.append(puts(1, 500), epoch=epoch))
            await asyncio.sleep(0)
            task.cancel()
            await task
        if how == "locked":
            await open_log(Path(path).parent, CODEC)
        if how == "exit":
            sys.exit(3)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("how", ["well", "error", "refused", "cancel", "locked", "exit"])
def test_the_interpreter_exits(path: Path, how: str) -> None:
    """Broken: a thread that nobody stops keeps a dead daemon from ending."""
    command = [sys.executable, "-c", LEAVER, str(path), how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30, check=False)
    assert (done.returncode == 0) == (how == "well")
    assert not path.with_name("bel.sqlite-wal").exists()


def test_a_reader_that_cannot_open_lets_go(path: Path) -> None:
    """Broken: looking at a damaged log leaves a thread behind that keeps the program from ending."""
    asyncio.run(filled(path, 3))
    spoil(path, "DELETE FROM head")
    script = (
        "import asyncio, pathlib, sys; from bel.open import open_reader; from tests.bel.toy import CODEC\n"
        "asyncio.run(open_reader(pathlib.Path(sys.argv[1]), CODEC))"
    )
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert "LogDamaged" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    (folder / "ballast").write_bytes(bytes(500_000))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def fill_up(log: StoredLog[Event]) -> list[Entry[Event]]:
    """Append until there is no room, and give the batch that had none."""
    while True:
        fresh = puts(log.head.seq + 1, 100)
        try:
            await log.append(fresh, epoch=1)
        except LogFull:
            return fresh


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.asyncio
async def test_a_file_system_that_is_full(small_disk: Path) -> None:
    """Broken: what a page limit shows is not what a full disk does."""
    path = small_disk / "bel.sqlite"
    async with a_log(path) as (log, _):
        await fill(log, [10])
        unwritten = await fill_up(log)
        written = await everything(log)
        assert len(written) == log.head.seq == unwritten[0].seq - 1
        (small_disk / "ballast").unlink()
        assert (await log.append(unwritten, epoch=1)).seq == unwritten[-1].seq
    async with a_log(path) as (log, _):
        assert await everything(log) == written + unwritten
