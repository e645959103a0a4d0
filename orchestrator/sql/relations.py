"""The views that may be asked, column by column: the contract of the SQL door.

Columns are called as the fields of the API's shapes, nested ones without the name of what they are nested in. A field
that is a list or a map is JSON text, for ``json_each`` and ``json_extract``. Truth is 1 or 0. A time is ISO 8601 text
in UTC, which sorts as it passes, and beside it, with ``_us`` behind its name, microseconds since 1970. Views and
columns are only ever added. ``docs/sql.md`` is written from here (``python -m orchestrator.sql.relations``).
"""

import sys
from typing import Literal, NamedTuple

Type = Literal["TEXT", "INTEGER", "REAL"]


class Column(NamedTuple):
    """One column. ``about`` is empty where the name says it."""

    name: str
    type: Type
    about: str = ""


class Relation(NamedTuple):
    """One view. A row is one of what ``about`` names."""

    name: str
    about: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)


def _time(name: str, about: str = "") -> tuple[Column, Column]:
    """A time as text and as a number."""
    return Column(name, "TEXT", about), Column(f"{name}_us", "INTEGER")


_SINCE = _time("since", "when it entered its state")
_SEQ = Column("seq", "INTEGER", "the newest entry about it")

WANTS = Relation(
    "wants",
    "a want",
    (
        Column("id", "TEXT"),
        Column("state", "TEXT"),
        Column("environment", "TEXT"),
        *_SINCE,
        *_time("created_at"),
        Column("actor", "TEXT", "who wished it"),
        Column("source", "TEXT"),
        Column("refs_count", "INTEGER"),
        Column("first_ref", "TEXT"),
        _SEQ,
        Column("patterns", "TEXT", "JSON list: the ranges and globs it was wished with"),
        Column("priority", "INTEGER"),
        Column("late", "INTEGER", "1: it missed its service level"),
        *_time("expires_at"),
        *_time("late_at"),
        Column("idempotency_key", "TEXT"),
        Column("comment", "TEXT"),
        Column("reason", "TEXT", "why it was paused or canceled, or what took its place"),
        Column("failures_count", "INTEGER"),
    ),
)

WANT_REFS = Relation(
    "want_refs",
    "a ref that a want names",
    (Column("want", "TEXT"), Column("position", "INTEGER", "from 0, as it was wished"), Column("ref", "TEXT")),
)

PARTITIONS = Relation(
    "partitions",
    "a partition instance; `newest = 1` gives one a ref, as the API lists them",
    (
        Column("id", "TEXT"),
        Column("state", "TEXT"),
        Column("ref", "TEXT"),
        Column("environment", "TEXT"),
        *_SINCE,
        _SEQ,
        Column("canonical", "INTEGER", "1: readers get this one"),
        Column("newest", "INTEGER", "1: no instance of this ref was made after it"),
        Column("location", "TEXT", "where its bytes are, or would be"),
        Column("run", "TEXT", "the JobRun that makes or made it"),
        Column("tries", "INTEGER"),
        *_time("not_before", "when it may be tried again"),
        Column("needs", "TEXT", "JSON list: what its job found missing"),
        Column("failure", "TEXT", "the class of what went wrong"),
        Column("reason", "TEXT"),
        Column("digest", "TEXT"),
        Column("size_bytes", "INTEGER"),
        Column("files", "INTEGER"),
        Column("metadata", "TEXT", "JSON object"),
        Column("how", "TEXT", "built, adopted or reported"),
        Column("source", "TEXT", "the instance whose bytes it adopted"),
        Column("actor", "TEXT", "who reported it"),
    ),
)

JOBRUNS = Relation(
    "jobruns",
    "a JobRun",
    (
        Column("id", "TEXT"),
        Column("state", "TEXT"),
        Column("job", "TEXT"),
        Column("environment", "TEXT"),
        Column("want", "TEXT", "the want that led to it"),
        *_SINCE,
        _SEQ,
        Column("outputs_count", "INTEGER"),
        Column("first_output", "TEXT"),
        Column("reason", "TEXT", "why it was queued"),
        *_time("until", "when a batch that is still open starts at the latest"),
        Column("retries", "TEXT", "the JobRun that it tries again"),
        Column("failure", "TEXT", "the class of what went wrong"),
        Column("failure_reason", "TEXT"),
        Column("missing", "TEXT", "JSON list: what it found missing"),
        Column("version", "TEXT"),
        Column("fingerprint", "TEXT"),
        Column("args", "TEXT", "JSON list, null where it was given the refs"),
        Column("timeout_s", "REAL"),
        Column("pid", "INTEGER"),
    ),
)

JOBRUN_INPUTS = Relation(
    "jobrun_inputs",
    "an instance that a JobRun was given",
    (
        Column("run", "TEXT"),
        Column("position", "INTEGER"),
        Column("ref", "TEXT"),
        Column("instance", "TEXT"),
        Column("digest", "TEXT"),
    ),
)

JOBRUN_OUTPUTS = Relation(
    "jobrun_outputs",
    "a ref that a JobRun makes",
    (
        Column("run", "TEXT"),
        Column("position", "INTEGER"),
        Column("ref", "TEXT"),
        Column("instance", "TEXT", "null in a batch that is still open"),
        Column("state", "TEXT", "of the instance"),
    ),
)

JOBS = Relation(
    "jobs",
    "a job or an external, as it is configured now",
    (
        Column("name", "TEXT"),
        Column("kind", "TEXT", "job or external"),
        Column("outputs", "TEXT", "JSON list of patterns"),
        Column("inputs", "TEXT", "JSON list"),
        Column("description", "TEXT"),
        Column("executor", "TEXT"),
        Column("command", "TEXT", "JSON list"),
        Column("python", "TEXT"),
        Column("configure", "TEXT", "JSON list"),
        Column("dynamic", "INTEGER"),
        Column("pool", "TEXT"),
        Column("slots", "INTEGER"),
        Column("batch_max", "INTEGER"),
        Column("priority", "INTEGER"),
        Column("timeout_s", "REAL"),
        Column("on_code_change", "TEXT"),
        Column("fingerprint", "TEXT"),
    ),
)

POOLS = Relation(
    "pools",
    "a pool, as it is configured now",
    (Column("name", "TEXT"), Column("slots", "INTEGER")),
)

EVENTS = Relation(
    "events",
    "an entry of the log",
    (
        Column("seq", "INTEGER"),
        Column("batch", "INTEGER", "the seq of the first entry of its turn"),
        *_time("at"),
        Column("kind", "TEXT"),
        Column("version", "INTEGER", "of its kind"),
        Column("entity", "TEXT"),
        Column("cause", "INTEGER", "the seq that led to it, 0 for none"),
        Column("want", "TEXT", "the want it belongs to"),
        Column("actor", "TEXT"),
        Column("event_id", "TEXT"),
        Column("payload", "TEXT", "JSON object, as it was written"),
    ),
)

COLUMNS = Relation(
    "columns",
    "a column of these views",
    (Column("relation", "TEXT"), Column("name", "TEXT"), Column("type", "TEXT"), Column("about", "TEXT")),
)

RELATIONS: tuple[Relation, ...] = (
    WANTS,
    WANT_REFS,
    PARTITIONS,
    JOBRUNS,
    JOBRUN_INPUTS,
    JOBRUN_OUTPUTS,
    JOBS,
    POOLS,
    EVENTS,
    COLUMNS,
)

BY_NAME = {relation.name: relation for relation in RELATIONS}


def reference() -> str:
    """The views as ``docs/sql.md`` has them."""
    return "\n".join(_section(relation) for relation in RELATIONS)


def _section(relation: Relation) -> str:
    rows = (f"| `{column.name}` | {column.type} | {column.about} |" for column in relation.columns)
    return "\n".join(
        (f"### {relation.name}", "", f"A row is {relation.about}.", "", "| | | |", "|---|---|---|", *rows, "")
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
