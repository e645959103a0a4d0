"""One connection to one keeper: requests out, facts in; how to reach a keeper that lives, and how to start one."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from orchestrator.executors.base import ExecutorError, Fact, RunEnded, RunStarted, StaleEpoch
from orchestrator.executors.keeper.wire import PROTOCOL
from orchestrator.observations import Exit

ANSWER_S = 10.0
_FAREWELL_S = 2.0
_KEEPER = Path(__file__).parent / "keeper" / "__main__.py"
_SOCKET = "socket"
_ERRORS = "errors.log"
_FIRST_CONNECTION = 3
_ROOM_BYTES = 64 << 10
"""How much is read at a time, into the same place: new room for each message would cost more than to understand it."""


class _Begun(msgspec.Struct, frozen=True):
    run: str
    at_us: int
    pid: int


class _Ended(msgspec.Struct, frozen=True):
    run: str
    exit: Exit


class Hello(msgspec.Struct, frozen=True, tag_field="say", tag="hello"):
    """Who a keeper is (the name of its folder), and how things stand with it."""

    keeper: str
    running: list[str]
    ended: list[_Ended]


class Facts(msgspec.Struct, frozen=True, tag_field="say", tag="facts"):
    """What has happened since."""

    started: list[_Begun]
    ended: list[_Ended]

    def in_words_of_the_port(self) -> list[Fact]:
        """List them as the port's facts."""
        started: list[Fact] = [RunStarted(begun.run, begun.at_us, begun.pid) for begun in self.started]
        return started + [RunEnded(ended.run, ended.exit) for ended in self.ended]


class Refused(msgspec.Struct, frozen=True, tag_field="say", tag="refused"):
    """The keeper will not do what was asked."""

    why: str


_decoder = msgspec.json.Decoder(Hello | Facts | Refused)


class Link(asyncio.BufferedProtocol):
    """A connection to a keeper. It says ``hello`` by itself; the answer is awaited with ``greeting``."""

    def __init__(
        self, epoch: int, on_said: Callable[["Link", Facts | Refused], None], on_gone: Callable[["Link"], None]
    ) -> None:
        self._epoch = epoch
        self._on_said = on_said
        self._on_gone = on_gone
        self._hello: asyncio.Future[Hello] = asyncio.get_running_loop().create_future()
        self._lost = asyncio.Event()
        self._room = memoryview(bytearray(_ROOM_BYTES))
        self._incoming: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    async def greeting(self) -> Hello:
        """Await the answer to our ``hello``; without one the connection is given up.

        Raises ConnectionError when the keeper ends instead, StaleEpoch when it obeys a newer daemon, ExecutorError
        when it says nothing for 10 s.
        """
        try:
            return await asyncio.wait_for(self._hello, ANSWER_S)
        except TimeoutError:
            self._abort()
            raise ExecutorError(f"a keeper says nothing for {ANSWER_S:g} s; is it suspended (ps state T)?") from None
        except BaseException:
            self._abort()
            raise

    def ask(self, do: str, runs: list[str] | list[msgspec.Raw]) -> None:
        """Send a request about runs."""
        self._send({"do": do, "epoch": self._epoch, "runs": runs})

    async def close(self) -> None:
        """Let go of the keeper, which goes on, once it has taken in everything that it was sent."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write_eof()
        try:
            await asyncio.wait_for(self._lost.wait(), _FAREWELL_S)
        except TimeoutError:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a stream socket has a stream transport"
        self._transport = transport
        self._send({"do": "hello", "epoch": self._epoch, "protocol": PROTOCOL})

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  the name is the protocol's
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._room[:nbytes])
        self._incoming.append(data)
        if b"\n" not in data:
            return  # the reports of long runs come in many pieces
        *lines, rest = b"".join(self._incoming).split(b"\n")
        self._incoming = [rest]
        for line in lines:
            said = _decoder.decode(line)
            if isinstance(said, Hello):
                self._hello.set_result(said)
            elif isinstance(said, Refused) and not self._hello.done():
                self._hello.set_exception(StaleEpoch(said.why))
            else:
                self._on_said(self, said)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the name is the protocol's
        if not self._hello.done():
            self._hello.set_exception(ConnectionError("a keeper ended before it answered"))
        self._lost.set()
        self._on_gone(self)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _send(self, request: dict[str, object]) -> None:
        assert self._transport is not None, "nothing is asked before the connection is made"
        self._transport.write(msgspec.json.encode(request) + b"\n")


async def reach_keeper(folder: Path, make_link: Callable[[], Link]) -> Link:
    """Connect to a keeper that lives. Raises ConnectionError or FileNotFoundError when it does not any more."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The path of a unix socket may have 108 bytes only, and the folder may lie deep.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        channel.settimeout(0)
        channel.connect(f"/proc/self/fd/{handle}/{_SOCKET}")
    except OSError:
        channel.close()
        raise
    finally:
        os.close(handle)
    return await _link(channel, make_link)


async def start_keeper(keepers: Path, linger_s: float, make_link: Callable[[], Link]) -> Link:
    """Start a new keeper, connected from its first moment. Raises OSError."""
    ours, theirs = socket.socketpair()
    try:
        _spawn(keepers, linger_s, theirs.fileno())
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.settimeout(0)
    return await _link(ours, make_link)


def why_keeper_failed(keepers: Path) -> str:
    """Quote the last thing a keeper complained of."""
    path = keepers / _ERRORS
    complaints = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return f"{complaints[-1]} (see {path})" if complaints else f"it left no message in {path}"


async def _link(channel: socket.socket, make_link: Callable[[], Link]) -> Link:
    _, link = await asyncio.get_running_loop().create_unix_connection(make_link, sock=channel)
    return link


def _spawn(keepers: Path, linger_s: float, connection: int) -> None:
    errors = os.open(keepers / _ERRORS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", str(_KEEPER), str(keepers), str(linger_s), str(_FIRST_CONNECTION)],
            {"LC_ALL": "C.UTF-8"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, errors, 1),
                (os.POSIX_SPAWN_DUP2, errors, 2),
                (os.POSIX_SPAWN_DUP2, connection, _FIRST_CONNECTION),
            ],
            setsid=True,
        )
    finally:
        os.close(errors)
    _reap_when_dead(pid)


def _reap_when_dead(pid: int) -> None:
    loop = asyncio.get_running_loop()
    handle = os.pidfd_open(pid)

    def reap() -> None:
        loop.remove_reader(handle)
        os.close(handle)
        os.waitpid(pid, 0)

    loop.add_reader(handle, reap)
