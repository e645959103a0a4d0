"""The list of partitions, ordered by ref: what there is of each."""

from typing import get_args

import msgspec

from orchestrator.console.pages.overview import counts
from orchestrator.console.paging import PAGE, following
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import InstanceView, PartitionFilter, PartitionStateName
from statemachines import partition

STATES = tuple(state.__name__ for state in get_args(partition.Partition))


class Partitions(msgspec.Struct, frozen=True):
    """A page of partitions, the newest instance of each ref. ``after`` is the ref after which the next page begins."""

    chosen: PartitionFilter
    numbers: dict[str, int]
    items: tuple[InstanceView, ...]
    after: str | None


async def partitions(visit: Visit) -> Partitions:
    """Take a page of partitions."""
    typed = visit.text("q").strip()
    is_glob = "*" in typed
    chosen = PartitionFilter(
        pattern=typed if is_glob else "",
        prefix=typed.split("*")[0],
        states=visit.states(tuple[PartitionStateName, ...]),
        after=visit.text("after"),
        limit=PAGE,
    )
    items = await visit.reads.partitions(chosen)
    return Partitions(
        chosen=chosen,
        numbers=counts(await visit.world(), get_args(partition.Partition)),
        items=items,
        after=following(items, lambda one: one.ref),
    )
