"""One daemon a state directory."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bel.errors import LogLocked
from bel.lock import Holder, read_holder, take_lock

ROOT = Path(__file__).parents[2]
US = Holder.this_process(1_700_000_000_000_000)

HOLDER = """
import asyncio, sys
from pathlib import Path
from bel.lock import Holder, take_lock

async def main():
    lock = await take_lock(Path(sys.argv[1]), Holder.this_process(1))
    lock.note_epoch(12)
    print("held", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_a_second_daemon_is_kept_out_and_told_why(tmp_path: Path) -> None:
    """Broken: two daemons share a state directory, or the second does not say who is in its way."""
    lock = await take_lock(tmp_path, US)
    lock.note_epoch(4)
    with pytest.raises(LogLocked, match=rf"process {os.getpid()} \(epoch 4, started 2023-11-14T22:13:20"):
        await take_lock(tmp_path, US, patience=0)
    lock.release()
    lock.release()
    again = await take_lock(tmp_path, US, patience=0)
    assert read_holder(tmp_path) == US
    again.release()
    with pytest.raises(RuntimeError, match="not held any more"):
        again.note_epoch(5)


@pytest.mark.asyncio
async def test_a_lock_file_that_says_nothing_does_not_hide_the_lock(tmp_path: Path) -> None:
    """Broken: a torn lock file ends in a traceback, or lets a second daemon in."""
    assert read_holder(tmp_path) is None
    lock = await take_lock(tmp_path, US)
    (tmp_path / "lock").write_text("{")
    with pytest.raises(LogLocked, match="has not said who it is"):
        await take_lock(tmp_path, US, patience=0)
    lock.release()


@pytest.mark.asyncio
async def test_who_waits_for_the_lock_lets_others_work(tmp_path: Path) -> None:
    """Broken: a start that waits for a lock stands still, and never sees it let go."""
    lock = await take_lock(tmp_path, US)
    holder = read_holder(tmp_path)
    assert holder is not None
    assert (holder.pid, holder.epoch) == (os.getpid(), 0), "no epoch is taken yet"
    waiting = asyncio.create_task(take_lock(tmp_path, US, patience=5))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    lock.release()
    (await waiting).release()


@pytest.mark.asyncio
async def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    """Broken: after kill -9 somebody has to remove a file by hand."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(  # noqa: ASYNC220 - the test has nothing else to do
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        holder = read_holder(tmp_path)
        assert holder is not None
        assert (holder.pid, holder.epoch) == (process.pid, 12)
        with pytest.raises(LogLocked, match=f"process {process.pid}"):
            await take_lock(tmp_path, US, patience=0.1)
        process.send_signal(signal.SIGKILL)
        # Not reaped yet: the kernel may need a moment, and patience is there for it.
        lock = await take_lock(tmp_path, US)
    lock.release()
