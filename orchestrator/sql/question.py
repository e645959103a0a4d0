"""What is asked, what may come back, and how much of everything. Shared by who asks and by the process that answers.

Imports little: the asking side lives in the daemon.
"""

import msgspec

from orchestrator.errors import ErrorCode
from orchestrator.views.shapes import JobView

STATEMENT_BYTES_MAX = 64 << 10
ANSWER_BYTES_MAX = 8 << 20
"""Of the rows, as JSON."""

STATEMENT_S = 10.0
"""How long a statement may keep a core busy, apart from what has to be read for it."""

QUESTION_S = 100.0
"""How long everything may take: reading the log up to the moment, filling the tables, the statement."""

MEMORY_BYTES = 256 << 20
"""What a statement may use, apart from what has to be read for it."""

REFUSED = 3
"""The exit code of a process that has refused a question, and said why."""


class Question(msgspec.Struct, frozen=True):
    """A statement about the log in a state directory, as of a moment (None: now), with a limit of rows (None: all).

    What is configured comes with it: the log does not hold it.
    """

    state: str
    statement: str
    at: str | None = None
    limit: int | None = None
    jobs: tuple[JobView, ...] = ()
    pools: dict[str, int] = {}


class QueryRefused(Exception):
    """A question that is not answered: a stable ``code``, ``why``, and what to do (``hint``)."""

    def __init__(self, code: ErrorCode, why: str, hint: str = "") -> None:
        super().__init__(f"{why}; {hint}" if hint else why)
        self.code: ErrorCode = code
        self.why = why
        self.hint = hint


class RefusedText(msgspec.Struct, frozen=True):
    """How a refusal comes out of the process."""

    code: str
    why: str
    hint: str
