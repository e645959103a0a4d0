"""docs/sql.md is held to the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.sql import process, question
from orchestrator.sql.relations import reference
from orchestrator.views.shapes.table import ROWS_MAX
from tests.house.source import ROOT
from tests.sql.samples import asked, told

TEXT = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")


def test_the_views_are_documented_as_they_are() -> None:
    """Broken: a column is there and not documented, or documented and not there."""
    assert TEXT.endswith(reference()), (
        "write what python -m orchestrator.sql.relations prints to the end of docs/sql.md"
    )


def test_the_limits_are_documented_as_they_are() -> None:
    """Broken: somebody relies on more than he gets."""
    for said in (
        f"{question.STATEMENT_BYTES_MAX >> 10} KiB",
        f"{question.STATEMENT_S:g} s of a core and {question.MEMORY_BYTES >> 20} MiB",
        f"| a question | {question.QUESTION_S:g} s",
        f"{ROWS_MAX:,} rows, {question.ANSWER_BYTES_MAX >> 20} MiB",
        f"| at once | {process.QUESTIONS_MAX};",
    ):
        assert said in TEXT, said


@pytest.mark.asyncio
async def test_what_is_shown_can_be_asked(tmp_path: Path) -> None:
    """Broken: the first question that somebody copies from the page is refused."""
    await told(tmp_path, 3)
    shown = re.findall(r'^    wantd sql .*"(SELECT [^"]+)"$', TEXT, flags=re.MULTILINE)
    block = "\n".join(re.findall(r"^    (.*)$", TEXT.partition("Some questions:")[2].partition("##")[0], re.MULTILINE))
    shown += [statement.strip() for statement in block.split(";") if statement.strip()]
    assert len(shown) >= 6
    for statement in shown:
        assert (await asked(tmp_path, statement)).columns, statement
