"""The newest entities of a kind, page by page, however many there are.

The world keeps entities in the order in which they came to be; a page begins at its end, or before an entity, and
looks at no more than SCANNED_MAX of them. Where that was not enough to fill a page, the page says from where to go on.
"""

from collections.abc import Callable, Iterator
from itertools import dropwhile, islice
from typing import Generic, NamedTuple, TypeVar

PAGE = 50
SCANNED_MAX = 20_000

K = TypeVar("K", bound=str)
S = TypeVar("S")


class Found(NamedTuple, Generic[K, S]):
    """Entities, newest first. ``older`` is the entity before which to go on; None where there is nothing more."""

    items: list[S]
    older: K | None


def newest(entities: dict[K, S], is_chosen: Callable[[S], bool], *, before: str = "", limit: int = PAGE) -> Found[K, S]:
    """The newest entities that are chosen, at most ``limit``, before one of them."""
    items: list[S] = []
    last: K | None = None
    for entity in islice(_backwards(entities, before), SCANNED_MAX):
        if len(items) == limit:
            return Found(items, last)
        last = entity
        if is_chosen(entities[entity]):
            items.append(entities[entity])
    return Found(items, None if last is None or last == next(iter(entities)) else last)


def _backwards(entities: dict[K, S], before: str) -> Iterator[K]:
    """The ids, newest first, from the one that came to be before ``before``."""
    ids = reversed(entities)
    return islice(dropwhile(lambda entity: entity != before, ids), 1, None) if before else ids
