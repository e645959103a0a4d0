"""Everything that the document says may be asked is asked, well and badly, of a real engine over TCP.

schemathesis makes the requests from the document: what fits it, and what just does not. Each answer is held to the
document: its status, its media type, its shape, its codes. What fits may be refused as making no sense (422) or as too
late (412); what does not fit must be refused; nothing may be an error of the server.
"""
# pyright: reportUnknownMemberType=false, reportUntypedFunctionDecorator=false

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from orchestrator.api.tokens import create_token
from tests.fuzz.rigs import names_for, running, session_with
from tests.house.source import ROOT

MOST_S = 0.01
"""How long a request may wait for something to happen."""

WHOLE_NUMBERS = {"limit", "priority"}

NAMES: dict[str, tuple[str, ...]] = {
    "refs": ("raw/1", "top/3", "bad/1", "inside", "raw/1..5", "{raw,top}/4", "raw/*"),
    "ref": ("outside", "raw/1", "top/1", "slow"),
    "want": ("the-want",),
    "run": ("the-run",),
    "whichever": ("*",),
    "moments": ("0", "5", "-1s"),
    "statements": ("SELECT 1", "SELECT * FROM wants", "SELECT count(*) FROM events", "DELETE FROM wants"),
}
"""What is named now and then, where the rest is noise: things that there are."""

WHERE = {
    "path.want": ("want", 0.5),
    "path.run": ("run", 0.5),
    "query.want": ("want", 0.3),
    "query.ref": ("ref", 0.5),
    "query.at": ("moments", 0.3),
    "query.begin": ("moments", 0.7),
    "query.end": ("moments", 0.7),
    "header.If-Match": ("whichever", 0.7),
    "body.ref": ("ref", 0.5),
    "body.statement": ("statements", 0.7),
    "body.refs[*]": ("refs", 0.5),
}

CONFIG = schemathesis.Config.from_dict(
    {
        "dictionaries": {name: {"values": list(values)} for name, values in NAMES.items()},
        "parameters": {where: {"dictionary": name, "probability": often} for where, (name, often) in WHERE.items()},
        "generation": {"with-security-parameters": False},
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "412", "422"]}},
    }
)
DOCUMENT = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.json", config=CONFIG)
SCHEMA = DOCUMENT.exclude(path_regex="/(stream|sql)$")  # an answer that does not end, and a process each time
QUESTIONS = DOCUMENT.include(path_regex="/sql$")
HOWEVER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None, print_blob=True
)


class Daemon(NamedTuple):
    """A daemon, how it is spoken to, and how often each operation gave each status."""

    socket: Path
    url: str
    session: requests.Session
    answered: Counter[tuple[str, int]]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("fuzz") / "app") as told:
        session = session_with(create_token(told.layout.tokens, "fuzz", "admin"))
        yield Daemon(told.layout.socket, f"http://{told.config.api.listen}", session, Counter())
        session.close()


@pytest.fixture
def ids(daemon: Daemon, request: pytest.FixtureRequest) -> dict[str, str]:
    """A want and a JobRun with which the operation under test can do something."""
    return asyncio.run(names_for(daemon.socket, request.node.name))


def ask(case: Case[Any], daemon: Daemon, ids: dict[str, str]) -> None:
    """Ask, patiently but not for long, and hold the answer to the document."""
    if isinstance(case.query.get("timeout_s"), int | float):
        case.query["timeout_s"] = min(case.query["timeout_s"], MOST_S)
    case.body = with_whole_numbers(case.body)
    for name in {"want", "run"} & set(case.path_parameters):
        if case.path_parameters[name] in NAMES[name]:
            case.path_parameters[name] = ids[name]
    response = case.call(base_url=daemon.url, session=daemon.session)
    daemon.answered[case.operation.label, response.status_code] += 1
    case.validate_response(response)


def with_whole_numbers(body: Any) -> Any:
    """The same body without points: to a schema 5.0 is a whole number, to us (docs/api.md) it is not."""
    if not isinstance(body, dict):
        return body
    told = cast("dict[str, object]", body)
    return {
        name: int(value) if name in WHOLE_NUMBERS and isinstance(value, float) and value.is_integer() else value
        for name, value in told.items()
    }


@SCHEMA.parametrize()
@settings(HOWEVER, max_examples=200, derandomize=True)
def test_every_answer_is_in_the_document(case: Case[Any], daemon: Daemon, ids: dict[str, str]) -> None:
    """Broken: a request ends in an error of the server, is wrongly taken or refused, or is answered otherwise."""
    ask(case, daemon, ids)


@QUESTIONS.parametrize()
@settings(HOWEVER, max_examples=200, derandomize=True)
def test_every_answer_to_a_question_is_in_the_document(case: Case[Any], daemon: Daemon, ids: dict[str, str]) -> None:
    """Broken: a statement from outside ends in an error of the server, or is answered otherwise than said."""
    ask(case, daemon, ids)


@pytest.mark.long
@SCHEMA.parametrize()
@settings(HOWEVER, max_examples=10_000)
def test_every_answer_is_in_the_document_whatever_is_asked(
    case: Case[Any], daemon: Daemon, ids: dict[str, str]
) -> None:
    """Broken: as above, for a request that is found only by looking longer."""
    ask(case, daemon, ids)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@QUESTIONS.parametrize()
@settings(HOWEVER, max_examples=10_000)
def test_every_answer_to_a_question_is_in_the_document_whatever_is_asked(
    case: Case[Any], daemon: Daemon, ids: dict[str, str]
) -> None:
    """Broken: as above, for a statement that is found only by looking longer. Each takes a process: an hour in all."""
    ask(case, daemon, ids)


def test_every_operation_was_also_done(daemon: Daemon) -> None:
    """Broken: the requests above were all refused, and nothing behind the door was tried."""
    asked: Counter[str] = Counter()
    done: set[str] = set()
    for (label, status), times in daemon.answered.items():
        asked[label] += times
        done |= {label} if status in {200, 201} else set()
    assert {label for label, times in asked.items() if times > 70} - done == set()
