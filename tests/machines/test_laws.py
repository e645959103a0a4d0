"""The laws stay silent over a lawful history, and each of them is broken by a damage of its own."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from statemachines import jobrun, laws, partition, want
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.laws import INDEX_LAWS, LAWS, SETTLED_LAWS, Law, Violation, check
from statemachines.order import NONE, RefOrder, Standing
from statemachines.partition import Adopted, Attempt, BuiltReading
from statemachines.roll import GONE
from statemachines.rolls import WANT_CODES
from statemachines.world import World
from tests.machines.samples import AT
from tests.machines.story import (
    DAY,
    DAY_1,
    DAY_2,
    DAY_3,
    EXTRA_1,
    FUTURE,
    FUTURE_1,
    FUTURE_2,
    OTHER_1,
    PROD_1,
    R2,
    R3,
    R4,
    R6,
    RAW_1,
    STORY,
    W1,
    W2,
    W3,
    W4,
)
from tests.machines.worlds import contents, folded

NOBODY, NOTHING, NO_RUN = WantId("w?"), InstanceId("p?"), RunId("r?")


def story() -> World:
    return folded(event for batch in STORY for event in batch)


def change(world: World, entity: InstanceId | RunId | WantId, **changes: object) -> None:
    """Write other fields into a state, as no entry would."""
    if entity in world.partitions:
        instance = InstanceId(entity)
        world.partitions[instance] = replace(world.partitions[instance], **changes)
    elif entity in world.runs:
        run = RunId(entity)
        world.runs[run] = replace(world.runs[run], **changes)
    else:
        wish = WantId(entity)
        world.wants[wish] = replace(world.wants[wish], **changes)


def respec(world: World, run: RunId, **changes: object) -> None:
    state = world.runs[run]
    assert isinstance(state, jobrun.RunState)
    world.runs[run] = replace(state, spec=replace(state.spec, **changes))


def give(world: World, run: RunId, *inputs: InstanceId) -> None:
    state = world.runs[run]
    assert isinstance(state, jobrun.Succeeded | jobrun.Lost)
    world.runs[run] = replace(state, activation=replace(state.activation, inputs=inputs))


def reopen(world: World, run: RunId) -> None:
    """Make a JobRun Queued again, and count it right."""
    state = world.runs[run]
    assert isinstance(state, jobrun.RunState)
    world.runs[run] = jobrun.Queued(state.spec, AT)
    world.open_runs[run] = place(world, run)


def end(world: World, run: RunId) -> None:
    state = world.runs[run]
    assert isinstance(state, jobrun.RunState)
    world.runs[run] = jobrun.Lost(state.spec, AT, jobrun.Activation("v1", "sha256:01"), "no record")
    del world.open_runs[run]


def place(world: World, run: RunId) -> int:
    found = world.run_rolls.all.place_of(run)
    assert found is not None
    return found


def in_order(world: World) -> RefOrder:
    """The refs in order, of which none were taken in yet."""
    assert world.refs_in_order("local", 0) is None
    kept = world.holdings("local").order
    assert kept is not None
    return kept


def moving(world: World, instance: InstanceId) -> partition.UpForRetry:
    state = world.partitions[instance]
    assert isinstance(state, partition.Building | partition.Replaced)
    return partition.UpForRetry(state.spec, AT, state.attempt, AT, partition.InputsArrived(()))


def needy(world: World, instance: InstanceId) -> Attempt:
    state = world.partitions[instance]
    assert isinstance(state, partition.Building)
    return replace(state.attempt, needs=(state.spec.ref,))


DAMAGES: tuple[tuple[Law, str, Callable[[World], object]], ...] = (
    (laws.every_entity_has_its_seq, W1, lambda world: world.seqs.pop(W1)),
    (laws.every_entity_has_its_seq, W1, lambda world: world.seqs.update({W1: world.seq + 1})),
    (laws.every_entity_has_its_seq, R6, lambda world: world.seqs.update({W1: world.seqs[R6]})),
    (laws.every_entity_has_its_seq, "x1", lambda world: world.seqs.update(x1=1)),
    (laws.every_entity_has_its_seq, NOTHING, lambda world: world.partitions.update({NOTHING: world.partitions[RAW_1]})),
    (laws.open_wants_are_opened, W4, lambda world: world.opened.pop(W4)),
    (laws.open_wants_are_opened, W1, lambda world: world.opened.update({W1: 2})),
    (laws.open_wants_are_opened, W4, lambda world: world.opened.update({W4: world.seq + 1})),
    (laws.open_wants_are_opened, NOBODY, lambda world: world.opened.update({NOBODY: 1})),
    (laws.a_key_names_one_want, W1, lambda world: world.wants_by_key.clear()),
    (laws.a_key_names_one_want, W4, lambda world: change(world, W4, spec=world.wants[W1].spec)),
    (laws.a_key_names_one_want, W2, lambda world: world.wants_by_key.update(tuesday=W2)),
    (laws.holdings_are_in_order, FUTURE_2, lambda world: world.holdings("local").newest.pop(FUTURE)),
    (laws.holdings_are_in_order, DAY_3, lambda world: world.holdings("local").earlier.update({DAY_3: DAY_1})),
    (laws.holdings_are_in_order, PROD_1, lambda world: world.holdings("prod").canonical.clear()),
    (laws.holdings_are_in_order, DAY_2, lambda world: world.holdings("local").canonical.update({DAY: DAY_2})),
    (laws.holdings_are_in_order, DAY_1, lambda world: world.holdings("local").unfinished.update({DAY_1: None})),
    (laws.holdings_are_in_order, "prod", lambda world: world._holdings.pop("prod")),
    (laws.open_runs_are_listed, R6, lambda world: world.open_runs.clear()),
    (laws.open_runs_are_listed, R4, lambda world: world.open_runs.update({R4: 0})),
    (laws.open_runs_are_listed, NO_RUN, lambda world: world.open_runs.update({NO_RUN: 0})),
    (laws.slots_are_counted, "job", lambda world: world.slots_held.update(job=1)),
    (laws.states_are_counted, "Live", lambda world: world.numbers.pop((partition.Live, ""))),
    (laws.states_are_counted, "job", lambda world: world.numbers.update({(jobrun.Lost, "job"): 7})),
    (laws.wants_are_enrolled, W1, lambda world: world.want_roll.codes.__setitem__(0, WANT_CODES[want.Paused])),
    (laws.wants_are_enrolled, W2, lambda world: world.want_roll.add(W2, WANT_CODES[want.Idle])),
    (laws.jobruns_are_enrolled, R2, lambda world: world.run_rolls.all.codes.__setitem__(place(world, R2), GONE)),
    (laws.jobruns_are_enrolled, R3, lambda world: world.run_rolls.of_job["job"].ids.reverse()),
    (laws.jobruns_are_enrolled, R4, lambda world: world.run_rolls.of_want.clear()),
    (laws.jobruns_are_enrolled, R6, lambda world: world.open_runs.update({R6: 0})),
    (laws.refs_are_in_order, DAY, lambda world: in_order(world).catch_up(9, lambda ref: Standing(NONE, NONE))),
    (laws.refs_are_in_order, FUTURE, lambda world: in_order(world).changed.pop(FUTURE)),
    (laws.canonical_is_kept, DAY_3, lambda world: world.apply(partition.PartitionCollected(AT, DAY_3), world.seq + 1)),
    (laws.canonical_is_kept, NOTHING, lambda world: world.holdings("local").canonical.update({FUTURE: NOTHING})),
    (laws.one_instance_moves, DAY_1, lambda world: world.partitions.update({DAY_1: moving(world, DAY_1)})),
    (laws.a_try_ends_with_its_run, FUTURE_2, lambda world: end(world, R6)),
    (
        laws.a_try_ends_with_its_run,
        FUTURE_2,
        lambda world: world.partitions.update({FUTURE_2: moving(world, FUTURE_2)}),
    ),
    (laws.a_try_ends_with_its_run, FUTURE_2, lambda world: world.runs.pop(R6)),
    (laws.live_was_made_by_an_ended_run, DAY_3, lambda world: reopen(world, R3)),
    (laws.live_was_made_by_an_ended_run, DAY_3, lambda world: change(world, DAY_3, origin=BuiltReading(R2, ()))),
    (laws.a_run_names_what_it_makes, DAY_3, lambda world: change(world, DAY_3, origin=BuiltReading(R2, ()))),
    (laws.a_run_names_what_it_makes, FUTURE_1, lambda world: change(world, FUTURE_1, attempt=Attempt(R2, FUTURE_1))),
    (laws.adopted_is_the_same, PROD_1, lambda world: change(world, PROD_1, origin=Adopted(NOTHING, (RAW_1,)))),
    (laws.adopted_is_the_same, PROD_1, lambda world: change(world, PROD_1, origin=Adopted(PROD_1, (RAW_1,)))),
    (laws.adopted_is_the_same, PROD_1, lambda world: change(world, PROD_1, origin=Adopted(RAW_1, ()))),
    (laws.adopted_is_the_same, PROD_1, lambda world: change(world, PROD_1, origin=Adopted(OTHER_1, (EXTRA_1,)))),
    (laws.a_chain_is_unbroken, DAY_2, lambda world: change(world, DAY_2, attempt=Attempt(R2, FUTURE_1))),
    (laws.a_chain_is_unbroken, FUTURE_2, lambda world: change(world, FUTURE_2, attempt=Attempt(R6, FUTURE_1))),
    (laws.replaced_has_a_successor, DAY_1, lambda world: change(world, DAY_2, attempt=Attempt(R2, DAY_2))),
    (laws.replaced_has_a_successor, DAY_2, lambda world: world.partitions.pop(DAY_3)),
    (laws.tries_never_fall, DAY_2, lambda world: change(world, DAY_2, attempt=Attempt(R2, DAY_1, tries=0))),
    (laws.tries_never_fall, DAY_2, lambda world: change(world, DAY_2, attempt=Attempt(R2, DAY_1))),
    (laws.outputs_are_distinct, R6, lambda world: respec(world, R6, outputs=())),
    (laws.outputs_are_distinct, R6, lambda world: respec(world, R6, outputs=(jobrun.Output(FUTURE, NOTHING),))),
    (laws.outputs_are_distinct, R6, lambda world: respec(world, R6, outputs=(jobrun.Output(FUTURE, FUTURE_1),))),
    (laws.outputs_are_distinct, R6, lambda world: respec(world, R6, outputs=(jobrun.Output(FUTURE, FUTURE_2),) * 2)),
    (laws.queued_outputs_are_building, R3, lambda world: reopen(world, R3)),
    (laws.what_was_read_was_live, R3, lambda world: give(world, R3, FUTURE_1)),
    (laws.what_was_read_was_live, DAY_3, lambda world: change(world, DAY_3, origin=BuiltReading(R3, (NOTHING,)))),
    (laws.no_run_needs_what_it_makes, R3, lambda world: give(world, R3, DAY_3)),
    (laws.no_run_needs_what_it_makes, FUTURE_2, lambda world: change(world, FUTURE_2, attempt=needy(world, FUTURE_2))),
    (laws.a_run_has_its_cause, R6, lambda world: respec(world, R6, want=NOBODY)),
    (laws.a_run_has_its_cause, R6, lambda world: respec(world, R6, retries=R6)),
    (laws.a_want_says_what_is_built, W4, lambda world: world.apply(want.WantIdle(AT, W4), world.seq + 1)),
    (laws.a_want_says_what_is_built, W4, lambda world: world.partitions.update({FUTURE_2: moving(world, FUTURE_2)})),
    (laws.a_failed_want_says_why, W2, lambda world: change(world, W2, failures=())),
    (laws.a_failed_want_says_why, W2, lambda world: change(world, W2, failures=(want.RefFailure(FUTURE, "so", 0),))),
    (laws.superseded_by_another, W3, lambda world: change(world, W3, by=W3)),
    (laws.superseded_by_another, W3, lambda world: change(world, W3, by=NOBODY)),
)
"""A law, the entity that breaks it, and how it came to."""


def test_a_lawful_history_breaks_no_law() -> None:
    """A law that cries wolf would stop the simulation and the verification of good logs."""
    world = World()
    for batch in STORY:
        for event in batch:
            world.apply(event, world.seq + 1)
            assert [violation for law in INDEX_LAWS for violation in law(world)] == []
        assert list(check(world)) == []
        assert [violation for law in SETTLED_LAWS for violation in law(world)] == []


@pytest.mark.parametrize(("law", "entity", "damage"), DAMAGES, ids=lambda value: getattr(value, "__name__", None))
def test_damage_is_found(law: Law, entity: str, damage: Callable[[World], object]) -> None:
    """A law that cannot be broken says nothing."""
    world = story()
    damage(world)
    found = [violation for violation in law(world) if violation.entity == entity]
    assert found
    assert {violation.law for violation in found} == {law.__name__}
    assert {violation.seq for violation in found} == {world.seqs.get(entity, world.seq)}


def test_every_law_is_held_and_broken() -> None:
    """A law that nobody asks, or that no damage was found for, would be decoration."""
    written = [value for value in vars(laws).values() if hasattr(value, "__wrapped__")]
    assert {*LAWS, *SETTLED_LAWS} == set(written)
    assert len(LAWS) + len(SETTLED_LAWS) == len(written)
    assert {law for law, _, _ in DAMAGES} == set(written)
    assert LAWS[: len(INDEX_LAWS)] == INDEX_LAWS


def test_laws_leave_the_world_alone() -> None:
    """Looking would change what is looked at: an environment, or an order, that no entry made."""
    world = story()
    before, digest = contents(world), world.digest()
    assert list(check(world)) == list(check(World())) == []
    assert (contents(world), world.digest()) == (before, digest)


@pytest.mark.parametrize(("law", "entity", "damage"), DAMAGES)
def test_no_law_stumbles(law: Law, entity: str, damage: Callable[[World], object]) -> None:
    """On a damaged log, where the laws are needed most, an exception would hide what the other laws have to say."""
    world = story()
    damage(world)
    assert (law.__name__ in {violation.law for violation in check(world)}) is (law in LAWS), entity


def test_a_violation_says_what_and_where() -> None:
    """Whoever reads a broken law could not find the entity, or the entry to look at."""
    world = story()
    end(world, R6)
    told = f"it is Building, but its JobRun {R6} is Lost"
    assert Violation("a_try_ends_with_its_run", FUTURE_2, world.seqs[FUTURE_2], told) in list(check(world))
