"""A warm worker: loads the user's functions once and calls them for one run after another.

Started by the keeper, by path, with the user's interpreter: standard library only, any Python from 3.9. Descriptor 3 is
a channel of whole messages: calls come in, replies go out, and its end is the order to go. During a call stdout and
stderr are the run's log, and the environment says which run it is.

Invariants: one call at a time, in the main thread; each call begins in the folder the worker was started in, which is
first on ``sys.path``; what a call raises ends the call and never the worker.

It judges no outputs, and it caps no logs: the daemon and the keeper do.

Source: design section 7.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import importlib.util
import json
import os
import resource
import socket
import stat
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

_CHANNEL = 3
_MESSAGE_BYTES_MAX = 1 << 20
_REASON_CHARS_MAX = 2000
_FULL = {errno.ENOSPC, errno.EDQUOT}


class _Call(NamedTuple):
    run: str
    function: str
    context: str
    report: str
    log: str
    output: str = ""
    """The place of what it makes, where it makes one thing."""


class _Context(Protocol):
    def close(self) -> None: ...


class _Outcome(NamedTuple):
    loaded: bool
    code: int
    message: str


def main() -> None:
    """Serve calls until the channel ends."""
    home = str(Path.cwd())
    sys.path[0] = home  # it was this file's own folder, whose modules must not pass for the user's
    os.set_inheritable(_CHANNEL, False)  # noqa: FBT003  positional only
    channel = socket.socket(fileno=_CHANNEL)
    room = bytearray(_MESSAGE_BYTES_MAX)  # once: as much anew for each call would go back to the system each time
    output = _Output()
    while size := channel.recv_into(room):
        outcome = _serve(_Call(**json.loads(room[:size])), home, output)
        channel.send(json.dumps({**outcome._asdict(), **_usage()}).encode())
    output.remove()


def _serve(call: _Call, home: str, output: _Output) -> _Outcome:
    os.chdir(home)
    try:
        _tell(call)
        output.begin(call.log)
    except (OSError, ValueError) as error:
        if not (isinstance(error, OSError) and error.errno in _FULL):
            return _Outcome(loaded=False, code=1, message=f"the log {call.log} cannot be written: {error}")
        # A full disk costs the job's words, and nothing else: they go where they went before.
    try:
        return _run(call)
    finally:
        output.end(call.log)


def _tell(call: _Call) -> None:
    """Let the environment say which run it is, for what the function starts, too."""
    os.environ.update(WANTD_RUN=call.run, WANTD_CONTEXT=call.context, WANTD_REPORT=call.report)
    if call.output:
        os.environ["WANTD_OUTPUT"] = call.output
    else:
        os.environ.pop("WANTD_OUTPUT", None)


class _Output:
    """Where stdout and stderr go, for Python, for C libraries and for child processes: a log for each call.

    A log in which nothing was printed is given the name of the next: a new file for each call would cost more than the
    call. Where the call left processes behind, which may print later, it is not.
    """

    def __init__(self) -> None:
        self._nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        self._empty: str | None = None

    def begin(self, log: str) -> None:
        """Let it be this file. Raises OSError."""
        if self._empty is not None:
            with contextlib.suppress(OSError):
                os.rename(self._empty, log)  # noqa: PTH104 - for every call: Paths would double the cost
            self._empty = None
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _print_to(file)
        os.close(file)

    def end(self, log: str) -> None:
        """Let it be nothing."""
        _flush()
        printed = os.fstat(1)
        if stat.S_ISREG(printed.st_mode) and printed.st_size == 0 and not _has_children():
            self._empty = log
        _print_to(self._nowhere)

    def remove(self) -> None:
        """Remove what is left for a next call."""
        if self._empty is not None:
            with contextlib.suppress(OSError):
                Path(self._empty).unlink()


def _print_to(file: int) -> None:
    _flush()
    os.dup2(file, 1)
    os.dup2(file, 2)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _run(call: _Call) -> _Outcome:
    try:
        function = _load(call.function)
    except BaseException as error:  # noqa: BLE001  an import may raise anything; the run says so, the worker goes on
        traceback.print_exc()
        return _Outcome(loaded=False, code=1, message=f"{call.function} cannot be loaded: {_last_line(error)}")
    context = _context_class()(call.context, call.report)
    try:
        function(context)
    except SystemExit as error:
        return _asked_to_exit(error)
    except BaseException as error:  # noqa: BLE001  so may the function
        traceback.print_exc()
        return _Outcome(loaded=True, code=1, message=_last_line(error))
    finally:
        context.close()
    return _Outcome(loaded=True, code=0, message="")


def _load(name: str) -> Callable[[object], object]:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ValueError(f"{name!r} does not name a function; write module:function")
    function: object = importlib.import_module(module)
    for part in attribute.split("."):
        function = getattr(function, part)
    if not callable(function):
        raise TypeError(f"{name} is {type(function).__name__}, not a function")
    return function


def _context_class() -> Callable[[str, str], _Context]:
    try:
        from wantd.job import Context
    except ModuleNotFoundError:
        return _context_class_beside_this_file()
    return Context


def _context_class_beside_this_file() -> Callable[[str, str], _Context]:
    """Take the class from where this file is: the user's Python need not have wantd installed."""
    name = "wantd_job"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("job.py"))
        assert spec is not None, "a path that ends in .py has a loader"
        assert spec.loader is not None, "a path that ends in .py has a loader"
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    found: Callable[[str, str], _Context] = sys.modules[name].Context
    return found


def _asked_to_exit(error: SystemExit) -> _Outcome:
    if error.code is None or isinstance(error.code, int):
        return _Outcome(loaded=True, code=(error.code or 0) & 0xFF, message="")
    sys.stderr.write(f"{error.code}\n")
    return _Outcome(loaded=True, code=1, message=str(error.code)[:_REASON_CHARS_MAX])


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(type(error), error)[-1].strip()[:_REASON_CHARS_MAX]


def _usage() -> dict[str, float]:
    """Say what this process and its children took since they began."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "user_s": own.ru_utime + children.ru_utime,
        "system_s": own.ru_stime + children.ru_stime,
        "max_rss_kb": max(own.ru_maxrss, children.ru_maxrss),
    }


if __name__ == "__main__":
    main()
