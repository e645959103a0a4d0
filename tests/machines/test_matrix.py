"""Every (state, event) cell of every machine, held against the table of edges and against a second implementation."""

import inspect
from collections.abc import Iterator
from typing import get_args, get_type_hints

import msgspec
import pytest

from statemachines import jobrun, partition, want
from statemachines.edges import IllegalTransition
from statemachines.events import EVENT_TYPES, AnyEvent
from statemachines.machines import ENTITIES, SecondOpinion, entity_kind
from statemachines.refs import Ref
from tests.machines import samples
from tests.machines.samples import AT, EVERY_EVENT, MACHINES, Machine, name_of
from tests.machines.worlds import contents, folded

every_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)

ARGUMENTS: dict[str, object] = {
    "activation": samples.ACTIVATION,
    "actor": "ada",
    "after": samples.FAILURE,
    "by": "w2",
    "content": samples.CONTENT,
    "count": 1,
    "failure": samples.FAILURE,
    "failures": samples.FAILURES,
    "missing": (samples.NEEDED,),
    "needs": (samples.NEEDED,),
    "not_before": AT,
    "origin": samples.BUILT,
    "path": (),
    "pid": 4711,
    "reason": "so",
    "refs": (samples.NEEDED,),
    "spec": samples.RUN_SPEC,
}
"""A value for each parameter, by name, of any transition method."""


def transitions(state: object) -> Iterator[tuple[str, type[AnyEvent]]]:
    """The public transition methods of a state, with the event that each returns."""
    for name, method in inspect.getmembers(type(state), inspect.isfunction):
        if not name.startswith("_"):
            yield name, get_type_hints(method)["return"]


@every_machine
def test_samples_are_complete(machine: Machine) -> None:
    """Without a sample of each state and event the matrix would leave cells out."""
    named = {kind for edge in machine.edges for kind in (edge.source, edge.target) if kind is not None}
    assert {type(state) for state in machine.states} == named
    assert {type(event) for event in machine.events} == {edge.event for edge in machine.edges}
    unions = {"Want": want.Want, "Partition": partition.Partition, "JobRun": jobrun.JobRun}
    assert named == set(get_args(unions[machine.name]))


def test_every_event_has_one_machine() -> None:
    """An event outside the union, or in two tables, could be written to a log and not be read back."""
    assert {type(event) for event in EVERY_EVENT} == set(EVENT_TYPES)
    for machine in MACHINES:
        assert ENTITIES[machine.name] is machine.edges
        assert {entity_kind(event) for event in machine.events} == {machine.name}


@every_machine
def test_fold_agrees_with_the_table(machine: Machine) -> None:
    """A cell that folds elsewhere than its edge says, or folds without an edge, would break the law of the log."""
    for state, event in machine.cells:
        target = machine.target(state, event)
        if target is None:
            with pytest.raises(IllegalTransition) as refusal:
                machine.fold(state, event)
            assert (
                str(refusal.value) == f"{type(event).__name__} is not legal for {event.id}, which is {name_of(state)}"
            )
        else:
            assert type(machine.fold(state, event)) is target, (name_of(state), event)


@every_machine
def test_world_agrees_with_the_table(machine: Machine) -> None:
    """A refused entry that leaves a trace in the world would make live and replayed state differ."""
    for state, event in machine.cells:
        world = folded(machine.log_to(state))
        before, digest, seq = contents(world), world.digest(), world.seq
        if machine.target(state, event) is None:
            with pytest.raises(IllegalTransition):
                world.apply(event, seq + 1)
            assert (contents(world), world.digest()) == (before, digest)
        else:
            world.apply(event, seq + 1)
            assert (world.seq, world.seqs[event.id]) == (seq + 1, seq + 1)
            assert world.digest() != digest


@every_machine
def test_states_are_what_their_log_leaves(machine: Machine) -> None:
    """A fold that drops or mixes up a field would leave another state than the one written down by hand."""
    for state in machine.states:
        folded: object | None = None
        for event in machine.log_to(state):
            folded = machine.fold(folded, event)
        assert folded == state


@every_machine
def test_methods_are_the_edges(machine: Machine) -> None:
    """A method without an edge would type-check and be refused; an edge without a method could not be taken."""
    methods = {(name_of(state), event) for state in machine.states for _, event in transitions(state)}
    assert methods == {(edge.source.__name__, edge.event) for edge in machine.edges if edge.source is not None}


@every_machine
def test_methods_make_legal_events(machine: Machine) -> None:
    """A method that names the wrong entity or moment would write an entry that its own state refuses."""
    for state in machine.states:
        for name, kind in transitions(state):
            method = getattr(state, name)
            wanted = set(inspect.signature(method).parameters) - {"at"}
            event: AnyEvent = method(**{key: ARGUMENTS[key] for key in wanted}, at=AT)
            assert (type(event), event.id, event.at) == (kind, machine.events[0].id, AT)
            assert machine.target(state, event) is type(machine.fold(state, event)), (name_of(state), name)
            copied = {key: ARGUMENTS[key] for key in wanted if key in kind.__struct_fields__}
            assert {key: getattr(event, key) for key in copied} == copied


@every_machine
def test_second_opinion_agrees(machine: Machine) -> None:
    """The independent implementation that verifies logs would cry wolf, or stay silent, in this cell."""
    opinion = SecondOpinion(machine.edges)
    for state, event in machine.cells:
        source, kind = (None if state is None else type(state)), type(event)
        edge = next((edge for edge in machine.edges if (edge.source, edge.event) == (source, kind)), None)
        after = opinion.after(name_of(state), kind.__name__)
        assert after == (None if edge is None else edge.target.__name__), (name_of(state), kind.__name__)
        assert (kind.__name__ in opinion.legal_events(name_of(state))) is (edge is not None)


@every_machine
def test_every_state_leads_to_an_end(machine: Machine) -> None:
    """An entity in a state without a way to a terminal one would never close."""
    sources = {edge.source for edge in machine.edges}
    ending = {type(state) for state in machine.states} - sources
    assert ending, "a machine without a terminal state"
    for _ in machine.states:
        ending |= {edge.source for edge in machine.edges if edge.source is not None and edge.target in ending}
    assert ending == {type(state) for state in machine.states}


@every_machine
def test_terminal_states_say_so(machine: Machine) -> None:
    """A reader of the code would take a state for terminal that is not, or the other way round."""
    sources = {edge.source for edge in machine.edges}
    for state in machine.states:
        assert ("Terminal." in (inspect.getdoc(state) or "")) is (type(state) not in sources), name_of(state)


@pytest.mark.parametrize("origin", [samples.BUILT, samples.BUILT_READING, samples.ADOPTED, samples.REPORTED])
def test_origin_fits_source(origin: partition.Origin) -> None:
    """Bytes from outside could take the place of a running JobRun's, or built ones appear without any JobRun."""
    live = partition.PartitionLive(AT, samples.PARTITION_SPEC, origin, samples.CONTENT)
    building = samples.PARTITIONS.states[0]
    assert isinstance(building, partition.Building)
    legal, illegal = (
        (building, None) if isinstance(origin, partition.Built | partition.BuiltReading) else (None, building)
    )
    assert partition.fold(legal, live) == partition.Live(samples.PARTITION_SPEC, AT, origin, samples.CONTENT)
    with pytest.raises(IllegalTransition):
        partition.fold(illegal, live)


def test_late_is_said_once_and_kept() -> None:
    """Lateness would be announced over and over, or be forgotten by the next transition."""
    for state in samples.WANTS.states:
        if not isinstance(state, want.Open):
            continue
        late = want.fold(state, want.WantLate(AT, samples.WANT))
        assert late == msgspec.structs.replace(state, late=True)
        for event in samples.WANTS.events:
            if samples.WANTS.target(late, event) is None or isinstance(event, want.WantLate):
                with pytest.raises(IllegalTransition):
                    samples.WANTS.fold(late, event)
            else:
                after = samples.WANTS.fold(late, event)
                assert isinstance(after, want.WantState)
                assert after.late, event


def test_needs_are_remembered_along_a_chain() -> None:
    """A job that misses one input after the other would be given only the last one, for ever."""
    attempt = partition.Attempt(samples.RUN, samples.INSTANCE, needs=(samples.REF, samples.NEEDED))
    building = partition.Building(samples.PARTITION_SPEC, AT, attempt)
    third = Ref("weather/raw/date=2013-02-08")
    state = partition.fold(building, building.miss((samples.NEEDED, third), at=AT))
    assert isinstance(state, partition.UpstreamBuilding)
    assert state.attempt.needs == (samples.REF, samples.NEEDED, third)
    assert state.needs == (samples.NEEDED, third)


def test_states_know_nothing_of_other_states() -> None:
    """A field that means something only in some states would let an impossible state be written."""
    for machine in MACHINES:
        for state in machine.states:
            assert isinstance(state, msgspec.Struct)
            for field in msgspec.structs.fields(state):
                assert field.default is msgspec.NODEFAULT, (name_of(state), field.name)
                assert type(None) not in get_args(get_type_hints(type(state))[field.name])


def test_frozen_at_run_time() -> None:
    """A state changed in place would differ from the replayed one without an entry that says so."""
    for machine in MACHINES:
        for state in machine.states:
            assert isinstance(state, msgspec.Struct)
            with pytest.raises(AttributeError):
                state.since = AT + 1  # type: ignore[attr-defined]  # that it does not type-check is the point
