"""The list of wants, newest first."""

from typing import get_args

import msgspec

from orchestrator.console.pages.overview import OPEN, counts
from orchestrator.console.paging import PAGE, following
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import WantFilter, WantStateName, WantView
from statemachines import want


class Wants(msgspec.Struct, frozen=True):
    """A page of wants. ``older`` is the want after which the next page begins."""

    chosen: WantFilter
    numbers: dict[str, int]
    items: tuple[WantView, ...]
    older: str | None
    open: tuple[str, ...] = OPEN
    """The states in which a want is open."""


async def wants(visit: Visit) -> Wants:
    """Take a page of wants."""
    chosen = WantFilter(
        states=visit.states(tuple[WantStateName, ...]),
        ref=visit.text("ref").strip(),
        after=visit.text("after"),
        limit=PAGE,
        order="newest",
    )
    items = await visit.reads.wants(chosen)
    numbers = counts(await visit.world(), get_args(want.Want))
    return Wants(chosen, numbers, items, following(items, lambda one: one.id))
