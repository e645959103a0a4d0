"""From a question to its rows.

The statement is looked at first, over empty tables: what it names is what is read for it, and one that is wrong is
refused before the log is opened. Rows are taken one by one, so that an answer never grows beyond its limits.
"""

import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bel.driver import Connection, DriverError, DriverWarning
from bel.errors import BelError
from bel.open import open_reader
from orchestrator.catalog import Catalog, build_catalog
from orchestrator.config import read_config
from orchestrator.errors import is_code
from orchestrator.history.at import Moment, NoMoment, find_moment, moment_of
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.clock import SystemClock
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.places import place_of
from orchestrator.runtime.snapshots import load_world
from orchestrator.sql.database import fill, opened_database
from orchestrator.sql.explain import explained, no_select
from orchestrator.sql.guard import Guard
from orchestrator.sql.question import (
    ANSWER_BYTES_MAX,
    STATEMENT_BYTES_MAX,
    STATEMENT_S,
    QueryRefused,
    Question,
)
from orchestrator.sql.relations import EVENTS
from orchestrator.sql.rows import CONFIGURED, Scene
from orchestrator.store import DiskStore, MemoryStore
from orchestrator.views.looking import iso_or_none
from orchestrator.views.partitions import Places
from orchestrator.views.shapes.table import ROWS_MAX, Cell, Table
from statemachines.edges import IllegalTransition
from statemachines.world import World

STEPS_BETWEEN_LOOKS = 10_000
"""How many steps of SQLite's machine lie between two looks at the clock: well below a millisecond."""

Row = tuple[Cell, ...]

_EXPLAIN = re.compile(r"\s*explain\b", re.IGNORECASE)
_LONG_LISTS = "a long list of values can be one JSON text: ... IN (SELECT value FROM json_each('[...]'))"
_PAGE = "count or group them, or ask page by page: WHERE seq > ... ORDER BY seq LIMIT 10000, or with a limit"


async def answer(question: Question, before_statement: Callable[[Connection], None]) -> Table:
    """Answer a question. ``before_statement`` is called when everything it needs has been read, and may set limits.

    Raises QueryRefused.
    """
    named = looked_at(question.statement)
    try:
        place, world = await _read(question, whole=bool(named.reads - {EVENTS.name} - CONFIGURED))
    except NoMoment as error:
        raise QueryRefused("no_such_seq" if error.outside else "bad_time", error.why, error.hint) from None
    except BelError as error:
        raise _of_log(error) from error
    except IllegalTransition as error:
        raise QueryRefused("log_damaged", str(error), "see: wantd bel verify") from error
    log = Layout(Path(question.state)).log
    with opened_database(log if place.seq else None, place.seq) as (connection, guard):
        fill(connection, named.reads, _scene(question, world, located="location" in named.columns))
        del world
        before_statement(connection)
        found = _asked(connection, guard, question)
    found = msgspec.structs.replace(found, seq=place.seq)
    if question.at is None:
        return found
    return msgspec.structs.replace(found, at_seq=place.seq, at_time=iso_or_none(place.at))


def looked_at(statement: str) -> Guard:
    """The guard that has seen what a statement names, which must be one SELECT. Raises QueryRefused."""
    if len(statement.encode(errors="replace")) > STATEMENT_BYTES_MAX:
        why = f"the statement has more than {STATEMENT_BYTES_MAX:,} bytes"
        raise QueryRefused("too_large", why, _LONG_LISTS)
    with opened_database(None, 0) as (connection, guard), _explaining(guard, statement), _in_time(connection):
        guard.watch(connection)
        connection.execute(statement if _EXPLAIN.match(statement) else f"EXPLAIN {statement}")
    if not guard.selects:
        raise no_select(guard, statement)
    return guard


async def _read(question: Question, *, whole: bool) -> tuple[Moment, World]:
    """The moment that is asked about, and the world of then, if it is needed."""
    path = Layout(Path(question.state)).log
    if not path.exists():
        if question.at not in {None, "0"}:
            raise QueryRefused(
                "no_such_seq", "nothing has happened here yet", "a log begins with the first: wantd build"
            )
        return Moment(0, None), World()
    async with await open_reader(path, CODEC) as log:
        if question.at is None:
            place = await moment_of(log, log.head.seq)
        else:
            place = await find_moment(log, question.at, SystemClock().now())
        return place, await load_world(log, place.seq) if whole else World()


def _scene(question: Question, world: World, *, located: bool) -> Scene:
    """What is told from. To say where bytes are takes as long as all the rest, and is left out where nobody asks."""
    store_folder = Layout(Path(question.state)).store
    store = DiskStore(store_folder) if store_folder.exists() else MemoryStore()
    board = Board(world, Recipes(_nothing_configured()))
    places: Places = (lambda instance: place_of(store, world, instance)) if located else (lambda _: "")
    return Scene(board, places, question.jobs, question.pools)


def _nothing_configured() -> Catalog:
    """What is configured comes with the question; nothing else is asked about it."""
    return build_catalog(read_config(Path("/"), "[application]\nname = 'sql'", cpus=1), Path("/"), {})


def _asked(connection: Connection, guard: Guard, question: Question) -> Table:
    limit = ROWS_MAX if question.limit is None else question.limit
    with _explaining(guard, question.statement), _in_time(connection):
        guard.watch(connection)
        cursor = connection.execute(question.statement)
        rows, cut = _bounded(iter(cursor), limit)
    if cut and question.limit is None:
        why = f"there are more than {ROWS_MAX:,} rows"
        raise QueryRefused("too_many_rows", why, _PAGE)
    names = tuple(str(column[0]) for column in cursor.description or ())
    return Table(names, rows, 0, cut)


def _bounded(found: Iterator[Row], limit: int) -> tuple[tuple[Row, ...], bool]:
    """The first rows, and whether there are more."""
    rows: list[Row] = []
    size = 0
    for row in found:
        if len(rows) == limit:
            return tuple(rows), True
        size += len(msgspec.json.encode(row))
        if size > ANSWER_BYTES_MAX:
            why = f"the first {len(rows) + 1:,} rows have more than {ANSWER_BYTES_MAX >> 20} MiB"
            raise QueryRefused("too_many_rows", why, "name the columns that you need, or ask page by page with a LIMIT")
        rows.append(row)
    return tuple(rows), False


def _of_log(error: BelError) -> QueryRefused:
    assert is_code(error.code), f"the log has a new kind of error, {error.code}"
    return QueryRefused(error.code, str(error))


@contextmanager
def _explaining(guard: Guard, statement: str) -> Generator[None]:
    try:
        yield
    except (DriverError, DriverWarning, MemoryError, OverflowError, ValueError) as error:
        raise explained(error, guard, statement) from None


@contextmanager
def _in_time(connection: Connection) -> Generator[None]:
    """Stop a statement that takes too long between two steps; one that hangs in a single step is for the kernel."""
    until = time.process_time() + STATEMENT_S
    connection.set_progress_handler(lambda: int(time.process_time() > until), STEPS_BETWEEN_LOOKS)
    yield
