"""A daemon that listens on TCP too, with a token of each role, and raw HTTP to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple, get_args

from orchestrator.api.server import serve
from orchestrator.api.tokens import Role, create_token
from orchestrator.daemon import Application, Engine, open_engine
from tests.api.rigs import application

PATIENCE_S = 20
ROLES: tuple[Role, ...] = get_args(Role)


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(json.loads(self.body)["code"])


class Listener(NamedTuple):
    """A daemon that listens, and who may ask it."""

    told: Application
    engine: Engine
    port: int
    tokens: dict[Role, str]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def connected(self) -> Generator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            yield connection

    def exchange(self, said: bytes) -> Answer:
        """Send bytes and read the answer."""
        with self.connected() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(said)
            with closing(HTTPResponse(connection)) as response:
                response.begin()
                headers = {name.lower(): value for name, value in response.getheaders()}
                streamed = headers["content-type"].startswith("text/event-stream")  # it would not end
                return Answer(response.status, headers, b"" if streamed else response.read())

    def request(self, method: str, target: str, body: Any = None, **headers: str) -> bytes:
        """The bytes of a request; underscores in the names of headers stand for hyphens."""
        content = b"" if body is None else json.dumps(body).encode()
        told = {"Host": self.host, "Content-Length": str(len(content)), "Connection": "close"}
        told["Content-Type"] = "application/json"
        told.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items() if value)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content

    async def ask(self, role: Role | None, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """Ask with the token of a role, or without one."""
        if role is not None:
            headers = {"Authorization": f"Bearer {self.tokens[role]}", **headers}
        return await asyncio.to_thread(self.exchange, self.request(method, target, body, **headers))


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def listening(folder: Path, more: str = "") -> AsyncGenerator[Listener]:
    """A daemon of the small application on a TCP port."""
    port = free_port()
    told = application(folder, f'[api]\nlisten = "127.0.0.1:{port}"\n{more}')
    tokens: dict[Role, str] = {role: create_token(told.layout.tokens, role, role) for role in ROLES}
    async with open_engine(told) as engine, serve(engine):
        yield Listener(told, engine, port, tokens)
