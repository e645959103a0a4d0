"""The refs of one environment in the order of their names, with the states of their newest and canonical instance.

Made when somebody first asks for a list, and kept from then on: what changes is noted, and caught up with before the
next answer, as many refs at a time as the asker can spare. Nobody pays for it who never asks.

Refs stand in blocks, beside each the codes of the two states (0: there is no such instance), so that what is in a state
is found at the speed of memory. Size: 10 bytes a ref. Source: design section 3 (law 9).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Literal, NamedTuple, get_args

from statemachines import partition
from statemachines.refs import Ref

Which = Literal["newest", "canonical"]

CODES: dict[type, int] = {state: code for code, state in enumerate(get_args(partition.Partition), start=1)}

NONE = 0
"""The code where there is no instance."""

BLOCK_MAX = 512


class Standing(NamedTuple):
    """The codes of the states of a ref's newest and of its canonical instance."""

    newest: int
    canonical: int


class Block:
    """Neighbours, and what they are."""

    __slots__ = ("canonical", "newest", "refs")

    def __init__(self, refs: list[Ref], newest: bytearray, canonical: bytearray) -> None:
        self.refs = refs
        self.newest = newest
        self.canonical = canonical

    def put(self, ref: Ref, standing: Standing) -> None:
        """Note how a ref stands; it is taken in if it is new."""
        place = bisect_left(self.refs, ref)
        if place < len(self.refs) and self.refs[place] == ref:
            self.newest[place], self.canonical[place] = standing
            return
        self.refs.insert(place, ref)
        self.newest.insert(place, standing.newest)
        self.canonical.insert(place, standing.canonical)

    def split(self) -> "Block":
        """Keep the first half, and give the second."""
        middle = len(self.refs) // 2
        other = Block(self.refs[middle:], self.newest[middle:], self.canonical[middle:])
        del self.refs[middle:], self.newest[middle:], self.canonical[middle:]
        return other

    def chosen(self, which: Which, codes: frozenset[int] | None, begin: int) -> list[Ref]:
        """The refs from a place on that are in a state with one of these codes; in any, without codes."""
        held = self.newest if which == "newest" else self.canonical
        if codes is None and NONE not in held:
            return self.refs[begin:]
        return [self.refs[found.start()] for found in _pattern(codes).finditer(held, begin)]


class RefOrder:
    """The refs in order. ``changed`` are those that have still to be caught up with."""

    def __init__(self, changed: dict[Ref, None]) -> None:
        """Begin with nothing but what is ``changed``."""
        self.changed = changed
        self._blocks = [Block([], bytearray(), bytearray())]
        self._begins: list[str] = [""]
        """What may stand in each block: from here on, up to where the next one begins."""

    def catch_up(self, refs_max: int, standing_of: Callable[[Ref], Standing]) -> bool:
        """Take in so many of the refs that changed; whether that was all."""
        for ref in tuple(islice(reversed(self.changed), refs_max)):
            del self.changed[ref]
            self._put(ref, standing_of(ref))
        return not self.changed

    def block(
        self, begin: str, which: Which, codes: frozenset[int] | None, promises: Callable[[list[Ref]], bool] = bool
    ) -> tuple[list[Ref], str | None]:
        """Some refs from ``begin`` on, and from where to go on, None at the end.

        Those that have such an instance, in a state with one of these codes, if codes are given. None of a block that
        ``promises`` nothing: it gets all refs of the block, in order.
        """
        number = bisect_right(self._begins, begin) - 1
        block = self._blocks[number]
        found = block.chosen(which, codes, bisect_left(block.refs, begin)) if promises(block.refs) else []
        return found, self._begins[number + 1] if number + 1 < len(self._begins) else None

    def every(self, which: Which, codes: frozenset[int] | None) -> Iterator[Ref]:
        """All that ``block`` gives, one after the other; nothing may change meanwhile."""
        begin: str | None = ""
        while begin is not None:
            found, begin = self.block(begin, which, codes)
            yield from found

    def _put(self, ref: Ref, standing: Standing) -> None:
        number = bisect_right(self._begins, ref) - 1
        block = self._blocks[number]
        block.put(ref, standing)
        if len(block.refs) > BLOCK_MAX:
            other = block.split()
            self._blocks.insert(number + 1, other)
            self._begins.insert(number + 1, other.refs[0])


@lru_cache
def _pattern(codes: frozenset[int] | None) -> re.Pattern[bytes]:
    """What finds these codes; without any, every instance there is."""
    if codes is None:
        return re.compile(rb"[^\x00]")
    return re.compile(b"[" + b"".join(re.escape(bytes([code])) for code in sorted(codes)) + b"]" if codes else rb"(?!)")
