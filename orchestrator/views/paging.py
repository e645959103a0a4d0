"""What takes long, a piece at a time: long lists, counts of many refs.

Who looks from inside an event loop must let it go on. So what may take long is a generator that yields wherever it has
done enough to pause, and returns what it found. Meanwhile things may happen: what is found shows each thing as it was
when it was looked at. ``at_once`` is for who has nobody to wait for.
"""

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from orchestrator.views.shapes import Order
from statemachines.roll import GONE, Roll

T = TypeVar("T")
Id = TypeVar("Id", bound=str)

Pausing = Generator[None, None, T]
"""Yields to pause, and returns a T."""

SHOWN_AT_ONCE = 50
"""How many items are shown between two pauses: about 1 ms."""

LOOKED_AT_ONCE = 4_000
"""How many are looked at between two pauses."""


def at_once(work: Pausing[T]) -> T:
    """Do it without pausing."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found


def page(ids: Iterator[Id | None], show: Callable[[Id], T], limit: int | None) -> Pausing[tuple[T, ...]]:
    """Show the first of these ids; None among them is a pause."""
    items: list[T] = []
    for one in ids:
        if one is None:
            yield
        elif len(items) == limit:
            break
        else:
            items.append(show(one))
            if len(items) % SHOWN_AT_ONCE == 0:
                yield
    return tuple(items)


def enrolled(roll: Roll[Id], codes: frozenset[int] | None, after: Id, order: Order) -> Iterator[Id]:
    """The ids on a roll beyond ``after``, of what is in a state with one of these codes, if codes are given.

    Nothing if ``after`` is not on the roll.
    """
    place = roll.place_of(after) if after else None
    if after and place is None:
        return iter(())
    return (roll.ids[one] for one in _places(roll, codes, place, order))


def _places(roll: Roll[Id], codes: frozenset[int] | None, after: int | None, order: Order) -> Iterator[int]:
    if order == "oldest":
        begin = 0 if after is None else after + 1
        if codes is not None:
            return roll.places(codes, begin)
        return (place for place in range(begin, len(roll.ids)) if roll.codes[place] != GONE)
    end = len(roll.ids) if after is None else after
    if codes is not None:
        return roll.places_back(codes, end)
    return (place for place in reversed(range(end)) if roll.codes[place] != GONE)


def codes_of(states: tuple[str, ...], codes: dict[type, int]) -> frozenset[int] | None:
    """The codes of states, given by name; None where none is named, which means all."""
    return frozenset(code for state, code in codes.items() if state.__name__ in states) if states else None
