"""Entities that stay as they were encoded until somebody looks at them.

A start, or a look into the past, is about few entities of a world that may have millions. They are decoded with their
neighbours, two thousand at a time, since nobody can decode one alone. Who goes through all of them decodes all, and
lets go of each piece before the next. Several threads may look at the same time, while one of them changes it.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, MutableMapping, Sequence, ValuesView
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar, overload

K = TypeVar("K", bound=str)
V = TypeVar("V")
T = TypeVar("T")

LATER = -1
"""Instead of the number of a piece: it came to be after the pieces were made."""


class Piece(NamedTuple, Generic[K]):
    """Neighbours: their ids, and their states as bytes."""

    ids: Sequence[K]
    states: bytes


class Cold(MutableMapping[K, V]):
    """What ``dict(pieces)`` would be; no value is None. It may be changed; the pieces never are."""

    __slots__ = ("_decode", "_pieces", "_places", "_seen")

    def __init__(self, pieces: Sequence[Piece[K]], decode: Callable[[bytes], Sequence[V]]) -> None:
        self._pieces: list[Piece[K] | None] = [*pieces]
        """None where all of a piece was looked at."""
        self._decode = decode
        self._places: dict[K, int] = {}
        """The piece that each is in; in the order in which they came to be."""
        self._seen: dict[K, V] = {}
        """What was decoded, or put here since."""
        for number, piece in enumerate(pieces):
            self._places.update(dict.fromkeys(piece.ids, number))

    def __getitem__(self, key: K) -> V:
        """Decode it where that was not done yet. Raises what decoding raises."""
        found = self._seen.get(key)
        if found is None:
            self._look_at(self._places[key])
            found = self._seen[key]
        return found

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: V | T) -> V | T: ...
    def get(self, key: K, default: T | None = None) -> V | T | None:
        """Look one up that may not be there: done for every event, so without an exception on the way."""
        found = self._seen.get(key)
        if found is None and key in self._places:
            return self[key]
        return default if found is None else found

    def __setitem__(self, key: K, value: V) -> None:
        self._places.setdefault(key, LATER)
        self._seen[key] = value

    def __delitem__(self, key: K) -> None:
        del self._places[key]
        self._seen.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __copy__(self) -> Cold[K, V]:
        other = Cold[K, V]((), self._decode)
        other._pieces, other._places, other._seen = self._pieces.copy(), self._places.copy(), self._seen.copy()
        return other

    def values(self) -> ValuesView[V]:
        """All of them, decoded as one comes to them and not kept."""
        return _Values(self)

    def items(self) -> ItemsView[K, V]:
        """All of them, decoded as one comes to them and not kept."""
        return _Items(self)

    def each(self) -> Iterator[tuple[K, V]]:
        """Go through all of them; what has to be decoded for it is not kept."""
        for number, keys in groupby(self._places, self._places.__getitem__):
            piece = None if number == LATER else self._pieces[number]
            if piece is None:
                yield from ((key, self._seen[key]) for key in keys)
            else:
                decoded = self._decoded(piece)
                yield from ((key, self._seen.get(key, decoded[key])) for key in keys)

    def _look_at(self, number: int) -> None:
        piece = self._pieces[number]
        if piece is None:
            return  # somebody in another thread was first
        for key, value in self._decoded(piece).items():
            if self._places.get(key) == number:
                self._seen.setdefault(key, value)
        self._pieces[number] = None

    def _decoded(self, piece: Piece[K]) -> dict[K, V]:
        return dict(zip(piece.ids, self._decode(piece.states), strict=True))


class _Values(ValuesView[V]):
    """The entities of a Cold, one after the other."""

    def __init__(self, cold: Cold[K, V]) -> None:
        super().__init__(cold)
        self._each = cold.each

    def __iter__(self) -> Iterator[V]:
        return (value for _, value in self._each())


class _Items(ItemsView[K, V]):
    """The entities of a Cold with their ids, one after the other."""

    def __init__(self, cold: Cold[K, V]) -> None:
        super().__init__(cold)
        self._each = cold.each

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._each()
