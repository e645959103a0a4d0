"""Where in a TOML file a key is.

The parser of the standard library keeps no positions, so the text is scanned for table headers and keys. That is a best
effort: a key inside an inline table is placed on the line of the outermost key it belongs to.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from orchestrator.config.errors import ConfigError

Where = tuple[str | int, ...]
"""A place in the file: ``("job", 2, "outputs", 0)``."""

Finding = tuple[Where, str, str]
"""What a rule finds: where, why, and what to do."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*([A-Za-z0-9_."'-]+)\s*=""")


class Source(Struct, frozen=True):
    """A configuration file and its text."""

    path: Path
    text: str

    def error(self, where: Where, why: str, hint: str) -> ConfigError:
        """Make the error that says what is wrong at a place."""
        return ConfigError(self.path, self.line_of(where), spell(where), why, hint)

    def line_of(self, where: Where) -> int | None:
        """Return the line of a place, or of the nearest thing around it that has one."""
        lines: dict[Where, int] = {}
        for place, line in _places(self.text):
            lines.setdefault(place, line)
        around = (where[:size] for size in range(len(where), 0, -1))
        return next((lines[place] for place in around if place in lines), None)


def spell(where: Where) -> str:
    """Write a place as people do, counting from one: ``job[3].outputs[1]``."""
    text = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in where)
    return text.removeprefix(".")


def _places(text: str) -> Iterator[tuple[Where, int]]:
    table: Where = ()
    seen: dict[tuple[str, ...], int] = {}
    for line, content in enumerate(text.splitlines(), start=1):
        header = _HEADER.fullmatch(content)
        if header is not None:
            way = tuple(_names(header[2]))
            if header[1] == "[[":
                seen[way] = seen.get(way, -1) + 1
            table = _numbered(way, seen)
            yield table, line
        elif (key := _KEY.match(content)) is not None:
            names = _names(key[1])
            for size in range(1, len(names) + 1):
                yield (*table, *names[:size]), line


def _numbered(way: tuple[str, ...], seen: Mapping[tuple[str, ...], int]) -> Where:
    """The place of a table: behind each array of tables on the way to it, the number of its newest one."""
    place: list[str | int] = []
    for size, name in enumerate(way, start=1):
        place.append(name)
        if way[:size] in seen:
            place.append(seen[way[:size]])
    return tuple(place)


def _names(dotted: str) -> list[str]:
    return [name.strip().strip("\"'") for name in dotted.split(".")]
