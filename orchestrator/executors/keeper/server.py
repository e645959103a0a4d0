"""The keeper's connections: bytes in and out, lines between them, and who is to be told.

Several daemons may be connected at once (an old one that does not know yet that it was overtaken). All that said
``hello`` are told everything; whether what they ask is done is decided by their epoch, not here.
"""

import selectors
import socket
from collections.abc import Callable, Mapping
from functools import partial

from orchestrator.executors.keeper.shapes import as_line
from orchestrator.executors.keeper.wire import LINE_BYTES_MAX, BadMessage, Message, parse_message

_READ_BYTES = 64 << 10
"""Less than what the C library takes from the system, and gives back, each time."""


class Connection:
    """One daemon."""

    def __init__(self, channel: socket.socket) -> None:
        channel.settimeout(0)
        self.channel = channel
        self.is_listening = False
        self._incoming = bytearray()
        self._outgoing = bytearray()

    def read(self) -> list[Message] | None:
        """Read what has come; None when the other side has gone or talks nonsense."""
        try:
            said = self.channel.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        self._incoming += said
        if not said or len(self._incoming) > LINE_BYTES_MAX:
            return None
        if b"\n" not in said:
            return []
        complete, _, rest = self._incoming.rpartition(b"\n")
        self._incoming = rest
        try:
            return [parse_message(bytes(line)) for line in complete.split(b"\n")]
        except BadMessage as error:
            self.say({"say": "refused", "why": str(error)})
            return None

    def say(self, said: Mapping[str, object]) -> None:
        """Queue a line; send as much as goes at once."""
        self._outgoing += as_line(said)
        self.flush()

    def flush(self) -> bool:
        """Send what goes; true once everything has gone. A broken connection is noticed when it is read."""
        try:
            while self._outgoing:
                del self._outgoing[: self.channel.send(self._outgoing)]
        except BlockingIOError:
            return False
        except OSError:
            self._outgoing.clear()
        return True


class Server:
    """All connections."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        listener: socket.socket,
        on_message: Callable[[Connection, Message], None],
    ) -> None:
        self._selector = selector
        self._listener = listener
        self._on_message = on_message
        self._connections: set[Connection] = set()
        listener.settimeout(0)
        selector.register(listener, selectors.EVENT_READ, self._accept)

    @property
    def is_alone(self) -> bool:
        """Tell if nobody is connected."""
        return not self._connections

    def add(self, channel: socket.socket) -> None:
        """Serve a connection that is already there."""
        connection = Connection(channel)
        self._connections.add(connection)
        self._selector.register(channel, selectors.EVENT_READ, partial(self._ready, connection))

    def tell_all(self, said: Mapping[str, object]) -> None:
        """Tell everyone who listens."""
        for connection in self._connections:
            if connection.is_listening:
                self.tell(connection, said)

    def tell(self, connection: Connection, said: Mapping[str, object]) -> None:
        """Tell one of them."""
        connection.say(said)
        self._watch(connection)

    def _accept(self) -> None:
        try:
            channel, _ = self._listener.accept()
        except OSError:
            return  # it has gone again, or there is no descriptor left for it: it will try again
        self.add(channel)

    def _ready(self, connection: Connection) -> None:
        connection.flush()
        messages = connection.read()
        if messages is None:
            self._connections.discard(connection)
            self._selector.unregister(connection.channel)
            connection.channel.close()
            return
        for message in messages:
            self._on_message(connection, message)
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        wanted = selectors.EVENT_READ if connection.flush() else both
        key = self._selector.get_key(connection.channel)
        if key.events != wanted:
            self._selector.modify(connection.channel, wanted, key.data)
