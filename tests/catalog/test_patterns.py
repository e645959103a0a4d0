"""Patterns: what they match, that reading and writing are inverse, and how bad ones are refused."""

from contextlib import suppress

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from orchestrator.catalog.errors import BadPattern
from orchestrator.catalog.kinds import KINDS
from orchestrator.catalog.mapping import parse_template
from orchestrator.catalog.patterns import PATTERN_CHARS_MAX, Pattern, parse_pattern
from statemachines.refs import BadRef
from tests.catalog.strategies import bindings_of, patterns


@given(st.data())
def test_what_is_written_is_read_back(data: st.DataObject) -> None:
    """A job would be run for other values than those its ref was made of."""
    pattern: Pattern = data.draw(patterns())
    bindings = data.draw(bindings_of(pattern))
    try:
        ref = pattern.format(bindings)
    except BadRef:
        reject()
    assert pattern.match(ref) == bindings


@given(st.sampled_from(sorted(KINDS)), st.text("0123456789-WT", max_size=13))
def test_each_value_has_one_spelling(kind_name: str, text: str) -> None:
    """One partition would have two names."""
    kind = KINDS[kind_name]
    ordinal = kind.parse(text)
    assert ordinal is None or kind.write(ordinal) == text


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_every_ordinal_can_be_written_and_read(kind_name: str, data: st.DataObject) -> None:
    """Some date, week or hour could not be named."""
    kind = KINDS[kind_name]
    ordinal = data.draw(st.integers(kind.low, kind.high))
    assert kind.parse(kind.write(ordinal)) == ordinal


@given(st.sampled_from(["year", "month", "week", "date", "hour"]), st.data())
def test_spellings_sort_like_their_ordinals(kind_name: str, data: st.DataObject) -> None:
    """The overlap check, which compares bounds char by char, would be wrong."""
    kind = KINDS[kind_name]
    one, other = data.draw(st.integers(kind.low, kind.high)), data.draw(st.integers(kind.low, kind.high))
    assert (one < other) == (kind.write(one) < kind.write(other))
    assert len(kind.write(one)) == len(kind.write(other))


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("plain/ref", "plain/ref"),
        ("a/{x}", "a/any.thing=at-all"),
        ("a/x={x}", "a/x=1"),
        ("d={d:date}", "d=2012-02-29"),
        ("m={m:month}", "m=2013-12"),
        ("y={y:year}", "y=0999"),
        ("w={w:week}", "w=2020-W53"),
        ("h={h:hour}", "h=2013-01-05T23"),
        ("n={n:int}", "n=0"),
        ("n={n:int(3..)}", "n=3"),
        ("d={d:date(..2013-01-31)}", "d=2013-01-31"),
        ("{name}-{d:date}.csv", "a-b-2013-01-01.csv"),
        ("{n:int}x{m:int}/{d:date}T{h}", "12x3/2013-01-01TT"),
    ],
)
def test_matches(text: str, ref: str) -> None:
    """A ref that a job makes would be said to be made by nobody."""
    assert parse_pattern(text).match(ref) is not None


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("plain/ref", "plain/ref2"),
        ("plain.ref", "plain-ref"),
        ("a/{x}", "a/b/c"),
        ("a/x={x}", "a/x="),
        ("d={d:date}", "d=2013-02-29"),
        ("d={d:date}", "d=20130228"),
        ("d={d:date}", "d=2013-02-2\N{ARABIC-INDIC DIGIT EIGHT}"),
        ("m={m:month}", "m=2013-13"),
        ("y={y:year}", "y=0000"),
        ("w={w:week}", "w=2013-W53"),
        ("h={h:hour}", "h=2013-01-05T24"),
        ("n={n:int}", "n=01"),
        ("n={n:int}", "n=-1"),
        ("n={n:int(3..9)}", "n=10"),
        ("d={d:date(2013-01-01..)}", "d=2012-12-31"),
        ("d={d:date(..2013-01-31)}", "d=2013-02-01"),
    ],
)
def test_does_not_match(text: str, ref: str) -> None:
    """A job would be run for a ref that it cannot make."""
    assert parse_pattern(text).match(ref) is None


def test_bounds_can_be_left_aside() -> None:
    """Inputs before the first day of the data could not be told from misspelt ones."""
    pattern = parse_pattern("d={d:date(2013-01-01..)}")
    assert pattern.match("d=2012-12-31") is None
    assert pattern.match_unbounded("d=2012-12-31") is not None
    assert pattern.match_unbounded("d=2012-12-32") is None


def test_a_text_that_makes_no_ref_is_not_written() -> None:
    """A ref read as a text could lead out of the store: '..'."""
    with pytest.raises(BadRef):
        parse_pattern("a/{x}").format({"x": ".."})


LANGUAGE = st.lists(st.sampled_from([*"{}().:+-/*09 ax", "..", "date", "int", "days", "month"]), max_size=12).map(
    "".join
)


@settings(max_examples=500)
@given(LANGUAGE)
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    """A slip in a pattern would end in a traceback."""
    with suppress(BadPattern):
        parse_pattern(text)
    with suppress(BadPattern):
        parse_template(text, parse_pattern("{date:date}/{x}/{a:int}/{month:month}").kinds())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' does not describe refs; '' is not a partition ref: it is empty"),
        ("a//{x}", "it has an empty segment"),
        ("a b", "it contains white space"),
        ("-{x}", "it begins with '-'"),
        ("a/*", "'a/*' contains '*'; a pattern has placeholders such as {x}"),
        ("a{", "the braces in 'a{' do not pair up; write {name} or {name:type}"),
        ("{{x}}", "do not pair up"),
        ("{1x}", "{1x} in '{1x}' is no placeholder; write {name}, {name:type} or {name:type(lo..hi)}"),
        (
            "{x:day}",
            "{x:day} in '{x:day}' has the unknown type 'day'; the types are int, year, month, week, date, hour",
        ),
        ("{x:int(3)}", "the bounds (3) in '{x:int(3)}' are not of the form (first..last)"),
        ("{x:date(2013..)}", "the bounds (2013..) in '{x:date(2013..)}' are not values of type date"),
        ("{x:int(..-1)}", "are not values of type int; write both ends as int, as in int(0..), or leave one out"),
        ("{x:int(9..3)}", "the bounds (9..3) in '{x:int(9..3)}' hold nothing; put the smaller one first"),
        ("{x}/{x}", "{x} occurs twice in '{x}/{x}'; name each placeholder once"),
        ("{x}-{y}", "one segment of '{x}-{y}' has two placeholders without a type"),
        ("{x:int}{y:int}", "two placeholders of '{x:int}{y:int}' run into each other"),
        ("{x:int}0{y:date}1{z}", "run into each other; put a literal between them that is not all digits"),
        ("x" * (PATTERN_CHARS_MAX + 1), f"has {PATTERN_CHARS_MAX + 1} characters; use at most {PATTERN_CHARS_MAX}"),
    ],
)
def test_refused(text: str, message: str) -> None:
    """A pattern that cannot work would be taken, or refused without saying why."""
    with pytest.raises(BadPattern) as error:
        parse_pattern(text)
    assert message in str(error.value)
