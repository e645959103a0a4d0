"""Serving an engine over a unix socket in its state directory, inside the engine's own event loop.

Only the owner may connect (0600), and who connects is known from the kernel (SO_PEERCRED), not from what is sent. The
socket of an earlier daemon is replaced: whoever has an open engine holds the lock of the state directory, so nobody
else can be listening there. uvicorn neither handles signals nor keeps an access log here: both belong to the command
line.

Source: design section 10 (HTTP); reliability reference, section 5.
"""

import asyncio
import os
import pwd
import socket
import stat
import struct
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

import uvicorn
from uvicorn._types import ASGIApplication
from uvicorn.protocols.http.h11_impl import H11Protocol

from orchestrator.api.app import create_app
from orchestrator.api.ports import Engine
from orchestrator.api.refusals import refusal
from orchestrator.api.unix import address_of

BACKLOG = 128
CONNECTIONS_MAX = 256
DRAIN_S = 2
"""How long open requests may take when the server ends."""

_CREDENTIALS = struct.Struct("3i")


@asynccontextmanager
async def serve(engine: Engine) -> AsyncGenerator[None]:
    """Answer requests on the engine's socket for as long as the context is open. Raises DoorError if it cannot."""
    path = engine.application.layout.socket
    with _listening(path) as listening:
        server = _Server(_config(engine))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await _started(server, serving)
            yield
        finally:
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)


class _Protocol(H11Protocol):
    """HTTP from a neighbour on this machine: ``client`` is the user at the other end, and its process."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self.client = _peer(transport.get_extra_info("socket"))


class _Server(uvicorn.Server):
    """A server that leaves signals alone."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _config(engine: Engine) -> uvicorn.Config:
    return uvicorn.Config(
        cast("ASGIApplication", create_app(engine)),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a header, or $FORWARDED_ALLOW_IPS, must never say who asks
        limit_concurrency=CONNECTIONS_MAX,
        backlog=BACKLOG,
        timeout_graceful_shutdown=DRAIN_S,
    )


async def _started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not server.started:
        if serving.done():
            serving.result()
            raise refusal("internal", "the server ended before it had begun")
        await asyncio.sleep(0)


@contextmanager
def _listening(path: Path) -> Generator[socket.socket]:
    listening = _bound(path)
    try:
        yield listening
    finally:
        listening.close()
        path.unlink(missing_ok=True)


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


def _peer(connection: socket.socket) -> tuple[str, int]:
    """The user and the process at the other end, as the kernel knows them."""
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    try:
        return pwd.getpwuid(uid).pw_name, pid
    except KeyError:
        return str(uid), pid
