"""Which texts name a partition, one property at a time, against the rules as design section 10 has them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from statemachines.refs import REF_CHARS_MAX, BadRef, parse_ref

TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="ab./-=\"'\\ é\n~!", max_size=12),
    st.lists(st.sampled_from(["a", ".", "..", "...", ".a", "-", "", "é"]), max_size=4).map("/".join),
)


def names_a_partition(text: str) -> bool:
    """The rules, one by one."""
    segments = text.split("/")
    return (
        0 < len(text) <= REF_CHARS_MAX
        and text[0] != "-"
        and text.isprintable()
        and not any(char.isspace() or char in "\"'\\" for char in text)
        and all(segment not in ("", ".", "..") for segment in segments)
    )


@given(TEXTS)
@example("a\n")
@example("a/..\n")
@example("..a/.b/...")
def test_a_text_is_a_ref_exactly_if_it_keeps_every_rule(text: str) -> None:
    """If this fails, the shortcut for ordinary refs lets in what the rules forbid, or the other way round."""
    if names_a_partition(text):
        assert parse_ref(text) == text
    else:
        with pytest.raises(BadRef):
            parse_ref(text)


def test_the_longest_ref_is_taken_and_one_character_more_is_not() -> None:
    """If this fails, the shortcut for ordinary refs forgets their length."""
    assert parse_ref("a" * REF_CHARS_MAX)
    with pytest.raises(BadRef, match="1025 characters"):
        parse_ref("a" * (REF_CHARS_MAX + 1))
