"""The sockets a daemon listens on: the one in its state directory, and the TCP address that it is configured with.

Only the owner may open the unix socket (0600). The socket of an earlier daemon is replaced: whoever has an open engine
holds the lock of the state directory, so nobody else can be listening there.
"""

import os
import socket
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.api.refusals import refusal
from orchestrator.api.unix import address_of
from orchestrator.config.listening import Address

BACKLOG = 128


@contextmanager
def unix_socket(path: Path) -> Generator[socket.socket]:
    """Listen in a state directory for as long as the context is open. Raises DoorError."""
    listening = _bound(path)
    ours = path.lstat()
    try:
        yield listening
    finally:
        listening.close()
        with suppress(FileNotFoundError):
            # A daemon that was replaced while it was stopped must not take its successor's away.
            if os.path.samestat(ours, path.lstat()):
                path.unlink()


@contextmanager
def tcp_socket(address: Address) -> Generator[socket.socket]:
    """Listen on a TCP address for as long as the context is open. Raises DoorError."""
    family = socket.AF_INET6 if address.ip.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What is accepted here inherits it. An answer is written in two pieces: without it the second waits 40 ms for
        # the caller to acknowledge the first. (The event loop sets it only where a socket names its protocol.)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listening.bind((str(address.ip), address.port))
        except OSError as error:
            why = f"nothing can listen on {address.ip}, port {address.port}: {error.strerror}"
            raise refusal("socket_failed", why, "name another port in [api] listen, or end who has this one") from error
        listening.settimeout(0)
        yield listening


def _bound(path: Path) -> socket.socket:
    _make_way(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listening.fileno(), 0o600)  # before it is bound, so that it never is open to others
        with address_of(path) as address:
            listening.bind(address)
        path.chmod(0o600)
    except OSError as error:
        listening.close()
        raise refusal("socket_failed", f"no socket can be opened at {path}: {error}", "look at its folder") from error
    listening.settimeout(0)
    return listening


def _make_way(path: Path) -> None:
    """Remove the socket that an earlier daemon left behind; nothing else is ever removed."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise refusal("socket_taken", f"{path} is not a socket", "move it away; the daemon listens there")
    path.unlink()
