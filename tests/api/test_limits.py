"""Browsers, names that lead here, and clients that take their time: on TCP, and where it applies on the unix socket."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.api import protocol
from orchestrator.api.browsers import refused
from tests.api.tcp import Listener, listening
from tests.security.wire import ask, connect

WAIT_S = 20


@pytest_asyncio.fixture
async def listener(tmp_path: Path) -> AsyncGenerator[Listener]:
    async with listening(tmp_path, 'hosts = ["wantd.example.com"]\n') as found:
        yield found


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_S", "BODY_S", "UNREAD_S"):
        monkeypatch.setattr(protocol, name, 0.5)


@pytest.mark.asyncio
async def test_only_our_own_names_lead_here(listener: Listener) -> None:
    """Broken: a page whose name was led to this machine reaches the daemon (DNS rebinding)."""
    for host in (listener.host, f"localhost:{listener.port}", "wantd.example.com", "WANTD.example.com"):
        assert (await listener.ask("read", "GET", "/api/v1/status", Host=host)).status == 200, host
    bad = (
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        f"{listener.host}.",
        f"{listener.host}@evil",
        "wantd.example.com:1",
    )
    for host in bad:
        for target in ("/api/v1/status", "/livez", "/nothing"):
            answer = await listener.ask("admin", "GET", target, Host=host, X_Forwarded_Host=listener.host)
            assert (answer.status, answer.code) == (421, "wrong_host"), host


@pytest.mark.asyncio
async def test_no_page_of_another_origin_changes_anything(listener: Listener) -> None:
    """Broken: a page somewhere makes wants through the browser of somebody who may."""
    wish = {"refs": ["raw/1"]}
    for given in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{listener.host}.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": f"http://{listener.host}", "Sec_Fetch_Site": "cross-site"},
    ):
        answer = await listener.ask("admin", "POST", "/api/v1/wants", wish, **given)
        assert (answer.status, answer.code) == (403, "wrong_origin"), given
        assert not [name for name in answer.headers if name.startswith("access-control")]
    ours = {"Origin": f"http://{listener.host}", "Sec_Fetch_Site": "same-origin"}
    assert (await listener.ask("operate", "POST", "/api/v1/wants", wish, **ours)).status == 201


def test_streams_are_held_to_the_same() -> None:
    """Broken: a page elsewhere follows the log, since following is only reading."""
    hosts = frozenset({"a:1"})
    headers = [(b"host", b"a:1"), (b"origin", b"http://evil")]
    assert refused("GET", "/api/v1/entries", headers, hosts) is None
    found = refused("GET", "/api/v1/entries/stream", headers, hosts)
    assert found is not None
    assert found.code == "wrong_origin"
    twice = [(b"host", b"a:1"), (b"host", b"evil")]
    assert refused("GET", "/", twice, hosts) is not None


def beginnings(listener: Listener) -> Iterator[bytes]:
    """Requests that have begun, and go on with a byte now and then."""
    yield b""
    yield b"GET "
    yield listener.request("POST", "/api/v1/plan", Content_Length="100000", Connection="") + b'{"refs": ["'
    yield listener.request("GET", "/livez", Content_Length="100000", Connection="")
    yield listener.request("GET", "/livez", Connection="") + b"GET /li"


async def dripped(connection: socket.socket, beginning: bytes) -> None:
    """Send a byte now and then until the other side has had enough."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, beginning)
    until = loop.time() + WAIT_S
    while loop.time() < until:
        try:
            async with asyncio.timeout(0.05):
                if not await loop.sock_recv(connection, 1 << 16):
                    return
        except TimeoutError:
            pass
        except OSError:
            return
        try:
            await loop.sock_sendall(connection, b"x")
        except OSError:
            return
    raise AssertionError(f"still connected after {WAIT_S} s: {beginning[:40]!r}")


@pytest.mark.asyncio
@pytest.mark.usefixtures("hurried")
async def test_who_drips_is_let_go(listener: Listener) -> None:
    """Broken: a client that sends a byte now and then keeps its connection for ever, and some of them all there are."""
    with ExitStack() as stack:
        drips: list[tuple[socket.socket, bytes]] = []
        for beginning in beginnings(listener):
            drips.append((stack.enter_context(listener.connected()), beginning))
            drips.append((stack.enter_context(connect(listener.told.layout.socket)), beginning))
        for connection, _ in drips:
            connection.setblocking(False)  # noqa: FBT003 - positional only
        dripping = [asyncio.create_task(dripped(*drip)) for drip in drips]
        assert (await listener.ask("read", "GET", "/api/v1/status")).status == 200
        await asyncio.gather(*dripping)


@pytest.mark.asyncio
@pytest.mark.usefixtures("hurried")
async def test_who_does_not_read_is_let_go(listener: Listener) -> None:
    """Broken: answers that nobody reads stay in memory for ever."""
    said = listener.request(
        "GET", "/api/v1/openapi.json", Connection="", Authorization=f"Bearer {listener.tokens['read']}"
    )
    with listener.connected() as connection:
        connection.setblocking(False)  # noqa: FBT003 - positional only
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await asked_without_reading(connection, said * 100)


async def asked_without_reading(connection: socket.socket, said: bytes) -> None:
    """Ask and ask, until the other side has had enough."""
    async with asyncio.timeout(WAIT_S):
        while True:
            await asyncio.get_running_loop().sock_sendall(connection, said)
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_there_are_only_so_many_connections(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: connections use up the descriptors of the daemon, or who fills TCP shuts the owner's socket too."""
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 5)
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(listener.connected())
        while True:  # the sixth is closed as soon as the five have been taken in
            with listener.connected() as one_more:
                one_more.setblocking(False)  # noqa: FBT003 - positional only
                try:
                    async with asyncio.timeout(0.2):
                        if not await asyncio.get_running_loop().sock_recv(one_more, 1):
                            break
                except ConnectionResetError:
                    break
                except TimeoutError:
                    continue
        assert (await asyncio.to_thread(ask, listener.told.layout.socket, "GET", "/livez")).status == 200


@pytest.mark.asyncio
async def test_who_speaks_tls_where_none_is_spoken_is_let_go_at_once(
    listener: Listener, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: https:// to a plain port hangs, or whoever tries it again and again fills the log."""
    monkeypatch.setattr(protocol.LimitedProtocol, "_has_told_of_tls", False)
    client = ssl.create_default_context()
    for _ in range(3):
        with listener.connected() as connection, pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.to_thread(client.wrap_socket, connection, server_hostname="localhost")
    assert [record.levelname for record in caplog.records if "TLS" in record.getMessage()] == ["WARNING"]
    assert (await listener.ask("read", "GET", "/api/v1/status")).status == 200


@pytest.mark.asyncio
async def test_what_is_no_http_fills_no_log(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    """Broken: whoever can reach the port fills the disk of the daemon with lines of log."""
    for said in (b"\0" * 20, b"HELO x\r\n\r\n", b"GET / HTTP/9\r\n\r\n"):
        assert (await asyncio.to_thread(listener.exchange, said)).status == 400
    assert caplog.records == []
