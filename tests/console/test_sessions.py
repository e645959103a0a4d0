"""Getting in and staying in: codes that work once, sessions that end, cookies that nobody else can use."""

from __future__ import annotations

import asyncio
import stat
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from orchestrator.api.access import Caller
from orchestrator.api.door import DoorError
from orchestrator.console import codes, sessions
from orchestrator.console.codes import create_code, redeem_code
from orchestrator.console.sessions import IDLE_S, LIFE_S, SESSIONS_MAX, Sessions
from tests.console.story import Harbour, harbour
from tests.console.visitor import Visitor

ANNA = Caller("console:anna", "operate")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_code_lets_one_in_once(tmp_path: Path) -> None:
    """Broken: a code in a browser's history lets in whoever finds it."""
    code = create_code(tmp_path / "codes", "anna", "read")
    found = redeem_code(tmp_path / "codes", code)
    assert found is not None
    assert (found.name, found.role) == ("anna", "read")
    assert redeem_code(tmp_path / "codes", code) is None
    for guess in ("", "x", code + "x", code.swapcase(), "../codes", "\udc80"):
        assert redeem_code(tmp_path / "codes", guess) is None


def test_a_code_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a code that was never used lets somebody in next year, or its file stays for ever."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    late, forgotten = (create_code(tmp_path / "codes", "anna", "read") for _ in range(2))
    clock.now = codes.CODE_S
    assert redeem_code(tmp_path / "codes", late) is None
    create_code(tmp_path / "codes", "anna", "read")
    assert len(list((tmp_path / "codes").iterdir())) == 1
    assert forgotten


def test_a_code_is_kept_as_what_nobody_can_log_in_with(tmp_path: Path) -> None:
    """Broken: who reads the state directory, or a backup of it, gets in."""
    code = create_code(tmp_path / "codes", "anna", "admin")
    (kept,) = (tmp_path / "codes").iterdir()
    assert code not in kept.read_text() + kept.name
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "Anna", "a b", "../a", "a" * 65, "-a"])
def test_who_logs_in_has_a_plain_name(tmp_path: Path, name: str) -> None:
    """Broken: a name forges another actor in the log."""
    with pytest.raises(DoorError, match="no name"):
        create_code(tmp_path, name, "read")


def test_a_session_ends_when_it_is_idle_or_old() -> None:
    """Broken: a browser that was left open stays logged in for ever."""
    clock = Clock()
    opened = Sessions(clock)
    idle, busy = opened.open(ANNA), opened.open(ANNA)
    seen = opened.find(busy)
    assert seen is not None
    while clock.now < LIFE_S - IDLE_S:
        clock.now += IDLE_S - 1
        assert opened.find(busy) is seen
    assert opened.find(idle) is None
    clock.now = LIFE_S + 1
    assert not opened.is_open(seen)
    assert opened.find(busy) is None


def test_there_are_only_so_many_sessions() -> None:
    """Broken: whoever can make codes fills the memory of the daemon."""
    opened = Sessions(Clock())
    cookies = [opened.open(ANNA) for _ in range(SESSIONS_MAX)]
    assert opened.find(cookies[0])
    opened.open(ANNA)
    assert opened.find(cookies[0]), "it was used last"
    assert opened.find(cookies[1]) is None


def test_a_form_is_known_by_its_token_alone() -> None:
    """Broken: an empty or foreign token passes."""
    opened = Sessions(Clock())
    one, other = (opened.find(opened.open(ANNA)) for _ in range(2))
    assert one
    assert other
    assert one.owns(one.form_token)
    assert not any(one.owns(text) for text in ("", other.form_token, one.form_token[:-1], "ä", "\udc80"))


@pytest.mark.asyncio
async def test_nobody_sees_anything_before_he_is_in(quiet: Harbour) -> None:
    """Broken: a page, a stream or an error tells a stranger something."""
    stranger = Visitor(quiet)
    for path in (
        "/",
        "/wants",
        "/wants/w0-0",
        "/log",
        "/nothing/here",
        "/stream",
        "/jobruns/r0-0/log/stream",
        "/go?q=x",
    ):
        answer = await stranger.get(path)
        assert (answer.status, answer.place, answer.text) == (303, "/console/login", ""), path
    assert (await stranger.get("/login?code=%22%3E%3Cscript%3E")).text.count("<script") == 0
    assert (await stranger.send("/login", code="no")).status == 401


@pytest.mark.asyncio
async def test_the_cookie_is_for_this_console_only_and_logging_out_ends_it(quiet: Harbour) -> None:
    """Broken: a script or another site can use the session, or it goes on after it was ended."""
    anna = Visitor(quiet)
    answer = await anna.send("/login", code=quiet.code())
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/console"} <= parts
    assert str(quiet.port) in answer.headers["set-cookie"].split("=")[0]
    await anna.log_in()
    assert (await anna.get("/stream")).headers["content-type"].startswith("text/event-stream")
    assert (await anna.send("/logout")).status == 403
    assert (await anna.press("/logout")).place == "/console/login"
    assert (await anna.get("/")).place == "/console/login"


@pytest.mark.asyncio
async def test_a_session_is_no_way_into_the_api_and_a_token_none_into_the_console(quiet: Harbour) -> None:
    """Broken: a page of the console could be used to ask the API with the cookie."""
    anna = Visitor(quiet)
    await anna.log_in()
    answer = await asyncio.to_thread(anna.ask, "GET", "/../api/v1/status", b"", {})
    assert answer.status in {401, 404, 303}
    assert (await Visitor(quiet).get("/", Authorization="Bearer wantd_000000000000_" + "A" * 43)).status == 303


@pytest.mark.asyncio
async def test_a_session_does_not_outlive_the_daemon(tmp_path: Path) -> None:
    """Broken: sessions are written down somewhere."""
    async with harbour(tmp_path) as first:
        anna = Visitor(first)
        await anna.log_in()
    async with harbour(tmp_path) as second:
        anna.harbour = second
        assert (await anna.get("/")).status == 303
    assert sessions.SESSIONS_MAX


@pytest.mark.asyncio
async def test_a_stream_ends_with_its_session(quiet: Harbour) -> None:
    """Broken: who logged out, or was, is still told what happens."""
    anna = Visitor(quiet)
    await anna.log_in()

    def listen(heard: asyncio.Event, loop: asyncio.AbstractEventLoop) -> bytes:
        with closing(HTTPConnection("127.0.0.1", quiet.port, timeout=60)) as connection:
            connection.request("GET", "/console/stream", headers={"Cookie": anna.cookie})
            response = connection.getresponse()
            begun = response.read1()
            loop.call_soon_threadsafe(heard.set)
            return begun + response.read()

    heard = asyncio.Event()
    listening = asyncio.create_task(asyncio.to_thread(listen, heard, asyncio.get_running_loop()))
    await heard.wait()
    await quiet.door.report("tides/date=2013-05-01")
    await anna.press("/logout")
    assert b"retry:" in await listening
