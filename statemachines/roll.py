"""Rolls: entities in the order in which they came to be, with one byte each for the state they are in.

To find the next entity that is in some state means to look for a byte, which is done at the speed of memory whatever
lies between; so a page of a list costs what is on the page. A place on a roll never changes.

Size: 9 bytes an entity. Cost of adding one, and of entering another state: constant.
Source: design section 3 (law 9: work never follows what exists).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Generic, TypeVar

GONE = 0
"""The code of an entity that is on another roll now."""

Id = TypeVar("Id", bound=str)
S = TypeVar("S")


class Roll(Generic[Id]):
    """Ids, and beside each the code of its state, from 1 to 255."""

    __slots__ = ("codes", "ids")

    def __init__(self) -> None:
        self.ids: list[Id] = []
        self.codes = bytearray()

    def copy(self) -> "Roll[Id]":
        """The same, to go on from by itself."""
        other = Roll[Id]()
        other.ids, other.codes = self.ids.copy(), self.codes.copy()
        return other

    def add(self, entity: Id, code: int) -> int:
        """Put an entity at the end, and give its place."""
        self.ids.append(entity)
        self.codes.append(code)
        return len(self.ids) - 1

    def extend(self, entities: Sequence[Id], codes: bytes) -> range:
        """Put entities at the end, and give their places."""
        begin = len(self.ids)
        self.ids += entities
        self.codes += codes
        return range(begin, len(self.ids))

    def place_of(self, entity: Id) -> int | None:
        """Where an entity stands, None if it does not.

        Ids nearly always stand in the order in which they were minted, so it is looked for by bisection first.
        """
        place = bisect_left(self.ids, _age(entity), key=_age)
        if place < len(self.ids) and self.ids[place] == entity:
            return place
        try:
            return self.ids.index(entity)
        except ValueError:
            return None

    def places(self, codes: Iterable[int], begin: int = 0) -> Iterator[int]:
        """The places from ``begin`` on of what is in a state with one of these codes."""
        return merge(*(self._places(code, begin) for code in codes))

    def places_back(self, codes: Iterable[int], end: int | None = None) -> Iterator[int]:
        """The places before ``end``, or all, of what is in a state with one of these codes, the last first."""
        beyond = len(self.ids) if end is None else end
        return merge(*(self._places_back(code, beyond) for code in codes), reverse=True)

    def numbers(self, codes: Mapping[S, int]) -> Iterator[tuple[S, int]]:
        """How many are in each of these states, where there are any."""
        counted = ((state, self.codes.count(code)) for state, code in codes.items())
        return ((state, number) for state, number in counted if number)

    def _places(self, code: int, begin: int) -> Iterator[int]:
        while (begin := self.codes.find(code, begin) + 1) > 0:
            yield begin - 1

    def _places_back(self, code: int, end: int) -> Iterator[int]:
        while (end := self.codes.rfind(code, 0, end)) >= 0:
            yield end


def _age(entity: str) -> tuple[int, str, int, str]:
    """Grows with the number in an id, and with the daemon start before the dash, without trusting either to be one."""
    start, _, number = entity.rpartition("-")
    return len(start), start, len(number), number
