"""Output patterns: refs with named, typed placeholders, such as ``delays/daily/date={date:date}``.

``{x}`` stands for a non-empty part of one segment; ``{x:date}`` and the other kinds for exactly the texts of that kind;
``{x:date(2013-01-01..2013-12-31)}`` for those between two bounds, both included, either end open.

Invariant: a pattern reads a ref in at most one way. That is why a name may occur once, why a segment may hold one
untyped placeholder, and why two placeholders of varying width need a literal that is not all digits between them. So
``match(format(bindings)) == bindings`` and ``format(match(ref)) == ref``.

What a pattern does not do: choose among patterns (``index``) or compare itself with others (``overlap``).
Source: design section 10.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import assert_never

from orchestrator.catalog.errors import BadPattern
from orchestrator.catalog.kinds import INT, KINDS, Kind
from statemachines.refs import BadRef, Ref, parse_ref

PATTERN_CHARS_MAX = 512
NAME = "[A-Za-z_][A-Za-z0-9_]*"

Value = str | int
"""What a placeholder is bound to: a text, or the ordinal of a typed value (see ``kinds``)."""

Bindings = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Text:
    """A placeholder without a type: any non-empty text without a slash."""

    name: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A placeholder with a type, and the first and last ordinal it takes."""

    name: str
    kind: Kind
    low: int
    high: int | None

    def admits(self, ordinal: int) -> bool:
        """Say whether an ordinal lies within the bounds."""
        return self.low <= ordinal and (self.high is None or ordinal <= self.high)


Placeholder = Text | Typed
Segment = tuple[str | Placeholder, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; made by ``parse_pattern``."""

    text: str
    segments: tuple[Segment, ...]
    placeholders: tuple[Placeholder, ...]
    head: str
    """The literal text before the first placeholder: every ref that matches begins with it."""
    regex: re.Pattern[str]

    def match(self, ref: str) -> Bindings | None:
        """Read a ref, or return None where it is not of this form or out of bounds."""
        bindings = self.match_unbounded(ref)
        if bindings is None or not all(_within(place, bindings) for place in self.placeholders):
            return None
        return bindings

    def match_unbounded(self, ref: str) -> Bindings | None:
        """Read a ref as if the pattern had no bounds."""
        found = self.regex.fullmatch(ref)
        if found is None:
            return None
        bindings: dict[str, Value] = {}
        for place, text in zip(self.placeholders, found.groups(), strict=True):
            value = text if isinstance(place, Text) else place.kind.read(text)
            if value is None:
                return None
            bindings[place.name] = value
        return bindings

    def format(self, bindings: Bindings) -> Ref:
        """Write the ref of these bindings; raise BadRef where a text among them makes it no ref."""
        return parse_ref("/".join(_spell(segment, bindings) for segment in self.segments))

    @property
    def form(self) -> str:
        """The pattern without kinds and bounds: what all its refs have in common, whatever it is narrowed to."""
        return "/".join(
            "".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in segment)
            for segment in self.segments
        )

    def texts(self, ref: str) -> dict[str, str]:
        """Return what stands for each placeholder in a ref that matches."""
        found = self.regex.fullmatch(ref)
        assert found is not None, "it matches"
        return dict(zip((place.name for place in self.placeholders), found.groups(), strict=True))

    def sample(self) -> str:
        """Write the first ref of this form, with 'x' for untyped placeholders."""
        values = {place.name: place.low if isinstance(place, Typed) else "x" for place in self.placeholders}
        return "/".join(_spell(segment, values) for segment in self.segments)

    def kinds(self) -> dict[str, Kind | None]:
        """Return the kind of each placeholder, None for a text."""
        return {place.name: place.kind if isinstance(place, Typed) else None for place in self.placeholders}


def parse_pattern(text: str) -> Pattern:
    """Compile the text of a pattern, or raise BadPattern."""
    if len(text) > PATTERN_CHARS_MAX:
        raise BadPattern(f"the pattern {text[:40]!r}... has {len(text)} characters", f"use at most {PATTERN_CHARS_MAX}")
    segments = split_segments(
        _parse_placeholder(piece, text) if inside else piece for piece, inside in split_braces(text)
    )
    for segment in segments:
        _check_unambiguous(segment, text)
    placeholders = tuple(part for segment in segments for part in segment if not isinstance(part, str))
    _check_names(placeholders, text)
    pattern = Pattern(
        text=text,
        segments=segments,
        placeholders=placeholders,
        head=text.partition("{")[0],
        regex=re.compile("/".join("".join(map(_regex, segment)) for segment in segments)),
    )
    check_literals(text, pattern.sample())
    return pattern


def unbounded(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return segments with the bounds of their placeholders taken away."""
    return tuple(tuple(_unbounded(part) for part in segment) for segment in segments)


def split_braces(text: str) -> tuple[tuple[str, bool], ...]:
    """Split a text into its pieces: (text, False) for a literal, (inside, True) for what stood between braces."""
    pieces = re.split(r"\{([^{}]*)\}", text)
    if any("{" in literal or "}" in literal for literal in pieces[::2]):
        raise BadPattern(f"the braces in {text!r} do not pair up", "write {name} or {name:type}, without nesting")
    marked = ((piece, number % 2 == 1) for number, piece in enumerate(pieces))
    return tuple((piece, inside) for piece, inside in marked if piece or inside)


def split_segments(parts: Iterable[str | Placeholder]) -> tuple[Segment, ...]:
    """Group the parts of a whole pattern by segment; slashes are in its literals."""
    segments: list[list[str | Placeholder]] = [[]]
    for part in parts:
        if isinstance(part, str):
            first, *rest = part.split("/")
            segments[-1].append(first)
            segments.extend([text] for text in rest)
        else:
            segments[-1].append(part)
    return tuple(tuple(part for part in segment if part) for segment in segments)


def check_literals(text: str, sample: str) -> None:
    """Refuse a pattern whose literal text could never be part of a ref; ``sample`` is a ref of its form."""
    if "*" in sample:
        raise BadPattern(f"{text!r} contains '*'", "a pattern has placeholders such as {x}; '*' is for wanted refs")
    try:
        parse_ref(sample)
    except BadRef as error:
        raise BadPattern(f"{text!r} does not describe refs", str(error)) from error


def _unbounded(part: str | Placeholder) -> str | Placeholder:
    return Typed(part.name, part.kind, part.kind.low, part.kind.high) if isinstance(part, Typed) else part


def _within(place: Placeholder, bindings: Bindings) -> bool:
    value = bindings[place.name]
    return isinstance(place, Text) or isinstance(value, str) or place.admits(value)


def _spell(segment: Segment, bindings: Bindings) -> str:
    return "".join(part if isinstance(part, str) else _write(part, bindings[part.name]) for part in segment)


def _write(place: Placeholder, value: Value) -> str:
    if isinstance(place, Typed) and isinstance(value, int):
        return place.kind.write(value)
    if isinstance(place, Text) and isinstance(value, str):
        return value
    raise TypeError(f"placeholder {place.name!r} cannot be bound to {value!r}")


def _regex(part: str | Placeholder) -> str:
    match part:
        case str():
            return re.escape(part)
        case Text():
            return "([^/]+)"
        case Typed():
            return f"({part.kind.regex})"
        case _:
            assert_never(part)


# ------------------------------------------------------------------------------------------------------------- reading

_PLACEHOLDER = re.compile(rf"(?P<name>{NAME})(?P<typed>:(?P<kind>[a-z]+)(?P<bounds>\(.*\))?)?")
_BOUNDS = re.compile(r"\(([^.]*)\.\.([^.]*)\)")


def _parse_placeholder(inside: str, pattern: str) -> Placeholder:
    found = _PLACEHOLDER.fullmatch(inside)
    if found is None:
        raise BadPattern(
            f"{{{inside}}} in {pattern!r} is no placeholder", "write {name}, {name:type} or {name:type(lo..hi)}"
        )
    if found["typed"] is None:
        return Text(found["name"])
    kind = KINDS.get(found["kind"])
    if kind is None:
        raise BadPattern(
            f"{{{inside}}} in {pattern!r} has the unknown type {found['kind']!r}",
            f"the types are {', '.join(KINDS)}; {{{found['name']}}} without a type takes any text",
        )
    low, high = _parse_bounds(kind, found["bounds"], pattern) if found["bounds"] else (kind.low, kind.high)
    return Typed(found["name"], kind, low, high)


def _parse_bounds(kind: Kind, text: str, pattern: str) -> tuple[int, int | None]:
    found = _BOUNDS.fullmatch(text)
    example = f"write both ends as {kind.name}, as in {kind.name}({kind.write(kind.low)}..), or leave one out"
    if found is None:
        raise BadPattern(f"the bounds {text} in {pattern!r} are not of the form (first..last)", example)
    low = kind.parse(found[1]) if found[1] else kind.low
    high = kind.parse(found[2]) if found[2] else kind.high
    if low is None or (high is None and found[2]):
        raise BadPattern(f"the bounds {text} in {pattern!r} are not values of type {kind.name}", example)
    if high is not None and high < low:
        raise BadPattern(f"the bounds {text} in {pattern!r} hold nothing", "put the smaller one first")
    return low, high


# ------------------------------------------------------------------------------------------------------------ checking


def _check_names(placeholders: tuple[Placeholder, ...], pattern: str) -> None:
    names = [place.name for place in placeholders]
    for name in names:
        if names.count(name) > 1:
            raise BadPattern(
                f"{{{name}}} occurs twice in {pattern!r}", "name each placeholder once; outputs bind names"
            )


def _check_unambiguous(segment: Segment, pattern: str) -> None:
    if sum(isinstance(part, Text) for part in segment) > 1:
        raise BadPattern(
            f"one segment of {pattern!r} has two placeholders without a type",
            "a ref could be read in several ways: type one of them or put a '/' between them",
        )
    varying = [number for number, part in enumerate(segment) if _varies(part)]
    for left, right in pairwise(varying):
        if not any(isinstance(part, str) and not re.fullmatch("[0-9]*", part) for part in segment[left:right]):
            raise BadPattern(
                f"two placeholders of {pattern!r} run into each other",
                "put a literal between them that is not all digits, such as '-' or '/'",
            )


def _varies(part: str | Placeholder) -> bool:
    return isinstance(part, Text) or (isinstance(part, Typed) and part.kind is INT)
