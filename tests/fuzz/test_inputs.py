"""What comes from files and from jobs: whatever it is, it is understood, or refused in our own words.

Each kind of input is made from what is right by spoiling it, and its reader may raise exactly what it is documented to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.catalog import Catalog, build_catalog
from orchestrator.catalog.errors import CatalogError
from orchestrator.catalog.mapping import parse_template
from orchestrator.catalog.patterns import Typed, parse_pattern
from orchestrator.cli.failures import Exit, explain
from orchestrator.config import ConfigError
from orchestrator.config import read_config as parse_config
from orchestrator.daemon import Application
from orchestrator.executors import survey
from orchestrator.executors.base import ExecutorError
from orchestrator.executors.keeper.journal import NAME
from orchestrator.executors.keeper.wire import BadMessage, parse_message
from orchestrator.executors.keeper.worker import _parse_reply
from orchestrator.report import BadReport, Report, parse_report
from orchestrator.runtime.asking import _checked
from statemachines.refs import BadRef, Ref, parse_ref
from tests.api.rigs import CONFIG
from tests.fuzz.mutants import TEXTS, cut_and_pasted, line, lines, toml, with_a_fault
from tests.fuzz.samples import (
    ANSWERS,
    CONFIGS,
    HEADER,
    INPUTS,
    JOURNAL,
    MESSAGES,
    PATTERNS,
    REFS,
    REPLIES,
    REPORT,
    TABLES,
)

BYTES = st.binary(max_size=300) | st.sampled_from([b"\xef\xbb\xbf", b"9" * 5_000])
DEEP = ("[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000, '{"metadata": ' + "[" * 100_000)
"""Nested deeper than any parser that calls itself can go."""


class Input(NamedTuple):
    """A kind of input: how it is made, how it is read, and what reading it may raise."""

    made: st.SearchStrategy[Any]
    read: Callable[[Any], object]
    refusals: tuple[type[Exception], ...] = ()


def read_config(content: bytes) -> None:
    """Read a configuration and all that it names, as every command does."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "wantd.toml"
        path.write_bytes(content)
        try:
            Application.load(path)
        except ConfigError as error:
            told = explain(error)
            assert told is not None
            assert told.code in {Exit.BAD_CONFIG, Exit.BAD_DATA}
            assert told.why


@cache
def small() -> Catalog:
    """A catalog to want from."""
    config = parse_config(Path("/app/wantd.toml"), CONFIG, 1)
    return build_catalog(config, Path("/app"), {job.name: "" for job in config.jobs})


def read_wanted(text: str) -> None:
    """Take a text for refs, as a want does."""
    small().expand(text, [Ref("raw/1"), Ref("top/2")])


def read_pattern(text: str) -> None:
    """Take a text for a pattern, and match it with refs."""
    pattern = parse_pattern(text)
    for ref in REFS:
        pattern.match(ref)


def read_input(texts: tuple[str, str]) -> None:
    """Take a text for an input of a pattern."""
    pattern = parse_pattern(texts[0])
    parse_template(
        texts[1], {place.name: place.kind if isinstance(place, Typed) else None for place in pattern.placeholders}
    )


def read_journal(said: bytes) -> None:
    """Read what a dead keeper leaves; nothing is looked for that it may have left running."""
    with TemporaryDirectory() as folder, patch.object(survey, "clear_leftovers"):
        (Path(folder) / NAME).write_bytes(said)
        survey.read_dead(Path(folder))


def read_answer(said: bytes) -> None:
    """Read what a job's configure prints about two refs."""
    _checked((Ref("a"), Ref("b")), said)


def read_report(said: bytes) -> None:
    """Read what a job reports."""
    assert isinstance(parse_report(said), Report | BadReport)


def encoded(text: str) -> bytes:
    return text.encode(errors="replace")


CONFIG_BYTES = st.one_of(
    BYTES,
    cut_and_pasted(CONFIGS).map(encoded),
    with_a_fault(TABLES).map(lambda value: encoded(toml(value) if isinstance(value, dict) else str(value))),
)
ANSWER_BYTES = st.one_of(
    BYTES,
    with_a_fault(ANSWERS).map(json.dumps).map(encoded),
    cut_and_pasted([json.dumps(answer) for answer in ANSWERS]).map(encoded),
)
HEAD = encoded(json.dumps(HEADER) + "\n")
JOURNAL_BYTES = BYTES | st.tuples(lines([HEADER]) | st.just(HEAD), BYTES | lines(JOURNAL)).map(b"".join)

KINDS = {
    "configuration": Input(CONFIG_BYTES, read_config),
    "ref": Input(TEXTS | st.text() | cut_and_pasted(REFS), parse_ref, (BadRef,)),
    "wanted text": Input(TEXTS | st.text() | cut_and_pasted(REFS), read_wanted, (BadRef, CatalogError)),
    "pattern": Input(TEXTS | st.text() | cut_and_pasted(PATTERNS), read_pattern, (CatalogError,)),
    "input": Input(st.tuples(st.sampled_from(PATTERNS), TEXTS | cut_and_pasted(INPUTS)), read_input, (CatalogError,)),
    "report": Input(BYTES | lines(REPORT), read_report),
    "answer of configure": Input(ANSWER_BYTES, read_answer, (ValueError,)),
    "journal": Input(JOURNAL_BYTES, read_journal, (ExecutorError,)),
    "request to a keeper": Input(BYTES | line(MESSAGES), parse_message, (BadMessage,)),
    "reply of a worker": Input(BYTES | line(REPLIES), _parse_reply),
}


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
@pytest.mark.parametrize(
    "name", ["configuration", "report", "answer of configure", "journal", "request to a keeper", "reply of a worker"]
)
def test_what_is_nested_without_end_is_refused(name: str, text: str) -> None:
    """Broken: some brackets end whoever reads them."""
    kind = KINDS[name]
    for said in (encoded(text), HEAD + encoded(text) + b"\n"):
        with suppress(*kind.refusals):
            kind.read(said)


def hunt(kind: Input, how: settings) -> None:
    """Read many inputs of a kind."""

    @settings(how)
    @given(kind.made)
    def read(value: object) -> None:
        with suppress(*kind.refusals):
            kind.read(value)

    read()


@pytest.mark.parametrize("name", KINDS)
def test_whatever_it_is_it_is_understood_or_refused(name: str) -> None:
    """Broken: something from outside ends in a traceback, or ends the daemon or a keeper."""
    hunt(KINDS[name], settings(max_examples=500, derandomize=True))


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_whatever_it_is_it_is_understood_or_refused_however_long_it_is_tried(name: str) -> None:
    """Broken: as above, for an input that is found only by looking longer."""
    hunt(KINDS[name], settings(max_examples=20_000, print_blob=True))
