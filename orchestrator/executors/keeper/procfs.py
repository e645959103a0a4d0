"""What the kernel says about processes: who lives, since when, in which session, for which run.

A pid alone names nothing for long: it is used together with its start time (in clock ticks since boot), and a start
time together with the boot id.
"""

import os
import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

RUN_KEY, KEEPER_KEY = "WANTD_RUN", "WANTD_KEEPER"
"""Environment keys that mark every process of a run: the ids of two applications on one machine may be the same."""


_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Mark(NamedTuple):
    """What a process was started for, and by whom: keepers are named after the moment of their start and their pid."""

    keeper: str
    run: str


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


def ticks() -> int:
    """Tell the time of this moment as the kernel tells when a process was started: in clock ticks since boot."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * _TICKS_A_SECOND // 1_000_000_000


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


def mark_of(pid: int) -> Mark | None:
    """Say what a process was started for; None where it has no mark, or its environment may not be read."""
    try:
        entries = _read(f"/proc/{pid}/environ").split(b"\0")
    except OSError:
        return None
    env = dict(os.fsdecode(entry).split("=", 1) for entry in entries if b"=" in entry)
    return Mark(env[KEEPER_KEY], env[RUN_KEY]) if {KEEPER_KEY, RUN_KEY} <= env.keys() else None


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
