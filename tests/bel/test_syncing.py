"""What has to be on the disk before what: the calls that a log makes beside SQLite, watched one by one."""

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bel.chain import GENESIS
from bel.entry import Head
from bel.head_file import head_file, read_head_file, write_head_file
from bel.open import open_log
from bel.sqlite import SqliteReader, SqliteStore
from tests.bel.toy import CODEC, fill

Deed = tuple[str, Path, int]
"""What was done, to what, and how many bytes it held then."""


@contextmanager
def watched(folder: Path) -> Generator[list[Deed]]:
    """Note what is synced and what is renamed below a folder."""
    deeds: list[Deed] = []
    sync: Callable[[int], None] = os.fsync
    replace: Callable[[Path, Path], Path] = Path.replace

    def note(what: str, path: Path) -> None:
        if path.is_relative_to(folder):
            deeds.append((what, path, path.stat().st_size if path.is_file() else 0))

    def watched_sync(handle: int) -> None:
        sync(handle)
        note("sync", Path(f"/proc/self/fd/{handle}").readlink())

    def watched_replace(path: Path, target: Path) -> Path:
        note("rename", path)
        return replace(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", watched_sync)
        patch.setattr(Path, "replace", watched_replace)
        yield deeds


def test_a_head_file_is_on_the_disk_before_it_takes_the_place_of_the_last(tmp_path: Path) -> None:
    """Broken: after a power cut the witness of the head is empty, or the one of long ago."""
    log = tmp_path / "bel.sqlite"
    fresh = tmp_path / "bel.sqlite.head.new"
    head = Head(seq=7, batch=5, hash=GENESIS, epoch=3)
    with watched(tmp_path) as deeds:
        write_head_file(log, head)
    assert deeds == [("sync", fresh, 256), ("rename", fresh, 256), ("sync", tmp_path, 0)]
    assert (read_head_file(log), head_file(log).stat().st_size) == (head, 256)


@pytest.mark.asyncio
async def test_a_new_log_has_its_name_on_the_disk_before_anything_is_written(tmp_path: Path) -> None:
    """Broken: a power cut takes the file of a log away in which entries were acknowledged."""
    with watched(tmp_path) as deeds:
        store = await SqliteStore.open(tmp_path / "bel.sqlite")
        begun = list(deeds)
        await store.close()
    assert ("sync", tmp_path, 0) in begun


@pytest.mark.asyncio
async def test_a_reader_that_closes_last_leaves_the_log_as_it_is(tmp_path: Path) -> None:
    """Broken: whoever looks at the log of a killed daemon checkpoints it, which one connection alone may do."""
    copy = tmp_path / "copy"
    copy.mkdir()
    async with await open_log(tmp_path / "bel.sqlite", CODEC) as log:
        await fill(log, [3, 3])
        for name in ("bel.sqlite", "bel.sqlite-wal"):
            shutil.copy(tmp_path / name, copy / name)
    left = {path.name: path.read_bytes() for path in copy.iterdir()}
    reader = await SqliteReader.open(copy / "bel.sqlite")
    assert (await reader.head()).seq == 6
    await reader.close()
    assert {name: (copy / name).read_bytes() for name in left if (copy / name).exists()} == left
