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

import importlib
import importlib.util
import json
import os
import resource
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_CHANNEL = 3
_MESSAGE_BYTES_MAX = 1 << 20
_REASON_CHARS_MAX = 2000


class _Call(NamedTuple):
    run: str
    function: str
    context: str
    report: str
    log: str


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
    while size := channel.recv_into(room):
        outcome = _serve(_Call(**json.loads(room[:size])), home)
        channel.send(json.dumps({**outcome._asdict(), **_usage()}).encode())


def _serve(call: _Call, home: str) -> _Outcome:
    os.chdir(home)
    try:
        os.environ.update(WANTD_RUN=call.run, WANTD_CONTEXT=call.context, WANTD_REPORT=call.report)
        _write_to(call.log)
    except (OSError, ValueError) as error:
        return _Outcome(loaded=False, code=1, message=f"the log {call.log} cannot be written: {error}")
    try:
        return _run(call)
    finally:
        _write_to(os.devnull)


def _run(call: _Call) -> _Outcome:
    try:
        function = _load(call.function)
    except BaseException as error:  # noqa: BLE001  an import may raise anything; the run says so, the worker goes on
        traceback.print_exc()
        return _Outcome(loaded=False, code=1, message=f"{call.function} cannot be loaded: {_last_line(error)}")
    try:
        function(_context_class()(call.context, call.report))
    except SystemExit as error:
        return _asked_to_exit(error)
    except BaseException as error:  # noqa: BLE001  so may the function
        traceback.print_exc()
        return _Outcome(loaded=True, code=1, message=_last_line(error))
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


def _context_class() -> Callable[[str, str], object]:
    try:
        from wantd.job import Context
    except ModuleNotFoundError:
        return _context_class_beside_this_file()
    return Context


def _context_class_beside_this_file() -> Callable[[str, str], object]:
    """Take the class from where this file is: the user's Python need not have wantd installed."""
    name = "wantd_job"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("job.py"))
        assert spec is not None, "a path that ends in .py has a loader"
        assert spec.loader is not None, "a path that ends in .py has a loader"
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    found: Callable[[str, str], object] = sys.modules[name].Context
    return found


def _asked_to_exit(error: SystemExit) -> _Outcome:
    if error.code is None or isinstance(error.code, int):
        return _Outcome(loaded=True, code=(error.code or 0) & 0xFF, message="")
    sys.stderr.write(f"{error.code}\n")
    return _Outcome(loaded=True, code=1, message=str(error.code)[:_REASON_CHARS_MAX])


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(type(error), error)[-1].strip()[:_REASON_CHARS_MAX]


def _write_to(path: str) -> None:
    """Let stdout and stderr be this file, for Python, for C libraries and for child processes."""
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


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
