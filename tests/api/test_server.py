"""The server on its socket: who may connect, what it refuses, what it leaves behind; and a client without a server."""

import asyncio
import getpass
import json
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path

import pytest

from orchestrator.api.client import HttpDoor
from orchestrator.api.door import Door, DoorError
from orchestrator.api.server import serve
from orchestrator.api.unix import PATH_BYTES_MAX, address_of
from orchestrator.daemon import open_engine
from orchestrator.views.shapes import EntryFilter, JobRunFilter, PartitionFilter, WantFilter, Wish
from tests.api.rigs import application


def exchange(path: Path, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes to the socket; give back status, headers and body."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20)
        with address_of(path) as address:
            connection.connect(address)
        with suppress(BrokenPipeError):
            connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        return response.status, dict(response.getheaders()), response.read()


IS_JSON = "Content-Type: application/json\r\n"


def asked(target: str, *, method: str = "GET", body: bytes = b"", header: str = "", kind: str = IS_JSON) -> bytes:
    lines = (f"{method} {target} HTTP/1.1", "Host: wantd", f"Content-Length: {len(body)}", "Connection: close", "")
    return ("\r\n".join(lines) + kind + header + "\r\n").encode() + body


async def answer(path: Path, request: bytes) -> tuple[int, dict[str, str], bytes]:
    return await asyncio.to_thread(exchange, path, request)


@pytest.mark.asyncio
async def test_only_the_owner_may_connect_and_the_socket_goes_with_the_server(tmp_path: Path) -> None:
    """Broken: others on the machine may command the daemon, or a dead socket is left behind."""
    told = application(tmp_path)
    async with open_engine(told) as engine:
        async with serve(engine):
            mode = told.layout.socket.stat().st_mode
            assert stat.S_ISSOCK(mode)
            assert stat.S_IMODE(mode) == 0o600
        assert not told.layout.socket.exists()


@pytest.mark.asyncio
async def test_a_stale_socket_is_replaced_and_anything_else_is_not(tmp_path: Path) -> None:
    """Broken: after a crash the daemon cannot listen again, or it deletes a file that is not its own."""
    told = application(tmp_path)
    async with open_engine(told) as engine:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(told.layout.socket))
        with pytest.raises(DoorError) as nobody:
            await HttpDoor(told.layout.socket).status()
        assert (nobody.value.code, nobody.value.exit_code) == ("no_daemon", 69)
        async with serve(engine):
            assert (await HttpDoor(told.layout.socket).status()).daemon
        told.layout.socket.write_text("precious")
        with pytest.raises(DoorError, match="not a socket"):
            async with serve(engine):
                pass
        assert told.layout.socket.read_text() == "precious"


@pytest.mark.asyncio
async def test_a_state_directory_with_a_long_path_works(tmp_path: Path) -> None:
    """Broken: the daemon cannot listen in a deep folder."""
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    told = application(folder)
    assert len(str(told.layout.socket)) > PATH_BYTES_MAX
    async with open_engine(told) as engine, serve(engine):
        assert (await HttpDoor(told.layout.socket).status()).application == "small"


@pytest.mark.asyncio
async def test_who_asks_is_known_from_the_kernel(tmp_path: Path) -> None:
    """Broken: a request may claim to come from somebody else."""
    told = application(tmp_path)
    async with open_engine(told) as engine, serve(engine):
        want = await HttpDoor(told.layout.socket).create_want(Wish(("raw/1",)))
        assert want.actor == f"cli:{getpass.getuser()}"
        body = json.dumps({"refs": ["raw/1"], "actor": "cli:boss"}).encode()
        status, _, problem = await answer(told.layout.socket, asked("/api/v1/wants", method="POST", body=body))
        assert (status, json.loads(problem)["code"]) == (400, "bad_request")


@pytest.mark.asyncio
async def test_the_idempotency_key_is_a_header(tmp_path: Path) -> None:
    """Broken: a retried POST makes a second want."""
    told = application(tmp_path)
    async with open_engine(told) as engine, serve(engine):
        request = asked("/api/v1/wants", method="POST", body=b'{"refs": ["raw/1"]}', header="Idempotency-Key: once\r\n")
        first, second = await answer(told.layout.socket, request), await answer(told.layout.socket, request)
        assert (first[0], json.loads(first[2])["id"]) == (201, json.loads(second[2])["id"])


BAD = [
    (asked("/api/v1/nothing"), 404, "no_such_page"),
    (asked("/api/v1/wants/w0-0"), 404, "no_such_want"),
    (asked("/api/v1/wants", method="DELETE"), 405, "no_such_method"),
    (asked("/api/v1/wants?limit=0"), 400, "bad_request"),
    (asked("/api/v1/jobruns?states=-402"), 400, "bad_request"),
    (asked("/api/v1/wants?limit=1001"), 400, "bad_request"),
    (asked("/api/v1/wants?limit=many"), 400, "bad_request"),
    (asked("/api/v1/wants?colour=red"), 400, "bad_request"),
    (asked("/api/v1/why"), 400, "bad_request"),
    (asked("/api/v1/why?ref=%ff"), 400, "bad_request"),
    (asked("/api/v1/why?ref=..%2F..%2Fetc"), 422, "bad_ref"),
    (asked("/api/v1/entries?after=-5&limit=x"), 400, "bad_request"),
    (asked("/api/v1/lineage?ref=raw/1&depth=-1"), 400, "bad_request"),
    (asked("/api/v1/wants", method="POST", body=b"{"), 400, "bad_request"),
    (asked("/api/v1/wants", method="POST", body=b'{"refs": "raw/1"}'), 400, "bad_request"),
    (asked("/api/v1/wants", method="POST", body=b"\xff\xfe"), 400, "bad_request"),
    (asked("/api/v1/wants", method="POST", body=b'{"refs": ["raw/1"], "ttl_s": 1e999}'), 400, "bad_request"),
    (asked("/api/v1/wants", method="POST", body=b'{"refs": ["raw/1"]}', kind=""), 415, "wrong_media_type"),
    *(
        (asked("/api/v1/wants", method="POST", body=b"{}", kind=f"Content-Type: {kind}\r\n"), 415, "wrong_media_type")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", "")
    ),
    (asked("/api/v1/wants", method="POST", body=b"{}", header=IS_JSON), 415, "wrong_media_type"),
    (asked("/api/v1/wants/w0-0/retry", method="POST", kind=""), 415, "wrong_media_type"),
    (
        asked("/api/v1/wants/w0-0/retry", method="POST", kind="content-type: Application/JSON; charset=utf-8\r\n"),
        404,
        "no_such_want",
    ),
]


@pytest.mark.asyncio
async def test_what_is_wrong_is_a_problem_with_a_stable_type(tmp_path: Path) -> None:
    """Broken: a bad request is a bug of the server, or its answer cannot be told apart by a program."""
    told = application(tmp_path)
    async with open_engine(told) as engine, serve(engine):
        for request, status, code in BAD:
            found, headers, body = await answer(told.layout.socket, request)
            problem = json.loads(body)
            assert (found, problem["code"]) == (status, code), (request, problem)
            assert headers["content-type"].startswith("application/problem+json")
            assert problem["type"] == f"urn:wantd:problem:{code}"
            assert problem["detail"]


@pytest.mark.asyncio
async def test_a_body_has_a_limit_and_a_large_want_fits(tmp_path: Path) -> None:
    """Broken: a hostile body fills the memory, or a want of 100,000 refs cannot be made."""
    told = application(tmp_path)
    async with open_engine(told) as engine, serve(engine):
        door = HttpDoor(told.layout.socket)
        large = Wish(tuple(f"nobody/{number:0140}" for number in range(100_000)))
        with pytest.raises(DoorError, match="no job or external makes"):
            await door.create_want(large)
        too_large = Wish(tuple(f"nobody/{number:0190}" for number in range(100_000)))
        with pytest.raises(DoorError) as caught:
            await door.create_want(too_large)
        assert (caught.value.code, caught.value.exit_code) == ("too_large", 65)
        assert (await door.status()).seq == 0


@pytest.mark.asyncio
async def test_liveness_and_readiness(tmp_path: Path) -> None:
    """Broken: whoever watches the daemon cannot tell whether it works."""
    told = application(tmp_path)
    async with open_engine(told) as engine, serve(engine):
        assert (await answer(told.layout.socket, asked("/livez")))[0] == 200
        assert (await answer(told.layout.socket, asked("/readyz")))[0] == 200


@pytest.mark.asyncio
async def test_without_a_daemon_every_question_says_so(tmp_path: Path) -> None:
    """Broken: a client without a daemon hangs, or fails with a traceback."""
    door: Door = HttpDoor(tmp_path / "socket")
    questions = [
        door.status(),
        door.create_want(Wish(("raw/1",))),
        door.wants(WantFilter()),
        door.partitions(PartitionFilter()),
        door.jobruns(JobRunFilter()),
        door.entries(EntryFilter()),
        door.why("raw/1"),
    ]
    for question in questions:
        with pytest.raises(DoorError) as caught:
            await question
        assert caught.value.exit_code == 69
        assert "wantd serve" in caught.value.hint
    assert [entry async for entry in door.tail(0)] == []


def test_the_client_starts_fast() -> None:
    """Broken: every command pays for the import of a framework, an event loop or an engine."""
    program = "import sys; import orchestrator.api.client; print(*sorted(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = {"asyncio", "starlette", "uvicorn", "aiosqlite", "anyio", "rich", "click", "transitions", "hypothesis"}
    assert not loaded & heavy
    rooms = {"orchestrator", "statemachines", "bel", "wantd"}
    shapes = "orchestrator.views.shapes."
    ours = {name for name in loaded if name.split(".")[0] in rooms and not name.startswith(shapes)}
    assert ours == {
        "orchestrator",
        "orchestrator.api",
        "orchestrator.api.client",
        "orchestrator.api.door",
        "orchestrator.api.requests",
        "orchestrator.api.unix",
        "orchestrator.api.wire",
        "orchestrator.errors",
        "orchestrator.views",
        "orchestrator.views.codes",
        "orchestrator.views.shapes",
    }
