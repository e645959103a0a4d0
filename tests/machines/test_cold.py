"""Entities that are decoded when they are looked at, held against a dictionary."""

from copy import copy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statemachines.cold import Cold, Piece

IDS = [f"e{number}" for number in range(9)]
DEEDS = st.lists(st.tuples(st.sampled_from(["put", "drop", "look", "copy"]), st.sampled_from(IDS)), max_size=20)


def cold(encoded: list[str], decoded: list[str]) -> Cold[str, str]:
    """These entities in pieces of two, each of them its id doubled; what is decoded is noted."""

    def decode(states: bytes) -> list[str]:
        values = msgspec.msgpack.decode(states, type=list[str])
        decoded.extend(values)
        return values

    pairs = [encoded[begin : begin + 2] for begin in range(0, len(encoded), 2)]
    raws = [msgspec.msgpack.encode([one * 2 for one in pair]) for pair in pairs]
    return Cold([Piece(*piece) for piece in zip(pairs, raws, strict=True)], decode)


@given(encoded=st.lists(st.sampled_from(IDS), unique=True), deeds=DEEDS)
def test_it_is_what_a_dictionary_would_be(encoded: list[str], deeds: list[tuple[str, str]]) -> None:
    """Broken: an entity is missing or old in the past, stands in another place, or comes back."""
    held, plain = cold(encoded, []), {one: one * 2 for one in encoded}
    for number, (deed, key) in enumerate(deeds):
        match deed:
            case "put":
                held[key] = plain[key] = f"new {number}"
            case "drop":
                assert held.pop(key, None) == plain.pop(key, None)
            case "look":
                assert held.get(key) == plain.get(key)
            case _:
                kept = held
                held = copy(held)
                kept[key] = "of another"
        assert (key in held, len(held), list(held)) == (key in plain, len(plain), list(plain))
    assert list(held.items()) == list(plain.items())


def test_only_neighbours_are_decoded_and_only_once() -> None:
    """Broken: a look at one entity of the past takes as long as all of them."""
    decoded: list[str] = []
    held = cold(IDS, decoded)
    assert (len(held), "e4" in held, list(held)) == (9, True, IDS)
    assert decoded == []
    assert (held["e4"], held["e5"], held["e4"]) == ("e4e4", "e5e5", "e4e4")
    assert decoded == ["e4e4", "e5e5"]
    with pytest.raises(KeyError):
        held["e9"]


def test_what_was_put_is_not_decoded_over() -> None:
    """Broken: an entity that changed since the snapshot is as it was when its neighbour is looked at."""
    held = cold(IDS, [])
    held["e0"] = "newer"
    assert (held["e1"], held["e0"]) == ("e1e1", "newer")


def test_who_goes_through_all_keeps_none() -> None:
    """Broken: a snapshot, or the links that a start looks at, bring every entity into memory for good."""
    decoded: list[str] = []
    held = cold(IDS, decoded)
    held["e0"] = "newer"
    assert list(held.values()) == ["newer", *(one * 2 for one in IDS[1:])]
    assert dict(held.items())["e5"] == "e5e5"
    decoded.clear()
    assert held["e5"] == "e5e5"
    assert decoded == ["e4e4", "e5e5"]
