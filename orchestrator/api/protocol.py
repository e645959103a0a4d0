"""HTTP on one connection, with limits that hold against who takes his time.

Each limit is absolute: a byte now and then does not extend it. A request's head has HEAD_S from the moment the
connection is made, or from its first byte on one that was used before; its body has BODY_S; and who does not read what
he is sent is dropped after UNREAD_S. Beyond CONNECTIONS_MAX connections of one listener, new ones are closed at once,
and so is who begins to speak TLS where none is spoken: he would not understand an answer.

Source: reliability reference, section 5.2. uvicorn itself sets no such limits.
"""

import asyncio
import logging
import pwd
import socket
import struct
from typing import ClassVar, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_S = 10.0
BODY_S = 30.0
UNREAD_S = 15.0
CONNECTIONS_MAX = 512
_ROOM = memoryview(bytearray(64 << 10))
"""Where everything is read to. asyncio would take four times as much from the system for each piece that comes in."""

_LOG = logging.getLogger(__name__)
_TLS_HANDSHAKE = b"\x16\x03"
_CREDENTIALS = struct.Struct("3i")
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class LimitedProtocol(H11Protocol, asyncio.BufferedProtocol):
    """HTTP over TCP."""

    _deadline: asyncio.TimerHandle | None = None
    _awaited: type[h11.IDLE] | type[h11.SEND_BODY] | None = None
    """What of a request the deadline is for: its head, or its body."""
    _unread: asyncio.TimerHandle | None = None
    _has_told_of_tls: ClassVar[bool] = False
    """Once is enough: what strangers send must not fill the log."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many already."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > CONNECTIONS_MAX:
            self.transport.abort()
            return
        self._expect(h11.IDLE, HEAD_S)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  the name is the protocol's
        """Where to read to: one place for all, since what is there is taken in before anybody else's is read."""
        return _ROOM

    def buffer_updated(self, nbytes: int) -> None:
        """Take in what was read."""
        self.data_received(bytes(_ROOM[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and see how far the request has come."""
        if self._awaited is h11.IDLE and data.startswith(_TLS_HANDSHAKE):
            self._refuse_tls()
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect(h11.IDLE, HEAD_S)
        else:
            self._expect_rest()

    def on_response_complete(self) -> None:
        """Go on with the next request, which has time of its own."""
        super().on_response_complete()
        self._expect_rest()  # until the first byte of another, the time that an idle connection has counts

    def connection_lost(self, exc: Exception | None) -> None:
        """End, with everything that waits."""
        self._expect(None, 0)
        self._read_again()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for a reader, but not for ever."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: he reads."""
        super().resume_writing()
        self._read_again()

    def _refuse_tls(self) -> None:
        if not LimitedProtocol._has_told_of_tls:
            LimitedProtocol._has_told_of_tls = True
            _LOG.warning(
                "somebody speaks TLS to a listener without: use http://, or configure [api] certificate and key"
            )
        self.transport.close()

    def _read_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _expect_rest(self) -> None:
        if self.conn.their_state is h11.SEND_BODY:
            self._expect(h11.SEND_BODY, BODY_S)
        else:
            self._expect(None, 0)

    def _expect(self, part: "type[h11.IDLE | h11.SEND_BODY] | None", seconds: float) -> None:
        if part is self._awaited:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._awaited = part
        self._deadline = None if part is None else self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        is_answered = cycle is not None and cycle.response_started
        if cycle is not None and is_answered and not cycle.response_complete:
            self.transport.abort()
            return
        if not is_answered or self._awaited is h11.IDLE:
            self.transport.write(_TOO_LATE)
        self.transport.close()


class LocalProtocol(LimitedProtocol):
    """HTTP from a neighbour on this machine: ``client`` is the user at the other end, and its process."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the kernel who it is."""
        super().connection_made(transport)
        self.client = _peer(transport.get_extra_info("socket"))


def _peer(connection: socket.socket) -> tuple[str, int]:
    """The user and the process at the other end, as the kernel knows them."""
    pid, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    try:
        return pwd.getpwuid(uid).pw_name, pid
    except KeyError:
        return str(uid), pid
