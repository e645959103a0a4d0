"""A statement is hostile: whatever it says, it reads what may be read, in its limits, or is refused in words."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import ErrorCode
from orchestrator.sql import answer as answering
from orchestrator.sql.process import QUESTIONS_MAX, Queries
from orchestrator.sql.question import STATEMENT_BYTES_MAX, QueryRefused, Question
from orchestrator.sql.relations import RELATIONS
from orchestrator.views.shapes import Table
from orchestrator.views.shapes.table import ROWS_MAX
from tests.sql.samples import Told, asked, told, unchanged

FOR_EVER = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
ONE_LONG_STEP = "SELECT instr(hex(zeroblob(40000000)), hex(zeroblob(20000000)) || '1')"

REFUSED: list[tuple[str, ErrorCode, str]] = [
    ("DELETE FROM wants", "not_a_select", "DELETE is no SELECT"),
    ("INSERT INTO wants(id) VALUES ('x')", "not_a_select", "INSERT is no SELECT"),
    ("WITH x AS (SELECT 1) UPDATE wants SET id = 1", "not_a_select", "UPDATE is not allowed"),
    ("REPLACE INTO events(seq) VALUES (1)", "not_a_select", "REPLACE is no SELECT"),
    ("CREATE TABLE x(a)", "not_a_select", "CREATE is no SELECT"),
    ("CREATE TEMP TRIGGER x INSTEAD OF INSERT ON events BEGIN SELECT 1; END", "bad_sql", "cannot create"),
    ("DROP VIEW events", "not_a_select", "DROP is no SELECT"),
    ("ATTACH '/etc/passwd' AS x", "not_a_select", "ATTACH is no SELECT"),
    ("EXPLAIN ATTACH '/etc/passwd' AS x", "not_a_select", "ATTACH is not allowed"),
    ("DETACH main", "not_a_select", "DETACH is no SELECT"),
    ("VACUUM INTO '{folder}/copy'", "not_a_select", "VACUUM is no SELECT"),
    ("EXPLAIN VACUUM INTO '{folder}/copy'", "not_a_select", "EXPLAIN is no SELECT"),
    ("PRAGMA database_list", "not_a_select", "PRAGMA is no SELECT"),
    ("PRAGMA writable_schema = ON", "not_a_select", "PRAGMA is no SELECT"),
    ("BEGIN EXCLUSIVE", "not_a_select", "BEGIN is no SELECT"),
    ("COMMIT", "not_a_select", "COMMIT is no SELECT"),
    ("REINDEX", "not_a_select", "REINDEX is no SELECT"),
    ("ANALYZE", "not_a_select", "ANALYZE is no SELECT"),
    ("SELECT * FROM pragma_database_list", "not_a_select", "reading pragma_database_list"),
    ("SELECT count(*) FROM pragma_database_list", "not_a_select", "reading pragma_database_list"),
    ("SELECT * FROM sqlite_master", "not_a_select", "reading sqlite_master"),
    ("SELECT count(*) FROM sqlite_temp_schema", "not_a_select", "reading sqlite_temp"),
    ("SELECT * FROM dbstat", "bad_sql", "no such table"),
    ("SELECT * FROM entry", "bad_sql", "no such table: entry"),
    ("SELECT * FROM snapshot", "bad_sql", "no such table: snapshot"),
    ("SELECT load_extension('/tmp/x.so')", "not_a_select", "the function load_extension"),
    ("SELECT readfile('/etc/passwd')", "bad_sql", "no such function"),
    ("SELECT writefile('{folder}/x', 'x')", "bad_sql", "no such function"),
    ("SELECT fts3_tokenizer('simple')", "not_a_select", "the function fts3_tokenizer"),
    ("SELECT 1; DELETE FROM wants", "bad_sql", "one statement"),
    ("SELECT 1\0; DELETE FROM wants", "bad_sql", "null"),
    ("SELECT '\udcff'", "bad_sql", "surrogates"),
    ("", "bad_sql", "incomplete"),
    ("-- nothing", "bad_sql", "incomplete"),
    (";", "bad_sql", "syntax error"),
    ("SELECT ?", "bad_sql", "binding"),
    ("SELECT json_extract('{{', '$')", "bad_sql", "malformed JSON"),
    (f"SELECT 1{' + 1' * 2_000}", "bad_sql", "too large"),
    (f"SELECT {' UNION SELECT '.join('1' * 600)}", "bad_sql", "too many terms"),
    (f"SELECT '{'x' * STATEMENT_BYTES_MAX}'", "too_large", "65,536 bytes"),
    ("SELECT * FROM events a, events b, events c", "too_many_rows", "10,000 rows"),
    ("SELECT hex(zeroblob(3000000)) FROM events LIMIT 5", "too_many_rows", "8 MiB"),
]


@pytest_asyncio.fixture
async def found(tmp_path: Path) -> AsyncGenerator[Told]:
    """A log with something in it, which nobody changes."""
    made = await told(tmp_path, 3)
    with unchanged(tmp_path):
        yield made


def queries_of(made: Told) -> Queries:
    application = made.application
    return Queries(application.config, application.catalog, application.layout)


@pytest.mark.asyncio
async def test_what_is_no_question_is_refused_in_words(found: Told, tmp_path: Path) -> None:
    """Broken: a statement changes something, reads what it should not, or is refused without saying why."""
    for statement, code, said in REFUSED:
        with pytest.raises(QueryRefused) as caught:
            await asked(tmp_path, statement.format(folder=tmp_path))
        refused = caught.value
        assert (refused.code, said in refused.why) == (code, True), (statement[:80], refused)
        assert refused.hint


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("statement", "near"),
    [
        ("SELECT stat FROM wants", "state (in wants, partitions, jobruns, jobrun_outputs)"),
        ("SELECT w.creatd_at FROM wants w", "created_at (in wants)"),
        ("SELECT * FROM partition", "partitions"),
        ("SELECT * FROM jobrun", "jobruns"),
        ("SELECT json_extrct('{}', '$')", "json_extract"),
        ("SELECT qqqqqq FROM wants", "SELECT * FROM columns"),
        ("SELECT * FROM qqqqqq", "the views are wants, want_refs"),
    ],
)
async def test_a_wrong_name_is_answered_with_the_nearest(tmp_path: Path, statement: str, near: str) -> None:
    """Broken: who mistypes a name has to look it up."""
    with pytest.raises(QueryRefused) as caught:
        await asked(tmp_path, statement)
    assert caught.value.code == "bad_sql"
    assert near in caught.value.hint


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("VALUES (1, 'a', NULL, 1.5)", ((1, "a", None, 1.5),)),
        ("SELECT 'a' || char(0) || 'b', CAST(x'ff41' AS TEXT)", (("a\0b", "\ufffdA"),)),
        ("WITH events AS (SELECT 1 AS a) SELECT a FROM events", ((1,),)),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 5) SELECT count(*) FROM t", ((5,),)),
        ("SELECT count(*) FROM (SELECT 1 UNION SELECT 2) AS x", ((2,),)),
        ("SELECT value FROM json_each('[1, 2]')", ((1,), (2,))),
        ("SELECT sum(value) OVER (ORDER BY value) FROM json_each('[1, 2]')", ((1,), (3,))),
        ("SELECT max(seq) = count(*), min(at) < max(at) FROM events", ((1, 1),)),
        ("/* why */ SELECT 1 -- because", ((1,),)),
    ],
)
async def test_what_is_a_question_is_answered(
    found: Told, tmp_path: Path, statement: str, rows: tuple[tuple[object, ...], ...]
) -> None:
    """Broken: a harmless statement is refused by mistake."""
    assert (await asked(tmp_path, statement)).rows == rows


@pytest.mark.asyncio
async def test_the_entries_after_the_moment_cannot_be_had(found: Told, tmp_path: Path) -> None:
    """Broken: a statement finds its way behind the view, to what comes after its moment."""
    seq = found.ends[2]
    for statement in (
        "SELECT max(seq) FROM events",
        "WITH e AS (SELECT * FROM events) SELECT max(seq) FROM e",
        "SELECT max(e.seq) FROM events e JOIN events f ON 1",
    ):
        assert (await asked(tmp_path, statement, str(seq))).rows == ((seq,),)
    for statement in ("SELECT * FROM log.entry", "SELECT * FROM main.entry", "SELECT * FROM temp.entry"):
        with pytest.raises(QueryRefused, match="no such table"):
            await asked(tmp_path, statement, str(seq))


def _words(text: str) -> list[str]:
    return text.split()


WORDS = st.sampled_from(
    [
        *(relation.name for relation in RELATIONS),
        *(column.name for relation in RELATIONS for column in relation.columns),
        *_words("SELECT FROM WHERE JOIN ON USING WITH AS GROUP BY ORDER LIMIT UNION ALL VALUES DISTINCT CASE WHEN END"),
        *_words("INSERT INTO DELETE UPDATE SET DROP TABLE ATTACH PRAGMA VACUUM EXPLAIN BEGIN CREATE VIEW TEMP"),
        *_words("main temp sqlite_master entry count max hex abs load_extension NULL LIKE GLOB IN EXISTS NOT"),
        *(
            "(",
            ")",
            ",",
            ".",
            "*",
            "=",
            "'x'",
            '"',
            "'",
            "1",
            "-1",
            "0x7f",
            "1e999",
            ";",
            "--",
            "/*",
            "?",
            ":a",
            "||",
            "->>",
        ),
    ]
)
STATEMENTS = st.one_of(st.lists(WORDS, max_size=14).map(" ".join), st.text(max_size=60))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(statement=st.one_of(STATEMENTS, STATEMENTS.map("SELECT {} ".format), STATEMENTS.map("SELECT * FROM {}".format)))
def test_any_text_is_answered_or_refused(tmp_path_factory: pytest.TempPathFactory, statement: str) -> None:
    """Broken: some text makes the answering process fail, where it should refuse."""
    folder = tmp_path_factory.getbasetemp()
    outcome = asyncio.run(outcome_of(folder, statement))
    assert isinstance(outcome, Table) or outcome.code in {"bad_sql", "not_a_select", "too_many_rows"}


async def outcome_of(folder: Path, statement: str) -> Table | QueryRefused:
    try:
        return await asked(folder, statement, limit=10)
    except QueryRefused as refused:
        return refused


@pytest.mark.asyncio
async def test_a_statement_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a statement that goes on for ever is only ended by the kernel, and nobody is told why."""
    monkeypatch.setattr(answering, "STATEMENT_S", 0.05)
    for statement in (
        FOR_EVER,
        "SELECT count(*) FROM columns a, columns b, columns c, columns d, columns e, columns f",
    ):
        with pytest.raises(QueryRefused, match="takes longer than") as caught:
            await asked(tmp_path, statement)
        assert caught.value.code == "query_too_costly"


def test_a_single_step_that_does_not_end_is_ended_by_the_kernel(tmp_path: Path) -> None:
    """Broken: one call of a function holds a process for hours, since SQLite is never asked in between."""
    program = (
        "import sys, orchestrator.sql.__main__ as process\n"
        "process.STATEMENT_S, process.GRACE_S = 0.2, 0.1\n"
        "sys.exit(process.main())"
    )
    question = msgspec.json.encode(Question(str(tmp_path), ONE_LONG_STEP))
    done = subprocess.run([sys.executable, "-c", program], input=question, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGPROF, b"")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT zeroblob(900000000)",
        "SELECT group_concat(hex(zeroblob(5000000))) FROM columns",
        "SELECT printf('%.900000000c', 'x')",
        "SELECT count(*) FROM (SELECT DISTINCT hex(randomblob(1000000)) FROM columns a, columns b)",
        "SELECT replace(hex(zeroblob(20000)), '0', hex(zeroblob(20000)))",
        "WITH RECURSIVE t(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM t) SELECT max(x) FROM t",
    ],
)
async def test_a_statement_that_eats_memory_is_ended(found: Told, statement: str) -> None:
    """Broken: a statement takes the memory of the machine."""
    with pytest.raises(QueryRefused, match="MiB of memory") as caught:
        await queries_of(found).ask(statement)
    assert caught.value.code == "query_too_costly"


@pytest.mark.asyncio
async def test_only_so_many_questions_are_answered_at_once(found: Told) -> None:
    """Broken: questions take all cores, or one that nobody waits for any more goes on."""
    queries = queries_of(found)
    before = children()
    endless = [asyncio.create_task(queries.ask(FOR_EVER)) for _ in range(QUESTIONS_MAX)]
    while len(children() - before) < QUESTIONS_MAX:  # noqa: ASYNC110 - the kernel tells no event
        await asyncio.sleep(0.01)
    with pytest.raises(QueryRefused, match="already") as caught:
        await queries.ask("SELECT 1")
    assert caught.value.code == "busy"
    for task in endless:
        task.cancel()
    await asyncio.gather(*endless, return_exceptions=True)
    assert children() <= before
    assert msgspec.json.decode(await queries.ask("SELECT 1"), type=Table).rows == ((1,),)


def children() -> set[int]:
    """The processes that this one has started and not seen the end of."""
    found = (path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    return {int(pid) for text in found for pid in text.split()}


@pytest.mark.asyncio
async def test_the_process_is_asked_as_the_functions_are(found: Told, tmp_path: Path) -> None:
    """Broken: what is tried above in one process is answered otherwise in a process of its own."""
    queries = queries_of(found)
    for statement in ("SELECT state, count(*) FROM partitions GROUP BY state", "SELECT * FROM events"):
        here = await asked(tmp_path, statement, limit=ROWS_MAX)
        assert msgspec.json.decode(await queries.ask(statement, limit=ROWS_MAX), type=Table) == here
    jobs = msgspec.json.decode(await queries.ask("SELECT name FROM jobs WHERE kind = 'job'"), type=Table)
    assert {row[0] for row in jobs.rows} == set(found.application.catalog.jobs)
    pools = msgspec.json.decode(await queries.ask("SELECT * FROM pools"), type=Table)
    assert {row[0]: row[1] for row in pools.rows} == dict(found.application.catalog.pools)
    with pytest.raises(QueryRefused, match="reading sqlite_master"):
        await queries.ask("SELECT * FROM sqlite_master")
