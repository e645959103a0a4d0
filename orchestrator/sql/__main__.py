"""The process that answers one question: JSON in at standard input, JSON out at standard output.

It is nice to everybody else and has its limits from the kernel, so that nothing that a statement makes SQLite do costs
the machine more than is allowed: it writes no file, and when its time is over it is ended by its own timers, also when
whoever asked has gone. Only its own exit code says that an answer is one.
"""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import msgspec

from bel.driver import Connection
from orchestrator.sql.answer import answer
from orchestrator.sql.database import limit_memory
from orchestrator.sql.question import (
    MEMORY_BYTES,
    QUESTION_S,
    REFUSED,
    STATEMENT_S,
    QueryRefused,
    Question,
    RefusedText,
)

NICENESS = 10
GRACE_S = 2.0
"""How much later than in good order it ends itself."""

FILE_BYTES = 64 << 20
"""No file is written, but reading a log maps the index of its WAL, which may have to be made."""

MORE_BYTES = 4 * MEMORY_BYTES
"""What the process may take beyond what it has when the statement begins: SQLite's share, and copies of rows."""


def main() -> int:
    """Answer, and give the exit code."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    signal.setitimer(signal.ITIMER_REAL, QUESTION_S + GRACE_S)
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    try:
        found = msgspec.json.encode(asyncio.run(answer(question, _bound)))
    except QueryRefused as refused:
        told = msgspec.json.encode(RefusedText(refused.code, refused.why, refused.hint))
        sys.stdout.buffer.write(told)
        return REFUSED
    sys.stdout.buffer.write(found)
    return 0


def _bound(connection: Connection) -> None:
    """Everything is read: from now on only the statement can take time or memory."""
    limit_memory(connection)
    signal.setitimer(signal.ITIMER_PROF, STATEMENT_S + GRACE_S)
    most = _size() + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _size() -> int:
    """How much address space this process has."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


if __name__ == "__main__":
    sys.exit(main())
