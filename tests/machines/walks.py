"""Random legal logs over several entities: what the machines allow, whether or not a reconciler would do it."""

from itertools import chain

from hypothesis import strategies as st
from msgspec.structs import replace

from statemachines.events import AnyEvent
from statemachines.ids import Timestamp
from statemachines.jobrun import JobRunQueued
from statemachines.partition import Building, PartitionBuilding, PartitionLive, UpForRetry, UpstreamBuilding
from statemachines.want import WantCreated, WantLate, WantState
from statemachines.world import World
from tests.machines.samples import AT, PARTITIONS, RUNS, WANTS, Machine

_CHOICES = st.integers(0, 10**6)

PLACES = tuple((ref, environment) for ref in ("a", "b") for environment in ("local", "prod"))


def walks(steps: int = 60) -> st.SearchStrategy[list[AnyEvent]]:
    """Logs of up to that many entries, each of them legal where it stands."""
    lengths = st.integers(0, steps)  # drawn first: left to itself, a list of numbers is nearly always a short one
    return lengths.flatmap(lambda length: st.lists(_CHOICES, min_size=length, max_size=length)).map(_walk)


def _walk(choices: list[int]) -> list[AnyEvent]:
    """Each number chooses a kind of entity, then one of all the entries that are legal for that kind."""
    world, log = World(), list[AnyEvent]()
    for choice in choices:
        which, kind = divmod(choice, len(CONCEIVABLE))
        legal = _legal(world, *CONCEIVABLE[kind])
        if legal:
            event = replace(legal[which % len(legal)], at=Timestamp(AT + world.seq))
            world.apply(event, world.seq + 1)
            log.append(event)
    return log


def _about(entity: str, event: AnyEvent) -> AnyEvent:
    """The sample of an event, made to be about this entity."""
    if isinstance(event, WantCreated):
        return replace(event, spec=replace(event.spec, id=entity, idempotency_key=f"key of {entity}"))
    if isinstance(event, PartitionBuilding | PartitionLive):
        ref, environment = PLACES[int(entity[1:]) % len(PLACES)]
        return replace(event, spec=replace(event.spec, id=entity, ref=ref, environment=environment))
    if isinstance(event, JobRunQueued):
        return replace(event, spec=replace(event.spec, id=entity))
    return replace(event, id=entity)


CONCEIVABLE: tuple[tuple[Machine, tuple[AnyEvent, ...]], ...] = tuple(
    (machine, tuple(_about(f"{letter}{number}", event) for number in range(entities) for event in machine.events))
    for letter, machine, entities in (("w", WANTS, 3), ("p", PARTITIONS, 12), ("r", RUNS, 5))
)
"""Everything that may ever happen to each kind of entity, legal or not."""


def _legal(world: World, machine: Machine, events: tuple[AnyEvent, ...]) -> list[AnyEvent]:
    states = dict[str, object](chain(world.wants.items(), world.partitions.items(), world.runs.items()))
    return [
        event
        for event in events
        if machine.target(states.get(event.id), event) is not None
        and not _is_late_already(states.get(event.id), event)
        and not _is_in_the_way(world, event)
    ]


def _is_late_already(state: object, event: AnyEvent) -> bool:
    return isinstance(event, WantLate) and isinstance(state, WantState) and state.late


def _is_in_the_way(world: World, event: AnyEvent) -> bool:
    """Whether it would make an instance while another one of its ref can still move."""
    if not isinstance(event, PartitionBuilding | PartitionLive) or event.id in world.partitions:
        return False
    newest = world.holdings(event.spec.environment).newest.get(event.spec.ref)
    return newest is not None and isinstance(world.partitions[newest], Building | UpstreamBuilding | UpForRetry)
