"""The processes of ours that can be killed beside the daemon, and how one is killed: it, and never a stranger.

A pid alone names nothing for long. A process is held by a descriptor before it is looked at, and it must work in the
folder of the application, under a name of ours, when it is killed.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orchestrator.executors.keeper import procfs
from orchestrator.executors.survey import is_alive
from tests.acceptance.waiting import PATIENCE_S
from tests.executors.rigs import keeper_folders, keeper_pid

WORKER = "wantd/worker.py"
JOB = "crowd.py"


def keepers(state: Path) -> list[int]:
    """List the keepers of a state directory that live."""
    found: list[int] = []
    for folder in keeper_folders(state / "runs" / "keepers"):
        with suppress(FileNotFoundError):
            if is_alive(folder):
                found.append(keeper_pid(folder))
    return found


def at_work(folder: Path, program: str) -> list[int]:
    """List the processes that work in a folder and were started to run this program."""
    return [pid for pid in _pids() if works_in(pid, folder) and _runs(pid, program) and _lives(pid)]


def kill(pid: int, folder: Path) -> bool:
    """Kill a process that works in this folder, and see it gone; False where it had ended before."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if not (works_in(pid, folder) and _lives(pid)):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        assert gone.poll(PATIENCE_S * 1000), f"{pid} outlived its kill"
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return False


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208  names are all it needs


def _runs(pid: int, program: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(word.endswith(program.encode()) for word in words)


def _lives(pid: int) -> bool:
    process = procfs.look_up(pid)
    return process is not None and not process.is_dead
