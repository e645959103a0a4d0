"""Make a child process that leads a session of its own and inherits nothing but its streams.

Two ways to the same child. ``posix_spawn`` is fast, but sets no limits, and to set them afterwards would be too late
for what the child has started by then. So a child with limits of its own is forked, which costs a copy of this
process's page tables (milliseconds, more on a busy machine), and only those who declare limits pay for it.

This process opens more files than programs expect to be possible, so a child begins with ``OPEN_FILES`` as its soft
limit, where nothing else was declared; it may raise that itself.
"""

import os
import resource
import signal
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from orchestrator.executors.keeper.limits import set_limits

CHANNEL = 3
"""The descriptor under which a worker finds its channel to the keeper."""
OPEN_FILES = 1024
_OWN_OPEN_FILES = 65_536
_CHILD_FAILED = 127
_PROBLEM_BYTES_MAX = 4096

# What this process ignores or handles, or may have been started with ignored, is the default again in what it starts.
_SIGNALS_RESET = [
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGCHLD,
    signal.SIGUSR1,
    signal.SIGUSR2,
]


class Streams(NamedTuple):
    """The descriptors of a child: where its output goes, and the channel of a worker. Its stdin is empty."""

    output: int
    channel: int | None = None


class Program(NamedTuple):
    """What a child becomes."""

    path: str
    argv: list[str]
    env: Mapping[str, str]


def open_many_files() -> None:
    """Let this process open as many files as it may: each run costs it some."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = _OWN_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OWN_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def make_child(program: Program, streams: Streams, limits: Mapping[str, int]) -> int:
    """Start a program and return its pid. Raises OSError, and ValueError for what no process can be given."""
    if limits:
        return _fork(program, streams, limits)
    own = _expect_few_files()
    try:
        return _spawn(program, streams)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, own)


def _expect_few_files() -> tuple[int, int]:
    """Set the limit that programs expect, and return what it was."""
    own = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, own[0]), own[1]))
    return own


def _spawn(program: Program, streams: Streams) -> int:
    actions: list[tuple[int, int, int] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, streams.output, 1),
        (os.POSIX_SPAWN_DUP2, streams.output, 2),
    ]
    if streams.channel is not None:
        actions.append((os.POSIX_SPAWN_DUP2, streams.channel, CHANNEL))
    path, argv, env = program
    return os.posix_spawn(path, argv, env, file_actions=actions, setsid=True, setsigmask=[], setsigdef=_SIGNALS_RESET)


def _fork(program: Program, streams: Streams, limits: Mapping[str, int]) -> int:
    reader, writer = os.pipe2(os.O_CLOEXEC)
    with os.fdopen(reader, "rb") as reading:
        try:
            pid = os.fork()
            if pid == 0:
                _become(program, streams, limits, writer)
        finally:
            os.close(writer)
        problem = reading.read()  # the end of the pipe comes with the new program, or with the end of the child
    if not problem:
        return pid
    os.waitpid(pid, 0)
    number, _, text = problem.decode(errors="replace").partition(" ")
    if int(number):
        raise OSError(int(number), text)
    raise ValueError(text)


def _become(program: Program, streams: Streams, limits: Mapping[str, int], problems: int) -> NoReturn:
    """Turn this process, a child, into the program; say what hinders it, and end."""
    try:
        _settle(streams)
        _expect_few_files()
        set_limits(limits)
        os.execve(program.path, program.argv, program.env)  # noqa: S606  a shell is what is not wanted
    except BaseException as error:  # noqa: BLE001  this is a copy of the keeper: it must not run on as one
        number = error.errno or 0 if isinstance(error, OSError) else 0
        text = error.strerror if isinstance(error, OSError) else str(error)
        os.write(problems, f"{number} {text}".encode(errors="replace")[:_PROBLEM_BYTES_MAX])
    os._exit(_CHILD_FAILED)


def _settle(streams: Streams) -> None:
    os.setsid()
    for number in _SIGNALS_RESET:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (streams.output, 1), (streams.output, 2), (streams.channel, CHANNEL)):
        if source is not None:
            os.dup2(source, target)
            os.set_inheritable(target, True)  # noqa: FBT003  positional only; dup2 onto itself leaves it as it was
