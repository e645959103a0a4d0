"""Moving a log: out as lines of JSON, back in, and snapshots of what it says."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, BinaryIO

from bel.head_file import head_file
from bel.lock import Holder, take_lock
from bel.open import open_log, open_reader
from bel.sqlite import SqliteReader, SqliteStore
from bel.transfer import export_lines, import_lines
from orchestrator.cli.failures import CliError, Exit
from orchestrator.history.proof import Proof, prove
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from bel.entry import Head, SnapshotFacts
    from bel.lock import StateLock
    from orchestrator.runtime.layout import Layout

LINE_BYTES_MAX = 20 * 1024 * 1024
"""A longer line is no entry: a payload has at most 16 Mi characters."""


async def export_log(log: Path, target: Path | None) -> int:
    """Write a log to a file, or to standard output, and count its entries."""
    source = await SqliteReader.open(log)
    try:
        with contextlib.ExitStack() as opened:
            out = opened.enter_context(target.open("wb")) if target else sys.stdout.buffer
            count = -1
            async for line in export_lines(source):
                out.write(line)
                count += 1
            out.flush()
            return count
    finally:
        await source.close()


async def import_log(layout: Layout, origin: Path | None) -> Head:
    """Read an export into a state directory without a log. Nothing of it is seen unless all of it is sound."""
    async with _held(layout):
        if layout.log.exists():
            why = f"there is a log at {layout.log} already, and it is not touched"
            raise CliError(Exit.NOT_ALLOWED, why, 'import where there is none: another [application] state = "..."')
        fresh = layout.log.with_name("import.sqlite")
        _remove(fresh)
        try:
            head = await _read_into(fresh, origin)
            head_file(fresh).replace(head_file(layout.log))
            fresh.replace(layout.log)
        finally:
            _remove(fresh)
    return head


async def snapshots_of(log: Path) -> list[SnapshotFacts]:
    """List the snapshots of a log."""
    async with await open_reader(log, CODEC) as reader:
        return await reader.snapshots()


async def prove_snapshots(log: Path) -> list[Proof]:
    """Hold the snapshots of a log against a replay of it."""
    async with await open_reader(log, CODEC) as reader:
        return await prove(reader)


async def make_snapshot(layout: Layout) -> int:
    """Keep a snapshot of the present and give its seq."""
    async with _held(layout):
        log = await open_log(layout.log, CODEC)
        try:
            snapshots = Snapshots(log)
            return (await snapshots.save(await snapshots.load())).seq
        finally:
            await log.close()


@contextlib.asynccontextmanager
async def _held(layout: Layout) -> AsyncGenerator[StateLock]:
    """Hold the state directory, so that no daemon writes meanwhile."""
    layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = await take_lock(layout.state, Holder.this_process(time.time_ns() // 1000))
    try:
        yield lock
    finally:
        lock.release()


async def _read_into(fresh: Path, origin: Path | None) -> Head:
    store = await SqliteStore.open(fresh)
    try:
        with contextlib.ExitStack() as opened:
            file = opened.enter_context(origin.open("rb")) if origin else sys.stdin.buffer
            return await import_lines(_lines(file), store)
    finally:
        await store.close()


async def _lines(file: BinaryIO) -> AsyncIterator[bytes]:
    while line := await asyncio.to_thread(file.readline, LINE_BYTES_MAX):
        yield line


def _remove(log: Path) -> None:
    for path in (log, head_file(log), *(log.with_name(log.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
