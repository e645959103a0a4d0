"""Hostile requests: whatever is sent, the answer is a problem that says what is wrong, and the daemon goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from orchestrator.api.requests import BASE, BODY_BYTES_MAX
from tests.security.kit import built
from tests.security.wire import Answer, ask, connect, exchange, request

TEXTS = (
    *("", "\0", "-x", "../../etc/passwd", "\x1b[31m", "x" * 5_000, "9" * 30, "-" + "9" * 30, "1e999", "nan", "-inf"),
    *(
        "true",
        "null",
        "\u202e",
        "{a,b}" * 40,
        "[",
        "(",
        "a/**/**/**/**/**/**/b",
        "process/1..99999999999999",
        "*" * 200,
    ),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809"),
)
VALUES: tuple[object, ...] = (
    *(None, True, 0, -1, 2**63, 2**64, 10**400, 1.5, 1e308, "text", "\0", "\x1b]0;x\7", "\ud800", "2013-01-01"),
    *([], [None], ["process/a"], [["process/a"]], {}, {"a": {}}, {"a": 2**63}, {"a": 10**400}, {"a": "\ud800"}),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
)
READS = {
    "/wants": ("states", "ref", "after", "limit"),
    "/wants/{want}": (),
    "/wants/{want}/wait": ("timeout_s",),
    "/wants/{want}/progress": (),
    "/partitions": ("pattern", "prefix", "states", "which", "after", "limit"),
    "/partition": ("ref",),
    "/lineage": ("ref", "direction", "depth"),
    "/jobruns": ("job", "states", "want", "after", "limit"),
    "/jobruns/{run}": (),
    "/jobruns/{run}/log": ("offset",),
    "/jobs": (),
    "/lookup": ("ref",),
    "/why": ("ref",),
    "/graph": ("ref", "depth"),
    "/entries": ("after", "upto", "kind", "entity", "limit"),
    "/entries/next": ("after", "timeout_s"),
    "/status": (),
}
IS_JSON = "Content-Type: application/json\r\n"
WISH = {"refs": ["process/a"], "environment": "local", "source": "api", "priority": 0, "ttl_s": 60, "sla_s": 60}
COMMANDS: dict[str, dict[str, object]] = {
    "/wants": {**WISH, "data_timestamp": "2013-01-01", "idempotency_key": None, "comment": ""},
    "/wants/{want}/cancel": {"reason": ""},
    "/wants/{want}/pause": {"reason": ""},
    "/wants/{want}/resume": {},
    "/wants/{want}/retry": {},
    "/partitions/taint": {"refs": ["process/a"], "reason": "x", "downstream": False},
    "/partitions/report": {"ref": "outside/a", "digest": None, "location": "", "metadata": {}},
    "/plan": {"refs": ["process/a"]},
    "/sql": {"statement": "SELECT 1", "limit": 5},
    "/jobruns/{run}/cancel": {"reason": ""},
}


@pytest.fixture(scope="module")
def path(app: Path) -> Path:
    assert built(app, "process/a") == "Successful"
    return app / ".wantd" / "socket"


@pytest.fixture(scope="module")
def ids(path: Path) -> dict[str, str]:
    """A want and a JobRun that there are."""
    return {
        "want": ask(path, "GET", f"{BASE}/wants").json()["items"][0]["id"],
        "run": ask(path, "GET", f"{BASE}/jobruns").json()["items"][0]["id"],
    }


def is_sane(answer: Answer) -> bool:
    """Whether it is an answer, or a refusal that a program and a person can use."""
    if answer.status < 300:
        return answer.media_type == "application/json"
    told = answer.json()
    good = answer.status < 500 and answer.media_type.startswith("application/problem+json")
    return good and told["code"] != "internal" and "Traceback" not in told["detail"]


def hostile_reads() -> Iterator[str]:
    for target, names in READS.items():
        yield f"{target}?colour=red"
        for name in names:
            also = "&ref=process/a" if target == "/lineage" and name != "ref" else ""
            yield from (f"{target}?{name}={quote(text)}{also}" for text in TEXTS)
    for text in TEXTS:
        yield from (f"/{kind}/{quote(text, safe='')}" for kind in ("wants", "jobruns", text and quote(text, safe="")))


def test_reads_with_hostile_parameters_are_answered_or_refused(path: Path, ids: dict[str, str]) -> None:
    """Broken: a parameter makes the daemon fail instead of refuse."""
    asked = [
        f"{BASE}{target.format_map(ids)}" if "{want}" in target or "{run}" in target else f"{BASE}{target}"
        for target in hostile_reads()
    ]
    answers = {target: ask(path, "GET", target) for target in asked}
    assert [(target[:200], answer) for target, answer in answers.items() if not is_sane(answer)] == []
    assert {answer.status for answer in answers.values()} >= {200, 400, 404, 422}


def test_commands_with_hostile_bodies_are_answered_or_refused(path: Path, ids: dict[str, str]) -> None:
    """Broken: a wrong type, an unknown field or an extreme value makes the daemon fail, now or when it is read."""
    bad: list[object] = []
    for target, good in COMMANDS.items():
        bodies: list[object] = [{**good, name: value} for name in (*good, "actor") for value in VALUES]
        for body in (*bodies, *VALUES):
            answer = ask(path, "POST", f"{BASE}{target.format_map(ids)}", body)
            if not is_sane(answer):
                bad.append((target, body, answer))
    assert bad == []
    for target in READS:
        answer = ask(path, "GET", f"{BASE}{target.format_map(ids)}{'?ref=process/a' if target in NEED_A_REF else ''}")
        assert answer.status == 200, (target, answer)


NEED_A_REF = {"/partition", "/lineage", "/lookup", "/why"}


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "CONNECT", "BREW"])
def test_another_method_is_refused(path: Path, method: str) -> None:
    """Broken: a method that nobody thought of does something."""
    answer = ask(path, method, f"{BASE}/wants")
    assert (answer.status, answer.json()["code"]) == (405, "no_such_method")


@pytest.mark.parametrize("host", ["[", "]", "a:b:c", "//x/y", "a/../..", "%00", "x" * 2_000, "@", "a b"])
def test_a_host_that_is_none_breaks_nothing(path: Path, host: str) -> None:
    """Broken: an address is made of what somebody says the host is, and an error of making it is a bug."""
    for target in (f"{BASE}/nowhere", f"{BASE}/wants?limit=x", f"{BASE}/wants/nobody"):
        answer = exchange(path, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert 400 <= answer.status < 500, (target, answer)


@pytest.mark.parametrize("framing", ["said", "unsaid", "chunked"])
def test_a_huge_body_is_refused(path: Path, framing: str) -> None:
    """Broken: a body without an end fills the memory."""
    target = f"{BASE}/plan"
    body = b'{"refs": ["' + b"x" * (BODY_BYTES_MAX + 1_000) + b'"]}'
    if framing == "said":
        said = request("POST", target, body)
    elif framing == "unsaid":
        said = f"POST {target} HTTP/1.1\r\nHost: wantd\r\n{IS_JSON}Content-Length: {10**15}\r\n\r\n".encode()
    else:
        head = f"POST {target} HTTP/1.1\r\nHost: wantd\r\n{IS_JSON}Transfer-Encoding: chunked\r\n\r\n"
        said = head.encode() + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    answer = exchange(path, said)
    assert (answer.status, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "said",
    [
        request("GET", f"{BASE}/status", b"", "X-Long: " + "x" * 1_000_000),
        request("GET", f"{BASE}/status", b"", *(f"X-{number}: {'x' * 100}" for number in range(10_000))),
        request("GET", f"{BASE}/status?{'x' * 1_000_000}"),
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"GET / HTTP/1.1\r\n\r\n",
        request("POST", f"{BASE}/plan").replace(b"Content-Length: 0", b"Content-Length: " + b"9" * 5_000),
    ],
    ids=["header", "headers", "target", "smuggled", "no-host", "length"],
)
def test_what_is_no_request_is_refused(path: Path, said: bytes) -> None:
    """Broken: bytes that are no HTTP, or too much of it, take memory or end the daemon."""
    assert 400 <= exchange(path, said).status < 500


def test_clients_that_drip_do_not_stall_others(path: Path) -> None:
    """Broken: some connections that never end their request keep everybody else from being answered."""
    beginnings = (
        b"GET ",
        f"GET {BASE}/status HTTP/1.1\r\nHost: ".encode(),
        f"POST {BASE}/plan HTTP/1.1\r\nHost: wantd\r\nContent-Length: 100\r\n\r\n{{".encode(),
    )
    with ExitStack() as stack:
        dripping = [stack.enter_context(connect(path)) for _ in range(60)]
        for round_ in range(3):
            for number, connection in enumerate(dripping):
                connection.sendall(beginnings[number % 3] if round_ == 0 else b" ")
            assert ask(path, "GET", f"{BASE}/status").status == 200
            assert ask(path, "POST", f"{BASE}/plan", {"refs": ["process/a"]}).status == 200


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(path: Path) -> None:
    """Broken: a client that goes away early ends the daemon, or keeps a connection for ever."""
    for end in range(1, 60, 7):
        with connect(path) as connection:
            connection.sendall(request("POST", f"{BASE}/plan", json.dumps({"refs": ["process/a"]}).encode())[:end])
            connection.shutdown(socket.SHUT_RDWR)
    assert ask(path, "GET", f"{BASE}/status").status == 200
