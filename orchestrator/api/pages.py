"""Lists come in pages: at most PAGE_MAX items, and where the next page begins."""

from collections.abc import Callable
from typing import TypeVar

from orchestrator.api.reads import Reads
from orchestrator.api.requests import Page

T = TypeVar("T")


def page_of(reads: Reads, found: tuple[T, ...], limit: int | None, mark: Callable[[T], str]) -> Page[T]:
    """The page that was found, with the mark of its last item as the next ``after``, where there may be more."""
    full = bool(found) and len(found) == limit
    return reads.told(Page(found, mark(found[-1]) if full else None))
