"""Pieces of what a person types for refs: alternatives, globs and ranges.

``{raw,daily}/date=2013-01-05`` are two refs, ``date=2013-01-01..2013-01-31`` a month of them, and in
``delays/*/date=2013-01-05`` each ``*`` stands for any text within a segment. Ranges are read by output patterns, so
they mean what the type says; globs choose among refs that are known already. ``Catalog.expand`` puts the
pieces together.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from typing import assert_never

from orchestrator.catalog.errors import NothingMatches, TooMany
from orchestrator.catalog.patterns import Pattern, Placeholder, Text, Typed, Value
from statemachines.refs import Ref


def is_plain(text: str) -> bool:
    """Say whether a text can only stand for the one ref it spells."""
    return not ("{" in text or "}" in text or "*" in text or ".." in text)


def alternatives(text: str, limit: int) -> Iterator[str]:
    """Yield every combination of the alternatives ``{a,b}`` in a text."""
    pieces = re.split(r"\{([^{}]*)\}", text)
    if any("{" in piece or "}" in piece for piece in pieces[::2]):
        raise NothingMatches(f"the braces in {text!r} do not pair up", "write {a,b}, without nesting")
    choices = [piece.split(",") if number % 2 else [piece] for number, piece in enumerate(pieces)]
    check_size(text, prod(map(len, choices)), limit)
    return map("".join, product(*choices))


def globbed(text: str, known: Iterable[Ref]) -> Iterator[Ref]:
    """Yield the known refs that a glob matches, in their order."""
    regex = re.compile("[^/]*".join(map(re.escape, re.split(r"\*+", text))))
    return (ref for ref in known if regex.fullmatch(ref))


def ranged(text: str, pattern: Pattern, limit: int) -> Iterator[Ref]:
    """Yield the refs of a text that has ``first..last`` for typed values of a pattern; none if it is not of its form.

    Bounds are not looked at: whether somebody makes each ref is asked of all patterns together.
    """
    found = re.fullmatch("/".join("".join(map(_regex, segment)) for segment in pattern.segments), text)
    if found is None:
        return
    spans = [_span(text, place, found) for place in pattern.placeholders]
    if None in spans:
        return
    choices: list[Sequence[Value]] = [span for span in spans if span is not None]
    check_size(text, prod(map(_size, choices)), limit)
    names = [place.name for place in pattern.placeholders]
    for values in product(*choices):
        yield pattern.format(dict(zip(names, values, strict=True)))


def _size(choice: Sequence[Value]) -> int:
    # len() of a range cannot tell more than a C integer holds.
    return choice.stop - choice.start if isinstance(choice, range) else len(choice)


def check_size(text: str, size: int, limit: int) -> None:
    """Raise TooMany where a text stands for more refs than allowed."""
    if size > limit:
        raise TooMany(f"{text!r} stands for {size} refs", f"at most {limit} are allowed (limits.refs_per_want)")


def _regex(part: str | Placeholder) -> str:
    match part:
        case str():
            return re.escape(part)
        case Text():  # reluctant, so that what can be a range is one
            return f"(?P<{part.name}>[^/]+?)"
        case Typed():
            return rf"(?P<{part.name}>{part.kind.regex}(?:\.\.{part.kind.regex})?)"
        case _:
            assert_never(part)


def _span(text: str, place: Placeholder, found: re.Match[str]) -> Sequence[str] | range | None:
    if isinstance(place, Text):
        return [found[place.name]]
    begin, dots, end = found[place.name].partition("..")
    first = place.kind.read(begin)
    last = place.kind.read(end) if dots else first
    if first is None or last is None:
        return None
    if last < first:
        raise NothingMatches(f"the range {begin}..{end} in {text!r} holds nothing", "put the smaller one first")
    return range(first, last + 1)
