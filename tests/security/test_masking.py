"""No byte of a secret comes out of a mask, however secrets overlap and however a stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.executors.keeper.masking import MASK, Mask, MaskedStream

LETTERS = st.sampled_from(b"ab\x00")
"""So few that values overlap, repeat and begin one another."""
VALUES = st.lists(st.lists(LETTERS, min_size=1, max_size=5).map(bytes), max_size=3)
PIECES = st.lists(st.lists(LETTERS, max_size=8).map(bytes), max_size=8)


def model(data: bytes, values: list[bytes]) -> bytes:
    """The same in the plainest way: mark every byte that belongs to a value, then replace each part that is marked."""
    owners: list[set[int]] = [set() for _ in data]
    for start in range(len(data)):
        for value in values:
            if data.startswith(value, start):
                for at in range(start, start + len(value)):
                    owners[at].add(start)
    told = bytearray()
    for at, byte in enumerate(data):
        if not owners[at]:
            told.append(byte)
        elif at == 0 or not owners[at - 1] or owners[at] == {at}:
            told += MASK
    return bytes(told)


@given(PIECES, VALUES)
def test_a_stream_is_masked_like_the_whole_however_it_is_cut(pieces: list[bytes], values: list[bytes]) -> None:
    """Broken: a secret that is written in two pieces, or beside another one, is to be seen."""
    mask, whole = Mask(values), b"".join(pieces)
    stream = MaskedStream(mask)
    told = b"".join([*(stream.feed(piece) for piece in pieces), stream.end()])
    assert told == mask.data(whole)
    assert told == model(whole, [value for value in values if value])


@given(PIECES, VALUES)
def test_a_stream_holds_back_less_than_the_longest_value(pieces: list[bytes], values: list[bytes]) -> None:
    """Broken: output that could be shown is held back, or the memory for a stream has no bound."""
    stream = MaskedStream(Mask(values))
    longest = max((len(value) for value in values), default=1)
    for piece in pieces:
        stream.feed(piece)
        assert len(stream._held) < longest


def test_what_is_no_secret_comes_out_at_once() -> None:
    """Broken: a progress bar or a prompt without a newline is not shown until the job ends."""
    stream = MaskedStream(Mask([b"hunter2"]))
    assert stream.feed(b"50 %\r") == b"50 %\r"
    assert stream.feed(b"it is h") == b"it is "
    assert stream.feed(b"unter") == b""
    assert stream.feed(b"2!") == b"***!"


@pytest.mark.parametrize("text", ["", "plain", "caf\u00e9 hunter2 caf\u00e9", "\udcff hunter2"])
def test_text_keeps_everything_but_the_secret(text: str) -> None:
    """Broken: a message around a secret is damaged, also where it holds what is no character."""
    assert Mask([b"hunter2"]).text(text) == text.replace("hunter2", "***")
    assert Mask().text(text) == text
