"""Where the bytes of an instance are: at its own location, at that of the instance it adopted, or outside."""

from orchestrator.store import PartitionStore
from statemachines.partition import Adopted, Partition, Reported
from statemachines.traits import live_of
from statemachines.world import World


def place_of(store: PartitionStore, world: World, instance: Partition) -> str:
    """The path or URI of an instance's bytes; empty where somebody outside did not say."""
    live = live_of(instance)
    match live.origin if live is not None else None:
        case Adopted(source=source):
            return place_of(store, world, world.partitions[source])
        case Reported(location=location):
            return location
        case _:
            return str(store.location(instance.spec.ref, instance.spec.id))
