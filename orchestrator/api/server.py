"""Serving an engine, inside the engine's own event loop: on the socket of its state directory, and on TCP if told to.

Each listener has a server of its own, with its own gate and its own connections, so that who fills the one does not
shut the other. uvicorn neither handles signals nor keeps an access log here: both belong to the command line.

Source: design section 10 (HTTP); reliability reference, section 5.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGIApplication

from orchestrator.api.access import holder_of_token, owner
from orchestrator.api.app import Pages, create_app
from orchestrator.api.browsers import guarded
from orchestrator.api.listening import BACKLOG, tcp_socket, unix_socket
from orchestrator.api.metrics import Metrics
from orchestrator.api.ports import Engine
from orchestrator.api.protocol import LimitedProtocol, LocalProtocol
from orchestrator.api.refusals import refusal
from orchestrator.config import ApiTable, Config
from orchestrator.config.listening import Address, parse_address

DRAIN_S = 2
"""How long open requests may take when the server ends."""


@asynccontextmanager
async def serve(engine: Engine, metrics: Metrics | None = None, pages: Pages = ()) -> AsyncGenerator[None]:
    """Answer requests to an engine for as long as the context is open. Raises DoorError if it cannot.

    ``pages`` are for browsers, and are found over TCP only.
    """
    application = engine.application
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(unix_socket(application.layout.socket))
        config = _config(cast("ASGIApplication", create_app(engine, owner, metrics)), LocalProtocol)
        await stack.enter_async_context(_serving(_Server(config), listening))
        address = parse_address(application.config.api.listen or "")
        if address is not None:
            listening = stack.enter_context(tcp_socket(address))
            app = create_app(engine, holder_of_token(application.layout.tokens), metrics, pages)
            config = _tcp_config(app, application.config, address)
            await stack.enter_async_context(_serving(_Server(config), listening))
        yield


class _Server(uvicorn.Server):
    """A server that leaves signals alone."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _config(app: ASGIApplication, protocol: type[LimitedProtocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # that strangers send what is no HTTP is no news
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a header, or $FORWARDED_ALLOW_IPS, must never say who asks
        backlog=BACKLOG,
        timeout_graceful_shutdown=DRAIN_S,
    )


def _tcp_config(app: ASGIApp, told: Config, address: Address) -> uvicorn.Config:
    config = _config(cast("ASGIApplication", guarded(app, address.hosts.union(told.api.hosts))), LimitedProtocol)
    _speak_tls(config, told.api, told.folder)
    return config


def _speak_tls(config: uvicorn.Config, api: ApiTable, folder: Path) -> None:
    if api.certificate is None or api.key is None:
        return
    config.ssl_certfile, config.ssl_keyfile = str(folder / api.certificate), str(folder / api.key)
    try:
        config.load()
    except OSError as error:  # an SSLError is one
        why = f"the certificate {api.certificate} with the key {api.key} cannot be used: {error}"
        raise refusal("bad_certificate", why, "give files in PEM form that belong together") from error


@asynccontextmanager
async def _serving(server: uvicorn.Server, listening: socket.socket) -> AsyncGenerator[None]:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            if serving.done():
                serving.result()
                raise refusal("internal", "the server ended before it had begun")
            await asyncio.sleep(0)
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
