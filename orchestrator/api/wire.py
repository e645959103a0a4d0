"""The way to a daemon, for its clients: over the socket of its state directory, or to its TCP address with a token.

The standard library only, and over the socket little of it, so that a command line starts fast: there HTTP is spoken
here, by its oldest rules, where an answer is all that comes until the end. One connection a request. Errors come as
DoorError: what the daemon refused, or why it could not be asked.
"""

import re
import socket
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from orchestrator.api.door import DoorError
from orchestrator.api.unix import address_of
from orchestrator.errors import is_code
from orchestrator.views.shapes import Problem

T = TypeVar("T")

PATIENCE_S = 120.0
"""How long a daemon may take to answer."""
_PIECE_BYTES = 64 << 10
_HEAD = re.compile(
    rb"HTTP/1\.[01] (?P<status>[0-9]{3})[^\r]*\r\n"
    rb"(?:[^\r]+\r\n)*?(?i:content-length): *(?P<length>[0-9]+)\r\n(?:[^\r]+\r\n)*\r\n"
)
"""The head of an answer that says how long it is; all of ours do."""


class Wire:
    """To the socket at a path, or to an address such as ``http://127.0.0.1:4747``. Requests run in a thread."""

    def __init__(self, place: Path | str, token: str | None = None) -> None:
        if isinstance(place, str) and urlsplit(place).scheme not in {"http", "https"}:
            raise DoorError(
                "bad_request", f"{place!r} is no http:// or https:// address", "give a Path for a socket", 2
            )
        self._place = place
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    async def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        """Ask, and give what was answered. Raises DoorError."""
        import asyncio

        return await asyncio.to_thread(self.exchange, method, target, body, headers)

    def exchange(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        """As ``ask``, for who has no event loop."""
        try:
            status, answer = self._exchange(method, target, body, {**self._headers, **headers})
        except (FileNotFoundError, ConnectionRefusedError) as error:
            why = f"nobody listens at {self._place}: no daemon runs"
            raise DoorError("no_daemon", why, "start `wantd serve`, or use `wantd build`", 69) from error
        except PermissionError as error:
            raise DoorError("not_allowed", f"{self._place} is not yours: {error}", "ask its owner", 77) from error
        except OSError as error:
            why = f"the daemon at {self._place} went away while it was asked: {error!r}"
            raise DoorError("no_answer", why, "look whether it was done, and whether the daemon runs", 69) from error
        if status >= 300:
            raise _refusal(status, answer)
        return answer

    def _exchange(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Ask, and give the status and what was answered. Raises OSError."""
        if isinstance(self._place, Path):
            return _over_socket(self._place, method, target, body, headers)
        return _over_tcp(self._place, method, target, body, headers)


class BlockingWire(Wire):
    """A wire that answers before it gives the event loop a turn: there need not be one."""

    async def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        return self.exchange(method, target, body, headers)


def answered(asked: Awaitable[T]) -> T:
    """Run to its end what never waits, since its wire blocks."""
    try:
        next(asked.__await__())
    except StopIteration as done:
        answer: T = done.value
        return answer
    raise AssertionError("a blocking wire does not wait")


def _over_socket(path: Path, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    told = {"Host": "wantd", **headers, "Content-Length": str(len(body))}
    head = "".join(
        (f"{method} {target} HTTP/1.0\r\n", *(f"{name}: {value}\r\n" for name, value in told.items()), "\r\n")
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(PATIENCE_S)
        with address_of(path) as address:
            channel.connect(address)
        with suppress(BrokenPipeError, ConnectionResetError):  # it refused before it had read all: the answer says why
            channel.sendall(head.encode() + body)
        said = b"".join(_pieces(channel))
    found = _HEAD.match(said)
    if found is None or len(said) - found.end() < int(found["length"]):
        raise ConnectionResetError(f"its answer ended after {len(said)} bytes")
    return int(found["status"]), said[found.end() :]


def _pieces(channel: socket.socket) -> Iterator[bytes]:
    """What comes until the end, also where the other side ended without hearing all; whether it is whole is seen."""
    with suppress(ConnectionResetError):
        while piece := channel.recv(_PIECE_BYTES):
            yield piece


def _over_tcp(address: str, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    place = urlsplit(address)
    kind = HTTPConnection if place.scheme == "http" else HTTPSConnection
    connection = kind(place.netloc, timeout=PATIENCE_S)
    try:
        with suppress(BrokenPipeError):  # as above
            connection.request(method, target, body or None, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    except HTTPException as error:
        raise ConnectionResetError(repr(error)) from error
    finally:
        connection.close()


def _refusal(status: int, answer: bytes) -> DoorError:
    try:
        problem = msgspec.json.decode(answer, type=Problem)
    except msgspec.MsgspecError:
        shown = answer[:200].decode(errors="replace")
        return DoorError("internal", f"the daemon answered {status}: {shown}", "is it another version?", 70)
    if not is_code(problem.code):
        why = f"the daemon answered {status} with the unknown code {problem.code}: {problem.detail}"
        return DoorError("internal", why, "is it another version?", problem.exit_code)
    return DoorError(problem.code, problem.detail, problem.hint, problem.exit_code)
