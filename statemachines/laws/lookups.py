"""What the laws look things up in. Written for damaged worlds: what is missing is None, or left out."""

from collections.abc import Iterator
from typing import TypeVar

from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Activation, RunSpec
from statemachines.partition import Built, BuiltReading, Live, Partition, Reported, Unfinished
from statemachines.refs import Ref
from statemachines.traits import activation_of, attempt_of, head_of, live_of
from statemachines.world import Holdings, World

_Key = TypeVar("_Key", bound=str)


def recount(world: World) -> dict[str, Holdings]:
    """The holdings that follow from the states: instances stand in the world in the order in which they were made."""
    counted: dict[str, Holdings] = {}
    for entity, state in world.partitions.items():
        ref, own = state.spec.ref, counted.setdefault(state.spec.environment, Holdings())
        if ref in own.newest:
            own.earlier[entity] = own.newest[ref]
        own.newest[ref] = entity
        if isinstance(state, Unfinished):
            own.unfinished[entity] = None
        if live_of(state) is not None:
            own.canonical[ref] = entity
    return counted


def holdings_of(world: World) -> dict[str, Holdings]:
    """The holdings by environment. (Asking a world for those of an unknown environment would add it.)"""
    return {environment: world.holdings(environment) for environment in world.environments}


def at(world: World, index: dict[Ref, InstanceId], ref: Ref) -> Partition | None:
    """The instance that an index has for a ref, if both know it."""
    return world.partitions.get(index[ref]) if ref in index else None


def difference(counted: dict[_Key, InstanceId], indexed: dict[_Key, InstanceId]) -> list[tuple[_Key, InstanceId]]:
    """What only one of two indices has."""
    return sorted(counted.items() ^ indexed.items())


def in_pairs(world: World) -> Iterator[tuple[Partition | None, Partition]]:
    """Each instance, after the one of its ref that was made before it."""
    earlier = {late: early for holdings in holdings_of(world).values() for late, early in holdings.earlier.items()}
    for entity, state in world.partitions.items():
        yield (world.partitions.get(earlier[entity]) if entity in earlier else None), state


def ever_live(world: World) -> Iterator[tuple[InstanceId, Live]]:
    """The instances that ever were Live, as they were then."""
    lives = ((entity, live_of(state)) for entity, state in world.partitions.items())
    return ((entity, live) for entity, live in lives if live is not None)


def run_named_by(state: Partition) -> RunId | None:
    """The JobRun that an instance says it is or was made by."""
    attempt, live = attempt_of(state), live_of(state)
    if live is not None and isinstance(live.origin, Built | BuiltReading):
        return live.origin.run
    return None if attempt is None else attempt.run


def inputs_of(world: World, live: Live) -> set[tuple[Ref, str]]:
    """What an instance was made from, as names and digests."""
    if isinstance(live.origin, Built):
        run = world.runs.get(live.origin.run)
        activation = None if run is None else activation_of(run)
        reads = () if activation is None else activation.inputs
    else:
        reads = () if isinstance(live.origin, Reported) else live.origin.reads
    read = (live_of(world.partitions[entity]) for entity in reads if entity in world.partitions)
    return {(source.spec.ref, source.content.digest) for source in read if source is not None}


def specs(world: World) -> Iterator[tuple[RunId, RunSpec]]:
    """The specs of the JobRuns that were ever queued."""
    heads = ((entity, head_of(run)) for entity, run in world.runs.items())
    return ((entity, head) for entity, head in heads if isinstance(head, RunSpec))


def activations(world: World) -> Iterator[tuple[RunId, Activation]]:
    """What the JobRuns were started with whose start was ever decided."""
    activations = ((entity, activation_of(run)) for entity, run in world.runs.items())
    return ((entity, activation) for entity, activation in activations if activation is not None)


def name_of(state: object | None) -> str:
    """The state, by name."""
    return "not there" if state is None else type(state).__name__
