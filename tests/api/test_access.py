"""Who gets in over TCP, and what he may: every operation, with every kind of caller."""

from __future__ import annotations

import asyncio
import json
import stat
from itertools import product
from pathlib import Path

import pytest

from orchestrator.api.access import RIGHTS
from orchestrator.api.door import DoorError
from orchestrator.api.operations import OPERATIONS
from orchestrator.api.tokens import create_token, find_token, list_tokens, revoke_token
from orchestrator.config import ConfigError
from tests.api.rigs import application
from tests.api.tcp import ROLES, listening

STRANGERS = (
    "Bearer wantd_000000000000_" + "A" * 43,
    "Bearer",
    "Basic dXNlcjpwYXNz",
    "Bearer \xff",
    "wantd",
    "Bearer ../x",
)


@pytest.mark.asyncio
async def test_each_operation_is_open_to_whom_the_table_says_and_nobody_else(tmp_path: Path) -> None:
    """Broken: an operation forgets to ask who asks, or shuts out who may."""
    async with listening(tmp_path) as listener:
        for operation, role in product(OPERATIONS, (None, *ROLES)):
            target = operation.path.format(want="w0-0", run="r0-0")
            answer = await listener.ask(role, operation.method, target)
            if operation.right in RIGHTS[role]:
                assert answer.status not in {401, 403, 421, 500}, (operation.name, role, answer)
            else:
                expected = (401, "not_authenticated") if role is None else (403, "not_allowed")
                assert (answer.status, answer.code) == expected, (operation.name, role, answer)


def test_only_what_says_nothing_is_open_to_anyone_and_only_reads_to_readers() -> None:
    """Broken: the table itself gives a command away."""
    assert [operation.name for operation in OPERATIONS if operation.right == "anyone"] == ["livez"]
    changing = {operation.name for operation in OPERATIONS if operation.right not in RIGHTS["read"]}
    posts = {operation.name for operation in OPERATIONS if operation.method == "POST"}
    assert changing == posts - {"make_plan", "run_sql"}


@pytest.mark.asyncio
async def test_what_is_no_token_is_refused_like_none(tmp_path: Path) -> None:
    """Broken: a guess, another scheme or two tokens at once get in, or end the request with a bug."""
    async with listening(tmp_path) as listener:
        good = f"Bearer {listener.tokens['admin']}"
        other = good[:-1] + ("A" if good[-1] != "A" else "B")
        lent = "_".join((*good.split("_", 2)[:2], listener.tokens["read"].split("_", 2)[2]))
        wrong = (good[:-1], good + "A", other, lent, good.swapcase(), good.replace("Bearer ", "Basic "))
        for given in (*STRANGERS, *wrong):
            answer = await listener.ask(None, "GET", "/api/v1/status", Authorization=given)
            assert (answer.status, answer.code) == (401, "not_authenticated"), given
            assert answer.headers["www-authenticate"] == "Bearer"
        twice = listener.request("GET", "/api/v1/status", Authorization=good)
        twice = twice.replace(b"\r\n\r\n", f"\r\nAuthorization: {good}\r\n\r\n".encode())
        assert (await asyncio.to_thread(listener.exchange, twice)).status == 401
        assert (await listener.ask("read", "GET", "/api/v1/status")).status == 200


@pytest.mark.asyncio
async def test_who_has_a_token_stands_in_the_log_by_its_name(tmp_path: Path) -> None:
    """Broken: what was done over TCP cannot be told from what the owner did."""
    async with listening(tmp_path) as listener:
        made = await listener.ask("operate", "POST", "/api/v1/wants", {"refs": ["raw/1"]})
        assert (made.status, json.loads(made.body)["actor"]) == (201, "api:operate")
        entries = [entry async for chunk in listener.engine.log.read(after=0) for entry in chunk]
        assert entries[0].actor == "api:operate"


@pytest.mark.asyncio
async def test_a_revoked_token_ends_at_once(tmp_path: Path) -> None:
    """Broken: a token that was stolen works until the daemon is started anew."""
    async with listening(tmp_path) as listener:
        for token in list_tokens(listener.told.layout.tokens):
            revoke_token(listener.told.layout.tokens, token.id)
        assert (await listener.ask("admin", "GET", "/api/v1/status")).status == 401


def test_a_token_is_kept_as_what_cannot_be_asked_with(tmp_path: Path) -> None:
    """Broken: who reads the state directory, a backup of it, or `token list` can ask the daemon."""
    folder = tmp_path / "tokens"
    made = create_token(folder, "anna", "operate")
    (kept,) = folder.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secret = made.rpartition("_")[2]
    assert made not in kept.read_text()
    assert secret not in kept.read_text()
    found = find_token(folder, made)
    assert found is not None
    assert found == list_tokens(folder)[0]
    assert (found.name, found.role) == ("anna", "operate")
    assert create_token(folder, "anna", "operate") != made


@pytest.mark.parametrize("name", ["", "Anna", "a b", "../a", "a" * 65, "a\n", "-a"])
def test_a_token_has_a_plain_name(tmp_path: Path, name: str) -> None:
    """Broken: a name forges another actor in the log, or a path."""
    with pytest.raises(DoorError, match="no name"):
        create_token(tmp_path, name, "read")
    with pytest.raises(DoorError, match="no token"):
        revoke_token(tmp_path, name)


@pytest.mark.parametrize(
    ("api", "message"),
    [
        ('listen = "0.0.0.0:4747"', "other machines"),
        ('listen = "[::]:4747"', "other machines"),
        ('listen = "192.168.1.2:4747"', "other machines"),
        ('listen = "localhost:4747"', "no address and port"),
        ('listen = "127.0.0.1:0"', "no address and port"),
        ('listen = "127.0.0.1"', "no address and port"),
        ('listen = "127.0.0.1:99999"', "no address and port"),
        ('listen = "127.0.0.1:4747"\ncertificate = "c.pem"', "belong together"),
        ('hosts = ["Evil.example/x"]', "no host"),
    ],
)
def test_a_listener_that_is_not_safe_does_not_begin(tmp_path: Path, api: str, message: str) -> None:
    """Broken: tokens go over the network in clear, or a slip in the address opens more than was meant."""
    with pytest.raises(ConfigError, match=message):
        application(tmp_path, f"[api]\n{api}\n")


@pytest.mark.parametrize("more", ["behind_proxy = true", 'certificate = "c.pem"\nkey = "k.pem"'])
def test_a_listener_for_other_machines_takes_tls_or_a_proxy(tmp_path: Path, more: str) -> None:
    """Broken: there is no way to be asked from another machine."""
    assert application(tmp_path, f'[api]\nlisten = "0.0.0.0:4747"\n{more}\n').config.api.listen == "0.0.0.0:4747"


@pytest.mark.asyncio
async def test_without_a_listener_nothing_listens(tmp_path: Path) -> None:
    """Broken: a daemon opens a port that nobody asked for."""
    assert application(tmp_path).config.api.listen is None
