"""Input expressions: refs computed from what an output pattern bound.

``flights/raw/date={date}`` is the same day, ``{date-1d}`` the day before, ``{date-7d..date-1d}`` the seven days before,
``{days(month)}`` the days of a month, ``{month(date)}`` the month of a day; a text without braces is a constant. An
expression is a **range of one kind**: a name is a range of one, an offset shifts a range, a function widens or coarsens
it, and ``a..b`` runs from where a begins to where b ends. Several in one text give every combination.

Values that the kind cannot spell (negative numbers, the year 0) are left out. Source: design section 10.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from orchestrator.catalog.calendars import STEPS, Step
from orchestrator.catalog.errors import BadPattern, TooMany
from orchestrator.catalog.kinds import Kind
from orchestrator.catalog.patterns import (
    NAME,
    PATTERN_CHARS_MAX,
    Bindings,
    Segment,
    Text,
    Typed,
    check_literals,
    split_braces,
    split_segments,
)

INPUTS_MAX = 100_000
"""How many refs one input text may stand for, for one output."""

Kinds = Mapping[str, Kind | None]
Span = tuple[int, int]
"""First and last ordinal; empty when first > last."""

EMPTY: Span = (1, 0)


@dataclass(frozen=True, slots=True)
class Copy:
    """The text of an untyped placeholder."""

    name: str

    def texts(self, bindings: Bindings) -> tuple[str, ...]:
        """Return the one text it stands for."""
        return (str(bindings[self.name]),)


@dataclass(frozen=True, slots=True)
class Range:
    """A range of ordinals of one kind, computed from bindings."""

    kind: Kind
    span: Callable[[Bindings], Span]
    moves: bool
    """Whether it may leave the bounds of the data by itself: it has an offset, a window or a calendar."""

    def texts(self, bindings: Bindings) -> tuple[str, ...]:
        """Return the spellings of all its values."""
        first, last = self.kind.clip(*self.span(bindings))
        if first == last:
            return (self.kind.write(first),)
        if last - first >= INPUTS_MAX:
            raise TooMany(f"an input stands for {last - first + 1} refs", f"at most {INPUTS_MAX} are allowed")
        return tuple(map(self.kind.write, range(first, last + 1)))


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled input text; made by ``parse_template``."""

    text: str
    parts: tuple[str | Copy | Range, ...]

    @property
    def moves(self) -> bool:
        """Say whether what lies outside everyone's bounds is to be left out."""
        return any(isinstance(part, Range) and part.moves for part in self.parts)

    @property
    def varies(self) -> bool:
        """Say whether this has placeholders; without them it is a constant."""
        return any(not isinstance(part, str) for part in self.parts)

    def sample(self) -> str:
        """Write one text of this form."""
        return "".join(part if isinstance(part, str) else _sample(part) for part in self.parts)

    def texts(self, bindings: Bindings) -> Iterator[str]:
        """Compute the inputs of one output, in order; raise TooMany above INPUTS_MAX."""
        choices = [(part,) if isinstance(part, str) else part.texts(bindings) for part in self.parts]
        size = prod(map(len, choices))
        if size > INPUTS_MAX:
            raise TooMany(f"the input {self.text!r} stands for {size} refs", f"at most {INPUTS_MAX} are allowed")
        return map("".join, product(*choices))

    def segments(self) -> tuple[Segment, ...]:
        """Describe every ref this could ever stand for, as the segments of a pattern without bounds."""
        return split_segments(part if isinstance(part, str) else _anything(part) for part in self.parts)


def parse_template(text: str, kinds: Kinds) -> Template:
    """Compile an input text over the placeholders of an output pattern, or raise BadPattern."""
    if len(text) > PATTERN_CHARS_MAX:
        raise BadPattern(f"the input {text[:40]!r}... has {len(text)} characters", f"use at most {PATTERN_CHARS_MAX}")
    parts = tuple(_Reader(text, kinds).part(piece) if inside else piece for piece, inside in split_braces(text))
    template = Template(text, parts)
    check_literals(text, template.sample())
    return template


def _anything(part: Copy | Range) -> Text | Typed:
    return (
        Text(part.name) if isinstance(part, Copy) else Typed(part.kind.name, part.kind, part.kind.low, part.kind.high)
    )


def _sample(part: Copy | Range) -> str:
    return "x" if isinstance(part, Copy) else part.kind.write(part.kind.low)


# ------------------------------------------------------------------------------------------------------------- reading

_TERM = re.compile(
    rf"(?:(?P<function>[a-z]+)\((?P<argument>.+)\)|(?P<name>{NAME}))"
    r"(?P<offset>(?P<sign>[+-])(?P<number>[0-9]{1,9})(?P<unit>[a-z]?))?"
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the expressions of one input text."""

    text: str
    kinds: Kinds

    def part(self, inside: str) -> Copy | Range:
        """Read what stands between two braces: a copy, a term, or a window of two terms."""
        if inside in self.kinds and self.kinds[inside] is None:
            return Copy(inside)
        begin, dots, end = inside.partition("..")
        first = self.term(begin)
        return _window(first, self._same_kind(first, self.term(end), inside)) if dots else first

    def term(self, text: str) -> Range:
        """Read a name or a function, with or without an offset."""
        found = _TERM.fullmatch(text)
        if found is None:
            raise self._bad(
                f"{{{text}}} is no expression",
                "write a name, {date-1d}, {date-7d..date-1d}, {days(month)} or {month(date)}",
            )
        base = self._call(found["function"], found["argument"]) if found["function"] else self._name(found["name"])
        return self._shifted(base, found) if found["offset"] else base

    def _name(self, name: str) -> Range:
        if name not in self.kinds:
            known = ", ".join(self.kinds) or "none"
            raise self._bad(f"no placeholder of the output is named {name!r}", f"it has: {known}")
        kind = self.kinds[name]
        if kind is None:
            raise self._bad(
                f"{name!r} has no type, so it can only be copied", f"give it one in outputs: {{{name}:date}}"
            )
        return Range(kind, lambda bindings: _alone(bindings[name]), moves=False)

    def _call(self, function: str, argument: str) -> Range:
        inner = self.term(argument)
        step = STEPS.get((function, inner.kind))
        if step is None:
            known = ", ".join(f"{name}({kind.name})" for name, kind in STEPS)
            raise self._bad(f"there is no {function}() of a value of type {inner.kind.name}", f"there are: {known}")
        return _applied(step, inner)

    def _shifted(self, base: Range, found: re.Match[str]) -> Range:
        unit = base.kind.units.get(found["unit"])
        if unit is None:
            forms = " or ".join(f"-1{unit}" for unit in base.kind.units)
            raise self._bad(f"an offset on type {base.kind.name} cannot be {found['offset']!r}", f"write {forms}")
        return _moved(base, int(found["sign"] + found["number"]) * unit)

    def _same_kind(self, first: Range, last: Range, inside: str) -> Range:
        if first.kind is not last.kind:
            raise self._bad(
                f"{{{inside}}} runs from type {first.kind.name} to type {last.kind.name}",
                "both ends of a window must have one type",
            )
        return last

    def _bad(self, why: str, hint: str) -> BadPattern:
        return BadPattern(f"in {self.text!r}: {why}", hint)


def _alone(value: str | int) -> Span:
    assert isinstance(value, int), "a typed placeholder is bound to an ordinal"
    return value, value


def _moved(base: Range, ordinals: int) -> Range:
    def span(bindings: Bindings) -> Span:
        first, last = base.span(bindings)
        return first + ordinals, last + ordinals

    return Range(base.kind, span, moves=True)


def _applied(step: Step, inner: Range) -> Range:
    def span(bindings: Bindings) -> Span:
        first, last = inner.kind.clip(*inner.span(bindings))
        return (step.span(first)[0], step.span(last)[1]) if first <= last else EMPTY

    return Range(step.to, span, moves=inner.moves or step.widens)


def _window(begin: Range, end: Range) -> Range:
    def span(bindings: Bindings) -> Span:
        first, last = begin.span(bindings), end.span(bindings)
        return (first[0], last[1]) if first[0] <= first[1] and last[0] <= last[1] else EMPTY

    return Range(begin.kind, span, moves=True)
