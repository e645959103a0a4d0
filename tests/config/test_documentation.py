"""The reference of the configuration, held to what the code reads."""

import re
from pathlib import Path

import pytest
from msgspec import Struct

from orchestrator.catalog.calendars import STEPS
from orchestrator.catalog.kinds import KINDS
from orchestrator.catalog.mapping import parse_template
from orchestrator.catalog.patterns import parse_pattern
from orchestrator.config.convert import STRUCTS
from orchestrator.config.tables import Tables
from orchestrator.config.units import BYTES
from statemachines.refs import Ref
from tests.catalog.samples import catalog_of

TEXT = (Path(__file__).parents[2] / "docs/configuration.md").read_text()
CODE = re.findall("`([^`\n]+)`", TEXT)
EXPRESSIONS = [text for text in CODE if re.fullmatch(r"\{[^:= ]+\}", text)]
OF_A_JOB = {"inputs", "batch", "resources", "secrets"}
OF_OUTWARD = {"webhook", "openlineage", "opentelemetry"}
PLACEHOLDERS = [text for text in CODE if re.fullmatch(r"\{[a-z]+:[^ ]+\}", text)]


def words(text: str) -> set[str]:
    return {word for code in re.findall("`([^`\n]+)`", text) for word in re.findall("[A-Za-z_]+", code)}


def section(table: str) -> str:
    (text,) = re.findall(rf"^## `\[+{table}\]+`.*?(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    return str(text)


@pytest.mark.parametrize(("table", "struct"), sorted(STRUCTS.items()))
def test_every_key_is_explained(table: str, struct: type[Struct]) -> None:
    """A user could not learn of a key, or would look for it in the wrong table."""
    home = "job" if table in OF_A_JOB else "outward" if table in OF_OUTWARD else table
    text = TEXT if struct is Tables else section(home)
    missing = set(struct.__struct_fields__) - words(text)
    assert not missing, f"{table}: {missing}"


def test_every_unit_type_and_function_is_explained() -> None:
    """A user could not learn of a part of the language."""
    assert set(BYTES) <= words(TEXT)
    assert {f"{{x:{kind}}}" for kind in KINDS} <= set(PLACEHOLDERS)
    assert {f"{{{function}({kind.name})}}" for function, kind in STEPS} <= set(EXPRESSIONS)


def test_placeholders_shown_are_taken() -> None:
    """The reference would show patterns that are refused."""
    assert len(PLACEHOLDERS) >= 9
    for text in PLACEHOLDERS:
        parse_pattern(text)


def test_expressions_shown_are_taken() -> None:
    """The reference would show inputs that are refused."""
    names = [f"{kind}={{{kind}:{kind}}}" for kind in KINDS if kind != "int"]
    kinds = parse_pattern("/".join([*names, "{n:int}", "{x}"])).kinds()
    assert len(EXPRESSIONS) >= 20
    for text in EXPRESSIONS:
        parse_template(text, kinds)


def test_the_example_is_a_catalog() -> None:
    """The first thing a user copies would not work."""
    (example,) = re.findall("```toml\n(.*?)```", TEXT, re.DOTALL)
    catalog = catalog_of(example)
    assert len(catalog.inputs(Ref("delays/monthly/month=2013-02"))) == 28
