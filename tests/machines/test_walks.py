"""Laws of the fold, held over random legal logs."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statemachines.edges import IllegalTransition
from statemachines.events import AnyEvent
from statemachines.laws import INDEX_LAWS
from statemachines.world import World
from tests.machines.samples import EVERY_EVENT
from tests.machines.walks import walks
from tests.machines.worlds import contents, folded


@given(log=walks(), length=st.integers(0, 60))
@settings(max_examples=60)
def test_any_prefix_folds_to_the_same_world(log: list[AnyEvent], length: int) -> None:
    """After a restart, or when the past is read, there would be another world than there was."""
    live = World()
    for event in log[:length]:
        live.apply(event, live.seq + 1)
    written = [msgspec.json.encode(event) for event in log]
    replayed = folded(msgspec.json.decode(entry, type=AnyEvent) for entry in written[:length])
    assert (replayed.digest(), contents(replayed)) == (live.digest(), contents(live))
    for event in log[length:]:
        replayed.apply(event, replayed.seq + 1)
    assert replayed.digest() == folded(log).digest()


@given(log=walks())
@settings(max_examples=60)
def test_indices_equal_a_recount_after_every_entry(log: list[AnyEvent]) -> None:
    """An index that drifts would hide an instance from readers, or a JobRun from the loop."""
    world = World()
    for event in log:
        world.apply(event, world.seq + 1)
        assert [violation for law in INDEX_LAWS for violation in law(world)] == []


@given(log=walks(), seq=st.integers(-2, 100))
@settings(max_examples=60)
def test_only_the_next_seq_is_taken(log: list[AnyEvent], seq: int) -> None:
    """A gap or a repeated entry in a log would go unnoticed."""
    if not log or seq == len(log):
        return
    world = folded(log[:-1])
    before = contents(world)
    with pytest.raises(ValueError, match=f"entry {seq} cannot follow entry {len(log) - 1}"):
        world.apply(log[-1], seq)
    assert contents(world) == before


@given(log=walks(), choice=st.integers(0, 10**6))
@settings(max_examples=60)
def test_what_is_refused_leaves_no_trace(log: list[AnyEvent], choice: int) -> None:
    """An illegal entry would be half taken in, and live and replayed state would part."""
    world, event = folded(log), EVERY_EVENT[choice % len(EVERY_EVENT)]
    before, digest = contents(world), world.digest()
    try:
        world.apply(event, world.seq + 1)
    except IllegalTransition:
        assert (world.digest(), contents(world)) == (digest, before)
    else:
        assert world.digest() != digest


@given(log=walks())
@settings(max_examples=30)
def test_digest_tells_worlds_apart(log: list[AnyEvent]) -> None:
    """Two different pasts would pass for the same one when live and replayed state are compared."""
    digests = [folded(log[:length]).digest() for length in range(len(log) + 1)]
    assert len(set(digests)) == len(digests)
