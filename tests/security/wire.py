"""Raw HTTP over the socket of a daemon: what a client of ours would never send."""

from __future__ import annotations

import json
import socket
from contextlib import closing, suppress
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.api.unix import address_of

PATIENCE_S = 20


class Answer(NamedTuple):
    """What came back."""

    status: int
    media_type: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def connect(path: Path) -> socket.socket:
    """A connection to a daemon's socket."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE_S)
    try:
        with address_of(path) as address:
            connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def exchange(path: Path, said: bytes) -> Answer:
    """Send bytes, whatever they are, and read the answer."""
    with connect(path) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it answered before it had read all
            connection.sendall(said)
        with closing(HTTPResponse(connection)) as response:
            response.begin()
            body = b""
            with suppress(ConnectionResetError):  # it was sent more than it wanted to read
                body = response.read()
            return Answer(response.status, response.getheader("content-type", ""), body)


def request(method: str, target: str, body: bytes = b"", *headers: str) -> bytes:
    """The bytes of a request."""
    lines = (
        f"{method} {target} HTTP/1.1",
        "Host: wantd",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(
            ()
            if any(header.lower().startswith("content-type:") for header in headers)
            else ("Content-Type: application/json",)
        ),
        *headers,
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def ask(path: Path, method: str, target: str, body: object = None, *headers: str) -> Answer:
    """Ask with a JSON body, or without one."""
    return exchange(path, request(method, target, b"" if body is None else json.dumps(body).encode(), *headers))
