"""Lists come in pages of PAGE items; a full page may have another behind it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

PAGE = 50

T = TypeVar("T")


def following(items: Sequence[T], mark: Callable[[T], str]) -> str | None:
    """The mark of the last item of a full page, after which the next begins; None where there is no more."""
    return mark(items[-1]) if len(items) == PAGE else None
