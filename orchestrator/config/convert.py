"""From what the TOML parser gives to the structs of ``tables``, with errors that a user can act on."""

import re
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import Struct

from orchestrator.config.errors import ConfigError
from orchestrator.config.source import Source, Where
from orchestrator.config.tables import (
    ApiTable,
    Application,
    Batch,
    ExternalTable,
    InputTable,
    JobTable,
    Limits,
    OpenlineageTable,
    OpentelemetryTable,
    OutwardTable,
    ResourcesTable,
    RetryTable,
    SecretTable,
    Tables,
    WebhookTable,
)
from orchestrator.config.units import Duration, Size, parse_duration, parse_size

STRUCTS: dict[str, type[Struct]] = {
    "": Tables,
    "application": Application,
    "retry": RetryTable,
    "limits": Limits,
    "api": ApiTable,
    "job": JobTable,
    "inputs": InputTable,
    "batch": Batch,
    "resources": ResourcesTable,
    "secrets": SecretTable,
    "external": ExternalTable,
    "outward": OutwardTable,
    "webhook": WebhookTable,
    "openlineage": OpenlineageTable,
    "opentelemetry": OpentelemetryTable,
}
"""The struct behind each table, by the last name on the way to it."""

_STEP = re.compile(r"\.([A-Za-z_]+)|\[([0-9]+)\]")
_TOML_WORDS = {
    "object": "a table",
    "array": "an array",
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}


def convert(document: dict[str, Any], source: Source) -> Tables:
    """Check keys and types of a parsed file, or raise ConfigError."""
    try:
        return msgspec.convert(document, Tables, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise _explain(source, str(error)) from error


def _decode(kind: type, value: object) -> object:
    if kind is Duration:
        return parse_duration(value)
    if kind is Size:
        return parse_size(value)
    raise NotImplementedError(kind)


def _explain(source: Source, message: str) -> ConfigError:
    why, _, path = message.rpartition(" - at `$") if " - at `$" in message else (message, "", "")
    where: Where = tuple(int(number) if number else name for name, number in _STEP.findall(path))
    if (unknown := re.fullmatch("Object contains unknown field `(.*)`", why, re.DOTALL)) is not None:
        return _unknown_key(source, where, unknown[1])
    if (missing := re.fullmatch("Object missing required field `(.*)`", why)) is not None:
        return _missing_key(source, where, missing[1])
    hint = "docs/configuration.md says what each key takes"
    return source.error(where, re.sub("`([^`]*)`", _in_toml_words, why.replace("Expected", "expected")), hint)


def _unknown_key(source: Source, where: Where, key: str) -> ConfigError:
    known = STRUCTS[_table(where)].__struct_fields__
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the keys here are {', '.join(known)}"
    return source.error((*where, key), f"there is no key {key!r}", hint)


def _missing_key(source: Source, where: Where, key: str) -> ConfigError:
    table = _table(where)
    owner = f"every {table}" if table in {"job", "external", "webhook"} else table or "the file"
    return source.error(where, f"the key {key!r} is missing", f"{owner} needs it")


def _table(where: Where) -> str:
    return next((step for step in reversed(where) if isinstance(step, str)), "")


def _in_toml_words(found: re.Match[str]) -> str:
    names = [name for name in found[1].split(" | ") if name != "null"]
    return " or ".join(_TOML_WORDS.get(name, repr(name)) for name in names)
