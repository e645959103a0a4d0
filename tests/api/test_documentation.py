"""The reference of the API and its OpenAPI document are held to the code."""

import asyncio
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from bel.errors import BelError
from orchestrator.api.openapi import document_of, text_of
from orchestrator.api.operations import OPERATIONS
from orchestrator.api.refusals import status_of
from orchestrator.api.server import serve
from orchestrator.daemon import open_engine
from orchestrator.errors import EXIT_CODES, ErrorCode
from tests.api.rigs import application
from tests.security.wire import ask

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "api.md").read_text(encoding="utf-8")

OF_NO_OPERATION: tuple[ErrorCode, ...] = ("no_such_page", "no_such_method")


def test_every_resource_is_documented_and_every_documented_one_exists() -> None:
    """Broken: the reference leaves out a resource, or promises one that is not there."""
    documented = set(re.findall(r"^\| (GET|POST) \| `([^`]+)` \|", TEXT, flags=re.MULTILINE))
    assert documented == {(operation.method, operation.path) for operation in OPERATIONS}


def test_every_error_is_documented_with_its_status_and_exit_code() -> None:
    """Broken: a program that handles errors by their code meets one that the reference does not know."""
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| (\d+) \| (\d+) \|", TEXT, flags=re.MULTILINE)
    documented = {
        code: (int(status), int(exit_code))
        for codes, status, exit_code in rows
        for code in re.findall("[a-z_]+", codes)
    }
    sent: set[ErrorCode] = {code for operation in OPERATIONS for code in operation.refuses}
    sent.update(OF_NO_OPERATION)
    assert documented == {code: (status_of(code), EXIT_CODES[code]) for code in sent}


def test_the_codes_are_one_closed_set() -> None:
    """Broken: an error has a code without a meaning, or the log raises one that no door can pass on."""
    codes: set[str] = set(get_args(ErrorCode))
    assert set(EXIT_CODES) == codes
    assert {kind.code for kind in family(BelError)} <= codes


def family(kind: type[BelError]) -> set[type[BelError]]:
    return {child for direct in kind.__subclasses__() for child in (direct, *family(direct))}


def test_the_document_is_checked_in() -> None:
    """Broken: docs/openapi.json describes another version than the one that is served."""
    written = (DOCS / "openapi.json").read_text(encoding="utf-8")
    assert written == text_of(document_of(OPERATIONS)), "run: python -m orchestrator.api.openapi > docs/openapi.json"


@pytest.mark.asyncio
async def test_the_document_is_served(tmp_path: Path) -> None:
    """Broken: a program that asks the daemon what it can be asked is told something else than the reference."""
    told = application(tmp_path)
    async with open_engine(told) as engine, serve(engine):
        told_us = await asyncio.to_thread(ask, told.layout.socket, "GET", "/api/v1/openapi.json")
    assert told_us.json() == json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    """Broken: two operations share a name in generated clients, or one is not explained."""
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(operation.about for operation in OPERATIONS)
