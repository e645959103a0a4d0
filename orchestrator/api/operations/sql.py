"""Questions in SQL about everything in the log."""

from orchestrator.api.ports import Engine
from orchestrator.api.questions import rows_as_json
from orchestrator.api.requests import Statement
from orchestrator.api.table import UNREADABLE, Ready, Routes, When
from orchestrator.views.shapes import Table

sql = Routes("sql")


@sql.ask("/sql", "busy", "no_answer", "bad_sql", "not_a_select", "too_many_rows", "query_too_costly", *UNREADABLE)
async def run_sql(engine: Engine, when: When, asked: Statement) -> Ready[Table]:
    """Give the rows of a SELECT over the views of wants, partitions, JobRuns, jobs and entries."""
    return Ready(await rows_as_json(engine.queries, asked.statement, when.text, asked.limit))
