"""The proof that a ref has one maker, against counting out."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.catalog.overlap import overlaps, witness
from orchestrator.catalog.patterns import Pattern, Text, parse_pattern
from statemachines.refs import parse_ref
from tests.catalog.strategies import all_refs, bounded_placeholders, patterns


def common(one: str, other: str) -> str | None:
    return witness(parse_pattern(one).segments, parse_pattern(other).segments)


def matched(pattern: Pattern, refs: Iterable[str]) -> Iterator[bool]:
    return (pattern.match(ref) is not None for ref in refs)


def finite(pattern: Pattern) -> bool:
    return not any(isinstance(place, Text) for place in pattern.placeholders)


@settings(max_examples=1000)
@given(patterns(), patterns())
def test_agrees_with_counting_out(one: Pattern, other: Pattern) -> None:
    """Two jobs could make one ref, or two jobs that have nothing in common would be refused."""
    ref = witness(one.segments, other.segments)
    if ref is not None:
        assert parse_ref(ref)
        assert one.match(ref) is not None
        assert other.match(ref) is not None
    counted = any(matched(other, all_refs(one))) or any(matched(one, all_refs(other)))
    if finite(one) or finite(other):
        assert (ref is not None) == counted
    else:
        assert ref is not None or not counted


@settings(max_examples=500)
@given(bounded_placeholders("x"), bounded_placeholders("y"), st.sampled_from(["{d}", "2{d}", "a{d}"]))
def test_agrees_with_counting_out_within_a_segment(one: str, other: str, shape: str) -> None:
    """Bounds of one type would be compared wrongly with those of another."""
    left, right = parse_pattern(shape.replace("{d}", one)), parse_pattern(shape.replace("{d}", other))
    assert (common(left.text, right.text) is not None) == any(matched(right, all_refs(left)))


@given(patterns(), st.data())
def test_a_pattern_overlaps_its_own_refs_and_their_generalisations(pattern: Pattern, data: st.DataObject) -> None:
    """An overlap would be overlooked that begins and ends inside placeholders."""
    refs = sorted(all_refs(pattern))
    if not refs:
        return
    ref = data.draw(st.sampled_from(refs))
    begin = data.draw(st.integers(0, len(ref) - 1))
    end = data.draw(st.integers(begin + 1, len(ref)))
    general = ref if "/" in ref[begin:end] else f"{ref[:begin]}{{free}}{ref[end:]}"
    assert common(pattern.text, general) is not None


@pytest.mark.parametrize(
    ("one", "other", "ref"),
    [
        ("a/{x}", "a/b", "a/b"),
        ("a/{x}", "{y}/b", "a/b"),
        ("{x}", "{y:int}", "0"),
        (".{x}", "{y}.", ".x."),
        ("v{n:int(5..)}", "v{x}", "v5"),
        ("{n:int}", "{y:year}", "1000"),
        ("{n:int(20..)}", "{m:int(..20)}", "20"),
        ("{d:date}", "{m:month}-{n:int}", "0001-01-10"),
        ("{d:date}", "{y:year}-02-{n:int(29..)}", "0004-02-29"),
        ("{w:week}", "{y:year(2013..)}-W{n:int(53..)}", "2015-W53"),
        ("{d:date}", "2000-02-{n:int(29..)}", "2000-02-29"),
        ("{h:hour(2013-01-01T05..)}", "{d:date}T{n:int}", "2013-01-01T10"),
    ],
)
def test_overlaps(one: str, other: str, ref: str) -> None:
    """The example in the error would not be the plainest one."""
    assert common(one, other) == ref


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/{x}", "a/{x}/{y}"),
        ("{x}a", "{y}b"),
        ("a{x:int}", "a-{y}"),
        ("{d:date}", "{m:month}"),
        ("{d:date}", "{m:month}-{n:int(40..)}"),
        ("{d:date}", "{y:year(2013..2015)}-02-{n:int(29..)}"),
        ("{w:week(2013-W01..2014-W52)}", "{y:year}-W{n:int(53..)}"),
        ("{d:date}", "1900-02-{n:int(29..)}"),
        ("{w:week}", "1900-W{n:int(53..)}"),
        ("{n:int(..999)}", "{y:year}"),
        ("{n:int(100..)}", "{n:int(..99)}"),
        ("{d:date(..2013-06-30)}", "{d:date(2013-07-01..)}"),
    ],
)
def test_disjoint(one: str, other: str) -> None:
    """A configuration without a fault would be refused."""
    assert common(one, other) is None


def test_all_overlaps_among_many_are_found() -> None:
    """Sorting patterns by their heads would hide one that begins with a placeholder."""
    texts = ["a/b", "a/{x}", "{y}/c", "a/{n:int}", "b/{d:date}", "b/2013-01-01"]
    found = {frozenset((one, other)) for one, other, _ in overlaps((parse_pattern(text), text) for text in texts)}
    assert found == {
        frozenset(pair)
        for pair in [("a/b", "a/{x}"), ("a/{x}", "{y}/c"), ("a/{x}", "a/{n:int}"), ("b/{d:date}", "b/2013-01-01")]
    }
