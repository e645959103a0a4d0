"""What a statement may do: read our views, with functions that do no harm. Whatever else it does is refused.

SQLite asks for leave while it prepares the statement. From the same questions is known which views it reads. What was
refused is kept, since SQLite's own message does not say it.
"""

import sqlite3

from bel.driver import Connection
from orchestrator.sql.relations import BY_NAME, EVENTS

TABLE_FUNCTIONS = frozenset({"json_each", "json_tree"})

_FUNCTIONS = """
abs changes char coalesce concat concat_ws format glob hex if ifnull iif instr length like likely likelihood lower
ltrim max min nullif octet_length printf quote random randomblob replace round rtrim sign soundex sqlite_version
substr substring total_changes trim typeof unhex unicode unistr unistr_quote unlikely upper zeroblob
avg count group_concat median percentile percentile_cont percentile_disc string_agg sum total
cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
date datetime julianday strftime time timediff unixepoch current_date current_time current_timestamp
acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power
radians sin sinh sqrt tan tanh trunc
json json_array json_array_length json_error_position json_extract json_group_array json_group_object json_insert
json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid
-> ->>
"""

FUNCTIONS = frozenset(_FUNCTIONS.split())
"""They look at nothing but their arguments, and the clock."""

_VERBS = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DELETE: "DELETE",
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
    sqlite3.SQLITE_UPDATE: "UPDATE",
}
"""What may stand behind WITH and EXPLAIN, and is no SELECT."""


class Guard:
    """Stands before one connection, whose log is attached as ``log``."""

    def __init__(self, log: str) -> None:
        self._log = log
        self.reads: set[str] = set()
        """The views that were named."""
        self.columns: set[str] = set()
        """The columns that were named, of whichever view."""
        self.selects = False
        """Whether it was a SELECT that asked."""
        self.refused = ""
        """The first thing that was refused, in words."""

    def watch(self, connection: Connection) -> None:
        """Refuse from now on."""
        connection.set_authorizer(self._may)

    def _may(self, action: int, first: str | None, second: str | None, schema: str | None, _: str | None) -> int:
        match action:
            case sqlite3.SQLITE_SELECT | sqlite3.SQLITE_RECURSIVE:
                self.selects = True
                return sqlite3.SQLITE_OK
            case sqlite3.SQLITE_READ:
                return self._read(
                    (first or "").lower(), second or "", schema
                )  # rows are counted of a name as it is typed
            case sqlite3.SQLITE_FUNCTION if (second or "").lower() in FUNCTIONS:
                return sqlite3.SQLITE_OK
            case sqlite3.SQLITE_FUNCTION:
                return self._refuse(f"the function {second}")
            case _:
                return self._refuse(_VERBS.get(action, "this"))

    def _read(self, table: str, column: str, schema: str | None) -> int:
        if schema == self._log and table == "entry":
            self.reads.add(EVENTS.name)
        elif table in BY_NAME:
            self.reads.add(table)
            self.columns.add(column)
        elif table not in TABLE_FUNCTIONS and not _is_counted(table, column, schema):
            return self._refuse(f"reading {table}")
        return sqlite3.SQLITE_OK

    def _refuse(self, what: str) -> int:
        self.refused = self.refused or what
        return sqlite3.SQLITE_DENY


def _is_counted(table: str, column: str, schema: str | None) -> bool:
    """Whether only rows are counted, of what may be a part of the statement: of a WITH, say."""
    return not column and schema is None and not table.startswith(("sqlite_", "pragma_"))
