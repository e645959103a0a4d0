"""The SQL door through every door there is: HTTP, the client, the command line, with a daemon and without."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

import pytest

from orchestrator.api.client import HttpDoor
from orchestrator.api.door import Door, DoorError
from orchestrator.api.local import LocalDoor
from orchestrator.api.server import serve
from orchestrator.daemon import open_engine
from orchestrator.sql.process import QUESTIONS_MAX
from orchestrator.views.shapes import Wish
from tests.api.rigs import KINDS, application, open_door
from tests.api.tcp import listening
from tests.cli.kit import environment, here, make_application, wantd
from tests.sql.test_hostile import FOR_EVER, children
from wantd.client import Client

COUNT = "SELECT state, count(*) AS n FROM partitions GROUP BY state"


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_a_question_is_answered_through_each_door(kind: str, tmp_path: Path) -> None:
    """Broken: one door answers otherwise than another, or does not know the past."""
    async with open_door(kind, tmp_path) as door:
        want = await door.create_want(Wish(("top/1", "top/2")))
        await door.wait_want(want.id, 20)
        table = await door.sql(COUNT)
        assert (table.columns, table.rows, table.at_seq) == (("state", "n"), (("Live", 4),), None)
        assert table.seq == (await door.status()).seq
        past = await door.at("0")
        assert (await past.sql(COUNT)).rows == ()
        cut = await door.sql("SELECT seq FROM events ORDER BY seq", 2)
        assert (cut.rows, cut.cut) == (((1,), (2,)), True)
        jobs = await door.sql("SELECT name, kind, slots FROM jobs")
        assert [row[0] for row in jobs.rows] == [job.name for job in await door.jobs()]
        for statement, code in (("SELECT stat FROM wants", "bad_sql"), ("DROP TABLE wants", "not_a_select")):
            with pytest.raises(DoorError) as caught:
                await door.sql(statement)
            assert (caught.value.code, caught.value.exit_code) == (code, 65)


@pytest.mark.asyncio
async def test_who_may_read_may_ask_and_nobody_else(tmp_path: Path) -> None:
    """Broken: a question needs the right to command, or none at all."""
    async with listening(tmp_path) as listener:
        url = f"http://{listener.host}"
        table = await asyncio.to_thread(Client(url, listener.tokens["read"]).sql, "SELECT 1")
        assert table.rows == ((1,),)
        with pytest.raises(DoorError) as caught:
            await asyncio.to_thread(Client(url).sql, "SELECT 1")
        assert caught.value.code == "not_authenticated"


@pytest.mark.asyncio
async def test_endless_questions_hold_up_nothing(tmp_path: Path) -> None:
    """Broken: while somebody asks, the daemon builds nothing and answers nobody; or what he left behind goes on."""
    told = application(tmp_path)
    async with open_engine(told) as engine, serve(engine):
        for first in range(1, 100, 20):  # a question ends after ten seconds, and this machine may be slow
            asking = [asyncio.create_task(LocalDoor(engine, "cli:test").sql(FOR_EVER)) for _ in range(QUESTIONS_MAX)]
            while len(answering()) < QUESTIONS_MAX and not any(task.done() for task in asking):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            if await goes_on(HttpDoor(told.layout.socket), first) and not any(task.done() for task in asking):
                engine.drain()
                assert [await code_of(task) for task in asking] == ["no_answer"] * QUESTIONS_MAX
                assert answering() == set()
                return
            await asyncio.gather(*asking, return_exceptions=True)
    raise AssertionError("whoever asks holds up the daemon")


async def goes_on(door: Door, first: int) -> bool:
    """While as many ask as may, who asks too is told so at once, and something is built."""
    code = await code_of(door.sql("SELECT 1"))
    want = await door.create_want(Wish((f"top/{first}..{first + 15}",)))
    assert (await door.wait_want(want.id, 60)).state == "Successful"
    return code == "busy"


async def code_of(asked: Awaitable[object]) -> str:
    """How something is refused."""
    try:
        await asked
    except DoorError as error:
        return error.code
    return "answered"


def answering() -> set[int]:
    """Those of our processes that answer a question."""
    return {pid for pid in children() if b"orchestrator.sql" in command_of(pid)}


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return b""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_application(tmp_path_factory.mktemp("sql") / "app")
    assert wantd(made, "build", "sum").returncode == 0
    return made


def test_the_command_line_prints_tables_json_and_csv(app: Path) -> None:
    """Broken: an answer cannot be read by people, by programs or by spreadsheets."""
    ask = "SELECT ref, size_bytes, '\"a\",b' AS odd, NULL AS none FROM partitions WHERE newest ORDER BY ref"
    assert here(app, "sql", COUNT).stdout == "state\tn\nLive\t3\n"
    told = json.loads(here(app, "sql", ask, "--json").stdout)
    assert told["columns"] == ["ref", "size_bytes", "odd", "none"]
    assert [row[0] for row in told["rows"]] == ["one/1", "one/2", "sum"]
    rows = list(csv.reader(io.StringIO(here(app, "sql", ask, "--csv").stdout)))
    assert rows[:2] == [["ref", "size_bytes", "odd", "none"], ["one/1", "5", '"a",b', ""]]
    assert here(app, "sql", ask, "--csv", "--json").returncode == 2


def test_the_command_line_asks_about_the_past_and_says_when(app: Path) -> None:
    """Broken: --at is passed over, or nobody is told which moment is shown."""
    done = here(app, "sql", COUNT, "--at", "0")
    assert (done.returncode, done.stdout) == (0, "state\tn\n")
    assert "as of entry 0" in done.stderr
    assert here(app, "sql", COUNT, "--at", "999999").returncode == 66


def test_the_command_line_cuts_only_where_it_is_told_to(app: Path) -> None:
    """Broken: somebody takes a part for the whole."""
    done = here(app, "sql", "SELECT seq FROM events", "--limit", "2")
    assert (done.stdout, "there is more behind these 2 rows" in done.stderr) == ("seq\n1\n2\n", True)
    done = here(app, "sql", "SELECT 1 FROM events a, events b, events c")
    assert (done.returncode, done.stdout) == (65, "")
    assert "page by page" in done.stderr


def test_a_statement_is_read_from_standard_input(app: Path) -> None:
    """Broken: a long statement has to be quoted for the shell, or bytes that are no text are sent on."""

    def typed(text: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "wantd", "sql", "-"]
        return subprocess.run(command, input=text, cwd=app, env=environment(), capture_output=True, check=False)

    assert typed(b"SELECT\n 'a''b' AS x -- odd\n").stdout == b"x\na'b\n"
    done = typed(b"SELECT '\xff'")
    assert (done.returncode, b"UTF-8" in done.stderr) == (65, True)
