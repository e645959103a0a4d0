"""The world as bytes and back."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings

from statemachines import snapshot
from statemachines.events import AnyEvent
from statemachines.laws import INDEX_LAWS
from statemachines.snapshot import decode_world, encode_world, open_world
from statemachines.world import World
from tests.machines.walks import walks
from tests.machines.worlds import contents, folded


def decode_large(body: bytes) -> World:
    """As a large world is decoded: what is said many times is said once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "SHARED_FROM", 0)
        return decode_world(body)


def encode_small(world: World) -> bytes:
    """As a large world is encoded: in many pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "AT_ONCE", 3)
        return encode_world(world)


however = pytest.mark.parametrize("decode", [decode_world, decode_large, open_world])


@however
@given(log=walks())
@settings(max_examples=60)
def test_a_snapshot_is_the_world_it_was_taken_of(decode: Callable[[bytes], World], log: list[AnyEvent]) -> None:
    """A start from a snapshot would go on from another world than a replay."""
    world = folded(log)
    restored = decode(encode_small(world))
    assert restored.digest() == world.digest()
    assert contents(restored) == contents(world)


@however
@given(log=walks())
@settings(max_examples=30)
def test_a_snapshot_and_the_rest_of_the_log_are_the_whole_log(
    decode: Callable[[bytes], World], log: list[AnyEvent]
) -> None:
    """What comes after a snapshot would be folded onto indices that are not those of a replay."""
    half = len(log) // 2
    world = decode(encode_small(folded(log[:half])))
    for event in log[half:]:
        world.apply(event, world.seq + 1)
    assert world.digest() == folded(log).digest()
    assert contents(world) == contents(folded(log))


@given(log=walks())
@settings(max_examples=30)
def test_every_index_of_a_world_that_was_not_decoded_is_a_recount(log: list[AnyEvent]) -> None:
    """Who looks into the past would be led to other entities than there were."""
    world = open_world(encode_small(folded(log)))
    assert [violation for each in INDEX_LAWS for violation in each(world)] == []


@given(log=walks())
@settings(max_examples=30)
def test_a_copy_goes_on_by_itself(log: list[AnyEvent]) -> None:
    """What is done to a look into the past would change the present, or the other way round."""
    half = len(log) // 2
    world = folded(log[:half])
    copy = world.copy()
    before = contents(world)
    for event in log[half:]:
        copy.apply(event, copy.seq + 1)
    assert contents(world) == before
    assert contents(copy) == contents(folded(log))
