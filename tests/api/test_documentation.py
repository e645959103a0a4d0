"""The reference of the API is held to the code."""

import re
from pathlib import Path

from litestar.handlers import HTTPRouteHandler

from orchestrator.api.app import HANDLERS
from orchestrator.api.refusals import _EXIT_CODES, refusal, status_of

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")

CLIENT_ONLY = {"no_daemon", "socket_failed", "socket_taken"}
"""Errors of a client, and of a server that cannot begin."""


def test_every_resource_is_documented_and_every_documented_one_exists() -> None:
    """Broken: the reference leaves out a resource, or promises one that is not there."""
    documented = set(re.findall(r"^\| (GET|POST) \| `([^`]+)` \|", TEXT, flags=re.MULTILINE))
    served = {
        (str(method), re.sub(r":str\}", "}", path))
        for handler in HANDLERS
        if isinstance(handler, HTTPRouteHandler)
        for path in handler.paths
        for method in handler.http_methods
        if method in {"GET", "POST"}
    }
    assert documented == served


def test_every_error_is_documented_with_its_status_and_exit_code() -> None:
    """Broken: a program that handles errors by their code meets one that the reference does not know."""
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| (\d+) \| (\d+) \|", TEXT, flags=re.MULTILINE)
    documented = {
        code: (int(status), int(exit_code))
        for codes, status, exit_code in rows
        for code in re.findall("[a-z_]+", codes)
    }
    known = {code: (status_of(refusal(code, "")), refusal(code, "").exit_code) for code in _EXIT_CODES}
    known["no_such_method"] = (405, 70)
    assert documented == {code: told for code, told in known.items() if code not in CLIENT_ONLY}
