"""Events and states survive the way into the log and back."""

from typing import get_args

import msgspec
import pytest

from statemachines import jobrun, partition, want
from statemachines.events import EVENT_TYPES, KINDS, AnyEvent, entity_of
from tests.machines.samples import EVERY_EVENT, PARTITIONS, RUNS, WANTS, Machine

UNIONS: tuple[tuple[Machine, object], ...] = (
    (WANTS, want.Want),
    (PARTITIONS, partition.Partition),
    (RUNS, jobrun.JobRun),
)


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
def test_events_survive(event: AnyEvent) -> None:
    """An event that is read back as another one would make replay lie."""
    written = msgspec.json.encode(event)
    read: AnyEvent = msgspec.json.decode(written, type=AnyEvent)
    assert (type(read), read) == (type(event), event)
    assert msgspec.json.encode(read) == written
    assert entity_of(read) == event.id


@pytest.mark.parametrize(("machine", "union"), UNIONS, ids=[machine.name for machine, _ in UNIONS])
def test_states_survive(machine: Machine, union: type[object]) -> None:
    """A snapshot would hold other states than the log leads to."""
    for state in (*machine.states, *(machine.fold(*cell) for cell in machine.cells if machine.target(*cell))):
        read = msgspec.json.decode(msgspec.json.encode(state), type=union)
        assert (type(read), read) == (type(state), state)


def test_a_kind_is_the_name_of_its_class() -> None:
    """Tags are for ever: a kind that is not unique, or not the name in the design, could never be mended."""
    tags = [event.__struct_config__.tag for event in EVENT_TYPES]
    assert tags == list(KINDS) == [event.__name__ for event in EVENT_TYPES]
    assert len(set(tags)) == len(tags)
    for _, union in UNIONS:
        assert all(state.__struct_config__.tag == state.__name__ for state in get_args(union))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b'{"kind":"WantDreamt","at":1,"id":"w1"}', "WantDreamt"),
        (b'{"at":1,"id":"w1"}', "kind"),
        (b'{"kind":"WantIdle","at":1,"id":"w1","mood":"good"}', "mood"),
        (b'{"kind":"WantIdle","at":"noon","id":"w1"}', "at"),
        (b'{"kind":"WantPaused","at":1,"id":"w1"}', "reason"),
    ],
)
def test_what_is_not_an_event_is_refused(written: bytes, told: str) -> None:
    """A damaged or newer log would be read as something that it does not say."""
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.json.decode(written, type=AnyEvent)
