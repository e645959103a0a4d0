"""Finding, among many patterns, the one that a ref matches.

Patterns are kept by their heads (the literal text before the first placeholder). A ref is looked up once for each
length a head has, and only patterns whose head it really begins with are tried; so the cost follows the number of
different head lengths, not the number of patterns.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from orchestrator.catalog.patterns import Pattern

T = TypeVar("T")


class PatternIndex(Generic[T]):
    """Patterns, each with what it stands for."""

    def __init__(self, entries: Iterable[tuple[Pattern, T]]) -> None:
        self._by_head: dict[str, list[tuple[Pattern, T]]] = {}
        for pattern, owner in entries:
            self._by_head.setdefault(pattern.head, []).append((pattern, owner))
        self._lengths = sorted({len(head) for head in self._by_head}, reverse=True)

    def near(self, ref: str) -> Iterator[tuple[Pattern, T]]:
        """Yield the patterns whose heads a ref begins with, longest heads first."""
        for length in self._lengths:
            yield from self._by_head.get(ref[:length], ())

    def __iter__(self) -> Iterator[tuple[Pattern, T]]:
        for entries in self._by_head.values():
            yield from entries
