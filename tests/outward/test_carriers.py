"""Files and the console as receivers: whole lines, and nobody waits for a reader."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from orchestrator.outward.carriers import ConsoleCarrier, FileCarrier
from orchestrator.outward.messages import Message, Undelivered

MESSAGES = [Message("1", b'{"a":1}'), Message("2", b'{"b":2}')]


@pytest.mark.asyncio
async def test_half_a_line_that_a_kill_left_spoils_no_other(tmp_path: Path) -> None:
    """Broken: after a kill two events share a line, and both are lost to whoever reads the file."""
    path = tmp_path / "lineage.jsonl"
    await FileCarrier(path).deliver(MESSAGES)
    path.write_bytes(path.read_bytes() + b'{"half')
    await FileCarrier(path).deliver(MESSAGES)
    assert path.read_bytes().splitlines() == [b'{"a":1}', b'{"b":2}', b'{"half', b'{"a":1}', b'{"b":2}']
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.asyncio
async def test_a_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    """Broken: events are dropped while a folder is missing or a disk is full."""
    with pytest.raises(Undelivered, match="cannot be written"):
        await FileCarrier(tmp_path / "missing" / "lineage.jsonl").deliver(MESSAGES)


@pytest.mark.asyncio
async def test_a_console_that_nobody_reads_holds_up_nobody() -> None:
    """Broken: a daemon stands still because its output goes into a pipe that is full."""
    reading, writing = os.pipe()
    try:
        carrier = ConsoleCarrier(writing)
        large = [Message("1", b"x" * 1_000_000)]
        sending = asyncio.ensure_future(carrier.deliver(large))
        for _ in range(5):  # it gives way each time
            await asyncio.sleep(0.01)
        assert not sending.done()
        seen = 0
        while seen < 1_000_001:
            seen += len(await asyncio.to_thread(os.read, reading, 65_536))
        await sending
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.asyncio
async def test_a_console_that_is_closed_is_no_end() -> None:
    """Broken: who closes the reading end of a pipe ends the daemon, or its telling."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with pytest.raises(Undelivered, match="standard output"):
            await ConsoleCarrier(writing).deliver(MESSAGES)
    finally:
        os.close(writing)
