"""What SQLite complains of, in words that say what to do next."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from bel.driver import result_code
from orchestrator.sql.guard import FUNCTIONS, Guard
from orchestrator.sql.question import MEMORY_BYTES, QUESTION_S, STATEMENT_S, QueryRefused
from orchestrator.sql.relations import RELATIONS

_INTERRUPT, _NO_MEMORY, _TOO_BIG, _CORRUPT = 9, 7, 18, 11
_VIEWS = f"the views are {', '.join(relation.name for relation in RELATIONS)}"
_READS = {"SELECT", "WITH", "VALUES", "EXPLAIN"}
_SHOWN_MAX = 300


def no_select(guard: Guard, statement: str) -> QueryRefused:
    """A statement that is something else, or does something else besides."""
    verb = re.match(r"[\s(]*([A-Za-z]{1,20})", statement)
    word = verb[1].upper() if verb else "this"
    why = f"{guard.refused} is not allowed" if guard.refused and word in _READS else f"{word} is no SELECT"
    return QueryRefused("not_a_select", why, f"ask with one SELECT; {_VIEWS}")


def too_slow() -> QueryRefused:
    """A statement that does not come to an end."""
    why = f"the statement takes longer than {STATEMENT_S:g} s of a core"
    return QueryRefused("query_too_costly", why, "ask for less: a WHERE on seq or id, a join on equal columns")


def too_much() -> QueryRefused:
    """A question for which too much has to be read."""
    why = f"the question takes longer than {QUESTION_S:g} s"
    return QueryRefused("query_too_costly", why, "name fewer views: each is read as a whole")


def too_big() -> QueryRefused:
    """A statement that needs too much memory."""
    why = f"the statement needs more than {MEMORY_BYTES >> 20} MiB of memory"
    return QueryRefused("query_too_costly", why, "ask for less: fewer columns to sort and group, no long texts")


def explained(error: Exception, guard: Guard, statement: str) -> QueryRefused:
    """What went wrong with a statement."""
    code = result_code(error)
    if guard.refused:
        return no_select(guard, statement)
    if code == _INTERRUPT:
        return too_slow()
    if isinstance(error, MemoryError) or code in {_NO_MEMORY, _TOO_BIG}:
        return too_big()
    if code == _CORRUPT:
        return QueryRefused("log_damaged", f"the log cannot be read: {error}", "run: wantd bel verify")
    text = str(error)
    shown = text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
    return QueryRefused("bad_sql", f"the statement is not right: {shown}", _hint(text))


def _hint(text: str) -> str:
    if found := re.fullmatch(r"no such column: (.+)", text, re.DOTALL):
        return _nearest_columns(found[1].rpartition(".")[2].lower())
    if found := re.fullmatch(r"no such table: (.+)", text, re.DOTALL):
        return _nearest(found[1], (relation.name for relation in RELATIONS), _VIEWS)
    if found := re.fullmatch(r"no such function: (.+)", text, re.DOTALL):
        return _nearest(found[1], FUNCTIONS, "see docs/sql.md")
    if "one statement at a time" in text:
        return "send them one by one"
    return "see docs/sql.md; SELECT * FROM columns lists what there is"


def _nearest(name: str, names: Iterable[str], otherwise: str) -> str:
    near = get_close_matches(name.lower()[:_SHOWN_MAX], list(names), n=3)
    return f"the nearest: {', '.join(near)}" if near else otherwise


def _nearest_columns(name: str) -> str:
    places: dict[str, list[str]] = {}
    for relation in RELATIONS:
        for column in relation.names:
            places.setdefault(column, []).append(relation.name)
    near = get_close_matches(name[:_SHOWN_MAX], list(places), n=3)
    told = "; ".join(f"{column} (in {', '.join(places[column])})" for column in near)
    return f"the nearest: {told}" if told else "SELECT * FROM columns lists what there is"
