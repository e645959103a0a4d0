"""Events become rows and events again, also those of older versions."""

import msgspec
import pytest

from bel.codec import Encoded, StructCodec, Upcaster
from bel.errors import CodecIncomplete, Undecodable, UnknownKind
from tests.bel.toy import CODEC, Dropped, Event, Put, key_of


class Moved(msgspec.Struct, frozen=True, tag="Moved"):
    """Version 1 had ``key`` and ``position`` as text "x,y"; version 2 two numbers; version 3 says ``piece``."""

    piece: str
    x: int
    y: int


def split_position(old: dict[str, object]) -> dict[str, object]:
    x, y = str(old.pop("position")).split(",")
    return old | {"x": int(x), "y": int(y)}


def rename_key(old: dict[str, object]) -> dict[str, object]:
    return old | {"piece": old.pop("key")}


def piece_of(event: Moved) -> str:
    return event.piece


UPCASTERS: dict[tuple[str, int], Upcaster] = {("Moved", 1): split_position, ("Moved", 2): rename_key}
MOVES = StructCodec[Moved]([Moved], piece_of, versions={"Moved": 3}, upcasters=UPCASTERS)
KING = Moved("king", 4, 7)


def test_the_stored_form() -> None:
    """Broken: what is written for ever changes its form by accident."""
    assert CODEC.encode(Put("a", 1)) == Encoded("Put", 1, "a", '{"type":"Put","key":"a","value":1}')
    assert MOVES.encode(KING) == Encoded("Moved", 3, "king", '{"type":"Moved","piece":"king","x":4,"y":7}')


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (1, '{"type":"Moved","key":"king","position":"4,7"}'),
        (2, '{"type":"Moved","key":"king","x":4,"y":7}'),
        (3, '{"type":"Moved","piece":"king","x":4,"y":7}'),
    ],
)
def test_every_version_is_read_as_the_newest(version: int, payload: str) -> None:
    """Broken: a log of an earlier release cannot be read, or is read as something else."""
    assert MOVES.decode("Moved", version, payload) == KING


@pytest.mark.parametrize(("kind", "version"), [("Removed", 1), ("Moved", 4), ("Moved", 0), ("Moved", -1)])
def test_what_nobody_knows_is_refused(kind: str, version: int) -> None:
    """Broken: an event of a newer program is guessed at."""
    with pytest.raises(UnknownKind) as unknown:
        MOVES.decode(kind, version, "{}")
    assert kind in str(unknown.value)


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (3, '{"type":"Moved","piece":"king","x":4}'),
        (3, '{"type":"Put","piece":"king","x":4,"y":7}'),
        (3, "not JSON"),
        (2, "[]"),
        (1, '{"type":"Moved","key":"king"}'),
        (1, '{"type":"Moved","key":"king","position":"4"}'),
        (2, '{"type":"Moved","key":"king","x":"4","y":7}'),
    ],
)
def test_a_payload_of_another_shape_is_refused(version: int, payload: str) -> None:
    """Broken: a damaged payload becomes an event, or an exception that nobody expects."""
    with pytest.raises(Undecodable):
        MOVES.decode("Moved", version, payload)


def test_a_codec_with_holes_is_refused() -> None:
    """Broken: a release ships that cannot read the logs of the one before."""
    with pytest.raises(CodecIncomplete, match=r"no upcaster .*'Moved', 2"):
        StructCodec[Moved]([Moved], piece_of, versions={"Moved": 3}, upcasters={("Moved", 1): split_position})
    with pytest.raises(CodecIncomplete, match="nothing needs"):
        StructCodec[Moved]([Moved], piece_of, upcasters={("Moved", 1): split_position})
    with pytest.raises(CodecIncomplete, match="do not exist"):
        StructCodec[Moved]([Moved], piece_of, versions={"moved": 2})


def test_a_kind_has_one_type_with_a_text_tag() -> None:
    """Broken: two events share a kind, or one has none."""

    class Other(msgspec.Struct, frozen=True, tag="Put"):
        key: str

    class Untagged(msgspec.Struct, frozen=True):
        key: str

    with pytest.raises(CodecIncomplete, match="share the tag 'Put'"):
        StructCodec[Put | Other]([Put, Other], lambda event: event.key)
    with pytest.raises(CodecIncomplete, match="text tag"):
        StructCodec[Untagged]([Untagged], lambda event: event.key)


def test_the_entity_is_read_from_the_event() -> None:
    """Broken: the log cannot be searched by entity."""
    codec = StructCodec[Event]([Put, Dropped], key_of)
    assert [codec.encode(event).entity for event in (Put("a"), Dropped("b"))] == ["a", "b"]
