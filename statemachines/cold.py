"""Entities that stay as they were encoded until somebody looks at them.

A look into the past is at few entities of a world that may have millions. They are decoded with their neighbours, two
thousand at a time, since nobody can decode one alone; whoever looks at all of them decodes all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

K = TypeVar("K", bound=str)
V = TypeVar("V")

LATER = -1
"""Instead of the number of a piece: it came to be after the pieces were made."""


class Piece(NamedTuple, Generic[K]):
    """Neighbours: their ids, and their states as bytes."""

    ids: Sequence[K]
    states: msgspec.Raw


class Cold(MutableMapping[K, V]):
    """What ``dict(pieces)`` would be. It may be changed; the pieces never are."""

    __slots__ = ("_decode", "_pieces", "_places", "_seen")

    def __init__(self, pieces: Sequence[Piece[K]], decode: Callable[[msgspec.Raw], Sequence[V]]) -> None:
        self._pieces = pieces
        self._decode = decode
        self._places: dict[K, int] = {}
        """The piece that each is in; in the order in which they came to be."""
        self._seen: dict[K, V] = {}
        """What was decoded, or put here since."""
        for number, piece in enumerate(pieces):
            self._places.update(dict.fromkeys(piece.ids, number))

    def __getitem__(self, key: K) -> V:
        """Decode it where that was not done yet. Raises msgspec.MsgspecError for bytes that are none of these."""
        place = self._places[key]
        if key not in self._seen:
            self._look_at(self._pieces[place])
        return self._seen[key]

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
        other._pieces, other._places, other._seen = self._pieces, self._places.copy(), self._seen.copy()
        return other

    def _look_at(self, piece: Piece[K]) -> None:
        for key, value in zip(piece.ids, self._decode(piece.states), strict=True):
            self._seen.setdefault(key, value)
