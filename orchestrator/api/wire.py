"""The way to a daemon, for its clients: over the socket of its state directory, or to its TCP address with a token.

The standard library only, so that a command line starts fast. One connection a request. Errors come as DoorError: what
the daemon refused, or why it could not be asked.
"""

import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from orchestrator.api.door import DoorError
from orchestrator.api.unix import address_of
from orchestrator.errors import is_code
from orchestrator.views.shapes import Problem

PATIENCE_S = 120.0
"""How long a daemon may take to answer."""


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
        connection = self._connection()
        try:
            with suppress(BrokenPipeError):  # it refused before it had read all: the answer says why
                connection.request(method, target, body or None, {**self._headers, **headers})
            response = connection.getresponse()
            status, answer = response.status, response.read()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            why = f"nobody listens at {self._place}: no daemon runs"
            raise DoorError("no_daemon", why, "start `wantd serve`, or use `wantd build`", 69) from error
        except PermissionError as error:
            raise DoorError("not_allowed", f"{self._place} is not yours: {error}", "ask its owner", 77) from error
        except (OSError, HTTPException) as error:
            why = f"the daemon at {self._place} went away while it was asked: {error!r}"
            raise DoorError("no_answer", why, "look whether it was done, and whether the daemon runs", 69) from error
        finally:
            connection.close()
        if status >= 300:
            raise _refusal(status, answer)
        return answer

    def _connection(self) -> HTTPConnection:
        if isinstance(self._place, Path):
            return _LocalConnection(self._place)
        address = urlsplit(self._place)
        if address.scheme == "http":
            return HTTPConnection(address.netloc, timeout=PATIENCE_S)
        from http.client import HTTPSConnection

        return HTTPSConnection(address.netloc, timeout=PATIENCE_S)


class BlockingWire(Wire):
    """A wire that answers before it gives the event loop a turn: there need not be one."""

    async def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> bytes:
        return self.exchange(method, target, body, headers)


class _LocalConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("wantd", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with address_of(self._path) as address:
            self.sock.connect(address)


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
