"""What lists are read off, equals a recount: the rolls of wants and JobRuns, and the refs in order."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from statemachines.ids import InstanceId
from statemachines.laws.law import Finding, law
from statemachines.laws.lookups import holdings_of
from statemachines.order import CODES, RefOrder, Which
from statemachines.refs import Ref
from statemachines.roll import GONE, Roll
from statemachines.rolls import RUN_CODES, WANT_CODES
from statemachines.traits import head_of
from statemachines.world import Holdings, World

Id = TypeVar("Id", bound=str)


@law
def wants_are_enrolled(world: World) -> Iterator[Finding]:
    """The roll of wants has each once, in the order in which they were made, with its state."""
    yield from _unlike(world.want_roll, {key: WANT_CODES[type(state)] for key, state in world.wants.items()})


@law
def jobruns_are_enrolled(world: World) -> Iterator[Finding]:
    """Each JobRun is on the roll of all, of its job and of its want, in the order they came in, with its state."""
    codes = {key: RUN_CODES[type(state)] for key, state in world.runs.items()}
    yield from _unlike(world.run_rolls.all, codes)
    for job, roll in world.run_rolls.of_job.items():
        yield from _unlike(roll, {key: code for key, code in codes.items() if head_of(world.runs[key]).job == job})
    of_want = {(head_of(state).want, key, codes[key]) for key, state in world.runs.items()}
    enrolled = {(wish, *one) for wish, roll in world.run_rolls.of_want.items() for one in _present(roll)}
    yield from ((key, "it is not on the roll of its want, or on another") for _, key, _ in sorted(of_want ^ enrolled))
    for run, place in world.open_runs.items():
        if world.run_rolls.all.ids[place : place + 1] != [run]:
            yield run, f"it is not in the place {place} of the roll of all"


@law
def refs_are_in_order(world: World) -> Iterator[Finding]:
    """Where refs are kept in order, each stands in its place with its states, but for those that have just changed."""
    for held in holdings_of(world).values():
        if held.order is not None:
            yield from _misplaced(world, held, held.order)


def _unlike(roll: Roll[Id], codes: Mapping[Id, int]) -> Iterator[Finding]:
    found = list(_present(roll))
    for (entity, code), one in zip(codes.items(), found, strict=False):
        if one != (entity, code):
            yield entity, f"a roll has {one} where it should be, in the state of code {code}"
    if len(found) != len(codes):
        yield next(reversed([*codes, *roll.ids])), f"a roll has {len(found)} entities, there are {len(codes)}"


def _present(roll: Roll[Id]) -> Iterator[tuple[Id, int]]:
    return ((entity, code) for entity, code in zip(roll.ids, roll.codes, strict=True) if code != GONE)


def _misplaced(world: World, held: Holdings, kept: RefOrder) -> Iterator[Finding]:
    own: dict[Which, dict[Ref, InstanceId]] = {"newest": held.newest, "canonical": held.canonical}
    for which, instances in own.items():
        listed = list(kept.every(which, None))
        yield from ((late, f"it stands after {early}") for early, late in pairwise(listed) if late <= early)
        for state, code in CODES.items():
            are = {ref for ref, one in instances.items() if type(world.partitions.get(one)) is state}
            differing = are ^ set(kept.every(which, frozenset({code})))
            for ref in sorted(differing - kept.changed.keys()):
                yield ref, f"its {which} instance is, or is not, {state.__name__}, and the refs in order say otherwise"
