"""The sockets that a daemon listens on."""

import socket
from ipaddress import ip_address

from orchestrator.api.listening import tcp_socket
from orchestrator.config.listening import Address
from tests.api.tcp import free_port


def test_answers_over_tcp_are_sent_at_once() -> None:
    """Broken: each answer over TCP waits 40 ms until its first half was acknowledged."""
    where = Address(ip_address("127.0.0.1"), free_port())
    with tcp_socket(where) as ours:
        ours.settimeout(10)
        ours.listen()
        with socket.create_connection((str(where.ip), where.port)), ours.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
