"""Start a keeper: ``python -I -S .../keeper/__main__.py KEEPERS_FOLDER LINGER_SECONDS [FD]``.

FD is the connection of the daemon that starts it. Run by path, isolated and without site-packages: nothing but the
standard library and this package is on its way, so it starts fast and cannot be led astray by the user's environment.
"""

import os
import resource
import signal
import socket
import sys
import time

# At the end, so that nothing beside this package can stand in for the standard library.
sys.path.append(os.path.normpath(os.path.join(os.path.abspath(__file__), *[os.pardir] * 4)))

from orchestrator.executors.keeper import journal
from orchestrator.executors.keeper.child import open_many_files
from orchestrator.executors.keeper.journal import Journal, Recorded, read_journal
from orchestrator.executors.keeper.keeper import Keeper
from orchestrator.executors.keeper.ledger import Ledger

SOCKET = "socket"


def main(keepers: str, linger_s: float, first: int | None) -> None:
    """Run a keeper until it is not needed any more."""
    _settle_down(first)
    keepers = os.path.abspath(keepers)
    name = f"{time.time_ns()}-{os.getpid()}"
    folder = os.path.join(keepers, name)
    os.mkdir(folder, 0o700)
    listener = _listen(folder)
    own = Journal(folder, journal.new_header(name))
    ledger = Ledger(own, _earlier(keepers, except_for=name))
    channel = None if first is None else socket.socket(fileno=first)
    Keeper(keepers, ledger, listener, linger_s).serve(channel)
    os.unlink(os.path.join(folder, SOCKET))


def _settle_down(first: int | None) -> None:
    """Hold on to nothing of who started us: descriptors, signals, core dumps, readable files."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    open_many_files()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != first:
            try:
                os.close(int(name))
            except OSError:
                continue  # the descriptor that listed the folder
    if first is not None:
        os.set_inheritable(first, False)  # noqa: FBT003  positional only


def _listen(folder: str) -> socket.socket:
    """Listen on ``<folder>/socket``, by a way that is short however deep the folder is (the limit is 108 bytes)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"/proc/self/fd/{handle}/{SOCKET}")
        listener.listen(16)
    finally:
        os.close(handle)
    return listener


def _earlier(keepers: str, except_for: str) -> list[Recorded]:
    """Read what keepers before this one claimed: none of it may be started again."""
    names = sorted(set(os.listdir(keepers)) - {except_for})
    paths = [os.path.join(keepers, name, journal.NAME) for name in names]
    return [read_journal(path) for path in paths if os.path.exists(path)]


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
