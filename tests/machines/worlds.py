"""Worlds made from logs, and all that a world holds."""

from collections.abc import Iterable
from copy import deepcopy

from statemachines.events import AnyEvent
from statemachines.world import World


def folded(log: Iterable[AnyEvent]) -> World:
    """The world after a log."""
    world = World()
    for event in log:
        world.apply(event, world.seq + 1)
    return world


def contents(world: World) -> object:
    """A copy of everything a world holds, the indices included, that can be compared."""
    held = {name: world.holdings(name) for name in world.environments}
    return deepcopy(
        (
            (world.seq, world.wants, world.partitions, world.runs),
            (world.seqs, world.opened, world.wants_by_key, world.open_runs, world.slots_held, world.numbers),
            {name: (own.canonical, own.newest, own.earlier, own.unfinished) for name, own in held.items()},
        )
    )
