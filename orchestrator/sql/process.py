"""Each question in a process of its own: started for it, bounded in time and bytes, and ended with it.

The daemon's loop only waits for a pipe. A few questions run at once; whoever comes then is told to try later. When the
asking task is canceled its process is killed, and so are all when the daemon ends.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import msgspec

from orchestrator.catalog import Catalog
from orchestrator.config import Config
from orchestrator.errors import is_code
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.layout import Layout
from orchestrator.sql.explain import too_big, too_much, too_slow
from orchestrator.sql.question import ANSWER_BYTES_MAX, QUESTION_S, REFUSED, QueryRefused, Question, RefusedText
from orchestrator.views.jobs import jobs
from statemachines.world import World

QUESTIONS_MAX = 2
"""How many questions are answered at once."""

_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_BYTES_MAX = ANSWER_BYTES_MAX + (1 << 20)
"""Of everything that a process says: rows, and the names of columns."""


class Queries:
    """Asks in SQL about the log of one application."""

    def __init__(self, config: Config, catalog: Catalog, layout: Layout) -> None:
        self._layout = layout
        self._jobs = jobs(Board(World(), Recipes(catalog)), config)
        self._pools = dict(catalog.pools)
        self._running = 0
        self._ending = asyncio.Event()

    async def ask(self, statement: str, at: str | None = None, limit: int | None = None) -> bytes:
        """The rows of a SELECT, as the JSON of a Table. Raises QueryRefused."""
        if self._ending.is_set():
            raise _ended()
        if self._running >= QUESTIONS_MAX:
            raise QueryRefused("busy", f"{QUESTIONS_MAX} questions are being answered already", "try again in a moment")
        question = Question(str(self._layout.state), statement, at, limit, self._jobs, self._pools)
        self._running += 1
        try:
            async with asyncio.timeout(QUESTION_S):
                return await self._unless_ended(msgspec.json.encode(question))
        except TimeoutError:
            raise too_much() from None
        finally:
            self._running -= 1

    def end(self) -> None:
        """Answer nobody any more, also not those who wait."""
        self._ending.set()

    async def _unless_ended(self, question: bytes) -> bytes:
        asking, ending = asyncio.ensure_future(_answered(question)), asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise _ended()
            return asking.result()
        finally:
            ending.cancel()
            asking.cancel()
            await asyncio.wait({asking, ending})


def _ended() -> QueryRefused:
    return QueryRefused("no_answer", "the daemon is ending", "ask the next one")


async def _answered(question: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "orchestrator.sql"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd="/",
        env=_ENVIRONMENT,
        start_new_session=True,  # Ctrl-C is for whoever asks
    )
    try:
        said, complained = await _spoken(process, question)
        code = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _outcome(code, said, complained)


async def _spoken(process: Process, question: bytes) -> tuple[bytes, bytes]:
    """Everything that the process says, after it was told the question."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.gather(_read(process.stdout), _read(process.stderr))
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(question)
        await process.stdin.drain()
    process.stdin.close()
    out, complained = await said
    return out, complained


async def _read(pipe: asyncio.StreamReader) -> bytes:
    """All of it, up to what is believed."""
    pieces: list[bytes] = []
    size = 0
    while piece := await pipe.read(1 << 16):
        size += len(piece)
        if size <= _BYTES_MAX:
            pieces.append(piece)
    return b"".join(pieces)


def _outcome(code: int, said: bytes, complained: bytes) -> bytes:
    """What a process that has ended with this code has answered. Raises QueryRefused."""
    match code:
        case 0 if len(said) < _BYTES_MAX:
            return said
        case 0:
            raise QueryRefused("too_many_rows", "the names of the columns are too long", "name them shorter: AS ...")
        case _ if code == REFUSED:
            told = msgspec.json.decode(said, type=RefusedText)
            assert is_code(told.code), f"the process refuses with a new code, {told.code}"
            raise QueryRefused(told.code, told.why, told.hint)
        case _ if code == -signal.SIGPROF:
            raise too_slow()
        case _ if code == -signal.SIGALRM:
            raise too_much()
        case _ if code == -signal.SIGKILL or b"MemoryError" in complained:
            raise too_big()
        case _:
            last = complained.decode(errors="replace").strip().rpartition("\n")[2]
            raise QueryRefused("internal", f"answering ended with {code}: {last[:500]}", "please report it")
