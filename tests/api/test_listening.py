"""The sockets that a daemon listens on."""

import asyncio
import socket
import ssl
from contextlib import closing
from http.client import HTTPSConnection
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from orchestrator.api.listening import tcp_socket
from orchestrator.config.listening import Address
from tests.api.tcp import Listener, free_port, listening
from tests.kit.tls import make_certificate


def test_answers_over_tcp_are_sent_at_once() -> None:
    """Broken: each answer over TCP waits 40 ms until its first half was acknowledged."""
    where = Address(ip_address("127.0.0.1"), free_port())
    with tcp_socket(where) as ours:
        ours.settimeout(10)
        ours.listen()
        with socket.create_connection((str(where.ip), where.port)), ours.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def posted(listener: Listener, context: ssl.SSLContext, bodies: list[bytes]) -> list[tuple[int, bytes]]:
    """The answers to wants, asked for one after the other over one connection."""
    told = {"Authorization": f"Bearer {listener.tokens['operate']}", "Content-Type": "application/json"}
    with closing(HTTPSConnection("127.0.0.1", listener.port, context=context, timeout=20)) as connection:
        answers: list[tuple[int, bytes]] = []
        for body in bodies:
            connection.request("POST", "/api/v1/wants", body, told)
            answer = connection.getresponse()
            answers.append((answer.status, answer.read()))
        return answers


@pytest.mark.asyncio
async def test_over_tls_a_long_request_arrives_whole(tmp_path: Path) -> None:
    """Broken: what is longer than the room it is read into, or than a record of TLS, is mixed up or lost."""
    context = ssl.create_default_context(cafile=str(make_certificate(tmp_path)))
    async with listening(tmp_path, 'certificate = "cert.pem"\nkey = "key.pem"\n') as listener:
        refs = [[f"raw/{n}" for n in range(count)] for count in (30_000, 1, 20_000)]
        bodies = [msgspec.json.encode({"refs": some}) for some in refs]
        assert len(bodies[0]) > 4 * 64 << 10 > len(bodies[1])
        answers = await asyncio.to_thread(posted, listener, context, bodies)
        wants = (await listener.engine.board()).world.wants.values()
    assert [status for status, _ in answers] == [201, 201, 201]
    assert [list(want.spec.refs) for want in wants] == refs
