"""What the kernel says about processes: who lives, since when, in which session, for which run.

A pid alone names nothing for long: it is used together with its start time (in clock ticks since boot), and a start
time together with the boot id.
"""

import os
import signal
from collections.abc import Iterator
from typing import NamedTuple

RUN_KEY = "WANTD_RUN"
"""Environment key that marks every process of a run."""


class Process(NamedTuple):
    """One line of the process table."""

    pid: int
    state: str
    group: int
    session: int
    started_ticks: int

    @property
    def is_dead(self) -> bool:
        """Tell a zombie, which does nothing any more, from a process that runs."""
        return self.state in {"Z", "X", "x"}


def boot_id() -> str:
    """Name this boot of this machine."""
    return _read("/proc/sys/kernel/random/boot_id").decode().strip()


def look_up(pid: int) -> Process | None:
    """Find a process, zombies included."""
    try:
        text = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    # The name of the program, in parentheses, may itself hold spaces and parentheses.
    state, _parent, group, session, *rest = text[text.rindex(b")") + 2 :].split()
    return Process(pid, state.decode(), int(group), int(session), int(rest[15]))


def processes() -> Iterator[Process]:
    """List all processes that can be seen; about 10 us each."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            process = look_up(int(name))
            if process is not None:
                yield process


def run_marked(pid: int) -> str | None:
    """Say for which run a process was started; None also when its environment may not be read."""
    try:
        entries = _read(f"/proc/{pid}/environ").split(b"\0")
    except OSError:
        return None
    prefix = RUN_KEY.encode() + b"="
    return next((os.fsdecode(entry[len(prefix) :]) for entry in entries if entry.startswith(prefix)), None)


def kill(process: Process) -> None:
    """Kill exactly this process: never another one that was given its pid meanwhile."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        now = look_up(process.pid)
        if now is not None and now.started_ticks == process.started_ticks:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        os.close(handle)


def _read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts: list[bytes] = []
        while part := os.read(handle, 65536):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(handle)
