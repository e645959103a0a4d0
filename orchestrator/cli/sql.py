"""``wantd sql``: any question, in SQL."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.options import at_option, json_option
from orchestrator.cli.speech import counted, talk
from orchestrator.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from orchestrator.cli.session import Session

ROWS_MAX = 10_000
STATEMENT_CHARS_MAX = 1 << 20
"""As much as is read from standard input; what is too long is refused by who answers."""


@click.command("sql")
@click.argument("statement", metavar="STATEMENT")
@click.option("--limit", type=click.IntRange(1, ROWS_MAX), metavar="ROWS", help="At most so many rows, and no refusal.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@at_option
@json_option
@click.pass_obj
def sql(session: Session, /, *, statement: str, limit: int | None, as_csv: bool, as_json: bool) -> None:
    """Ask with a SELECT over wants, partitions, jobruns, jobs and events; - reads it from standard input.

    The views are wants, want_refs, partitions, jobruns, jobrun_inputs, jobrun_outputs, jobs, pools and events; SELECT
    * FROM columns says what is in them. More than 10,000 rows are refused where no limit is given.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json cannot both be had")
    asked = _typed() if statement == "-" else statement
    found = session.read(lambda door: door.sql(asked, limit))
    if as_json:
        print_json(found)
    elif as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows((found.columns, *found.rows))
    else:
        print_table(found.columns, found.rows)
    if found.cut:
        talk(f"there is more behind these {counted(len(found.rows), 'row')}: raise --limit, or ask page by page")


def _typed() -> str:
    """The statement at standard input."""
    try:
        return sys.stdin.buffer.read(STATEMENT_CHARS_MAX).decode()
    except UnicodeDecodeError:
        raise CliError(Exit.BAD_DATA, "standard input is not UTF-8 text", "write it as UTF-8") from None
