"""Start a process: find its program, give it a session of its own, know it by pid, moment of its start and pidfd.

A child cannot be told its folder, so this single-threaded process goes there first.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orchestrator.executors.keeper import procfs
from orchestrator.executors.keeper.child import Program, Streams, make_child
from orchestrator.executors.keeper.journal import Began

_PATH_DEFAULT = "/usr/local/bin:/usr/bin:/bin"


class CouldNotStart(Exception):
    """Nothing was started. The message says what was asked for, where it was looked for, and what to do."""


class Usage(NamedTuple):
    """What a process took."""

    user_s: float
    system_s: float
    max_rss_kb: int


class Leader:
    """A process that leads a session of its own, started by us and not yet reaped.

    Until it is reaped its pid, group and session cannot be given to anybody else.
    """

    def __init__(self, began: Began) -> None:
        self.began = began
        self.pid = began.pid
        self.pidfd = os.pidfd_open(began.pid)

    def ask_group(self) -> None:
        """Ask the whole group to end, also where it was suspended."""
        _signal_group(self.pid, signal.SIGTERM)
        _signal_group(self.pid, signal.SIGCONT)

    def kill_group(self) -> None:
        """Kill the whole group."""
        _signal_group(self.pid, signal.SIGKILL)

    def kill_session(self) -> None:
        """Kill the whole group, and what left the group but not the session. Reads the process table."""
        self.kill_group()
        for process in procfs.processes():
            if process.session == self.pid:
                procfs.kill(process)

    def bury(self, *, whole_session: bool) -> "Exited":
        """Kill what the leader left behind and reap it; its pidfd has become readable."""
        if whole_session:
            self.kill_session()
        else:
            self.kill_group()
        os.close(self.pidfd)
        _, status, used = os.wait4(self.pid, 0)
        usage = Usage(used.ru_utime, used.ru_stime, used.ru_maxrss)
        return Exited(os.waitstatus_to_exitcode(status), usage, Remains(self.pid, whole_session=whole_session))


class Exited(NamedTuple):
    """A leader that has been reaped; status is negative for a signal."""

    status: int
    usage: Usage
    remains: "Remains"


class Remains:
    """What may be left of a session whose leader has been reaped: its group, or all of it."""

    def __init__(self, session: int, *, whole_session: bool) -> None:
        self._session = session
        self._whole = whole_session

    def are_gone(self) -> bool:
        """Kill what is left; true once nothing is. Reads the process table, but not where no group is left."""
        if not self._whole and not _group_exists(self._session):
            return True
        left = [process for process in procfs.processes() if self._includes(process) and not process.is_dead]
        for process in left:
            procfs.kill(process)
        return not left

    def _includes(self, process: procfs.Process) -> bool:
        return process.group == self._session or (self._whole and process.session == self._session)


def _signal_group(group: int, number: int) -> None:
    # A group in which every process has taken another user's rights (sudo) is out of our reach.
    with contextlib.suppress(PermissionError):
        os.killpg(group, number)


def _group_exists(group: int) -> bool:
    try:
        _signal_group(group, 0)
    except ProcessLookupError:
        return False
    return True


def spawn(argv: list[str], cwd: str, env: dict[str, str], streams: Streams, limits: Mapping[str, int]) -> Leader:
    """Start a program within its limits. Raises CouldNotStart."""
    _enter(cwd)
    program = _resolve(argv, cwd, env.get("PATH", _PATH_DEFAULT))
    before = procfs.ticks()
    try:
        pid = make_child(Program(program, argv, env), streams, limits)
    except OSError as error:
        raise CouldNotStart(_why_not(program, error)) from error
    except ValueError as error:
        raise CouldNotStart(f"{program} cannot be given what it was to be given: {error}") from error
    try:
        return Leader(Began(pid, before, procfs.ticks()))
    except OSError as error:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise CouldNotStart(
            f"{program} was started and killed, the keeper cannot watch it: {error.strerror}"
        ) from error


def _enter(cwd: str) -> None:
    try:
        os.chdir(cwd)
    except (OSError, ValueError) as error:
        raise CouldNotStart(f"the folder {cwd} cannot be entered: {error}; create it or correct it") from error


def _resolve(argv: list[str], cwd: str, search: str) -> str:
    if not argv or not argv[0]:
        raise CouldNotStart("the command is empty; give at least a program")
    name = argv[0]
    if "/" in name:
        return name
    folders = [folder or "." for folder in search.split(":")]
    found = [path for path in (os.path.join(folder, name) for folder in folders) if os.path.isfile(path)]
    runnable = next((path for path in found if os.access(path, os.X_OK)), None)
    if runnable is not None:
        return runnable
    if found:
        raise CouldNotStart(f"{found[0]} is not executable; run: chmod +x {found[0]}")
    hint = _similar(name, folders)
    raise CouldNotStart(f"{name!r} was not found in {search} (the job's PATH, from {cwd}); {hint}")


def _similar(name: str, folders: Sequence[str]) -> str:
    # Imported here because only a mistake needs it, and the keeper is to start fast.
    import difflib

    names = {entry for folder in folders if os.path.isdir(folder) for entry in os.listdir(folder)}
    near = difflib.get_close_matches(name, sorted(names), n=1)
    return f"did you mean {near[0]!r}?" if near else "install it, or correct the command or PATH"


def _why_not(program: str, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT if os.path.exists(program):
            return f"{program} exists, but the interpreter in its first line does not; correct its #! line"
        case errno.ENOENT:
            return f"{program} does not exist (looked from {os.getcwd()}); correct the command"
        case errno.EACCES if os.path.isdir(program):
            return f"{program} is a folder, not a program; correct the command"
        case errno.EACCES:
            return f"{program} is not executable; run: chmod +x {program}"
        case errno.ENOEXEC:
            return f"{program} is neither a binary of this machine nor a script that begins with #!; add the #! line"
        case errno.E2BIG:
            return f"{program}: arguments and environment are too long together; give the job fewer refs at a time"
        case _:
            return f"{program} could not be started: {error.strerror}"
