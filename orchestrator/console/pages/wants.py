"""The list of wants, newest first."""

from typing import get_args

import msgspec

from orchestrator.console.newest import newest
from orchestrator.console.pages.overview import counts
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import WantView
from orchestrator.views.wants import want_view
from statemachines import want

OPEN = tuple(state.__name__ for state in get_args(want.Open))


class Wants(msgspec.Struct, frozen=True):
    """A page of wants. ``older`` is the want before which the next page begins."""

    states: tuple[str, ...]
    ref: str
    numbers: dict[str, int]
    items: list[WantView]
    older: str | None

    @property
    def open_number(self) -> int:
        """How many wants are open."""
        return sum(self.numbers.get(state, 0) for state in OPEN)


async def wants(visit: Visit) -> Wants:
    """Take a page of wants."""
    states, ref = visit.texts("state"), visit.text("ref").strip()
    chosen = frozenset(states)
    board = await visit.reads.board()

    def is_chosen(one: want.Want) -> bool:
        return (not chosen or type(one).__name__ in chosen) and (not ref or ref in one.spec.refs)

    found = newest(board.world.wants, is_chosen, before=visit.text("before"))
    return Wants(
        states=states,
        ref=ref,
        numbers=counts(board.world, get_args(want.Want)),
        items=[want_view(board, one) for one in found.items],
        older=found.older,
    )
