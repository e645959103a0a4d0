"""Questions in SQL through a door: what is refused there is refused here alike."""

import msgspec

from orchestrator.api.refusals import refusal
from orchestrator.sql.process import Queries
from orchestrator.sql.question import QueryRefused
from orchestrator.views.shapes import Table


async def rows_as_json(queries: Queries, statement: str, at: str | None, limit: int | None) -> bytes:
    """The answer as it comes from its process: rows are handed on, and not taken apart. Raises DoorError."""
    try:
        return await queries.ask(statement, at, limit)
    except QueryRefused as error:
        raise refusal(error.code, error.why, error.hint) from None


async def rows(queries: Queries, statement: str, at: str | None, limit: int | None) -> Table:
    """The answer. Raises DoorError."""
    return msgspec.json.decode(await rows_as_json(queries, statement, at, limit), type=Table)
