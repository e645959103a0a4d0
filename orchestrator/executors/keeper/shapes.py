"""Lines of JSON: written, and checked when they are read. What is not what it should be raises TypeError."""

import json
from collections.abc import Mapping
from typing import cast

_encode = json.JSONEncoder(separators=(",", ":")).encode


def as_line(said: Mapping[str, object]) -> bytes:
    """Write it as one line."""
    return _encode(said).encode() + b"\n"


def whole(value: object) -> int:
    """Take a whole number."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def number(value: object) -> float:
    """Take a number."""
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def text(value: object) -> str:
    """Take a text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def items(value: object) -> list[object]:
    """Take a list."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return cast("list[object]", value)


def texts(value: object) -> list[str]:
    """Take a list of texts."""
    return [text(item) for item in items(value)]


def table(value: object) -> dict[str, object]:
    """Take a table with texts as keys."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a table")
    return {text(key): item for key, item in cast("dict[object, object]", value).items()}
