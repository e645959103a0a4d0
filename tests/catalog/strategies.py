"""Random patterns and bindings, with ranges small enough to be counted out by brute force."""

from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import reject
from hypothesis import strategies as st

from orchestrator.catalog.errors import BadPattern
from orchestrator.catalog.kinds import KINDS
from orchestrator.catalog.patterns import Bindings, Pattern, Placeholder, Text, Value, parse_pattern
from statemachines.refs import BadRef

NARROW = {"int": 9, "year": 2012, "month": 2012 * 12, "week": 104_900, "date": 734_500, "hour": 17_628_000}
"""Where the small ranges begin: around the end of 2011, and where numbers get a second digit."""

TEXTS = ("x", "1", "a1", "2012", "b-", "2012-01", "..a")


@st.composite
def bounded_placeholders(draw: st.DrawFn, name: str) -> str:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    first = NARROW[kind.name] + draw(st.integers(-3, 3))
    last = first + draw(st.integers(0, 4))
    return f"{{{name}:{kind.name}({kind.write(first)}..{kind.write(last)})}}"


@st.composite
def segments(draw: st.DrawFn, prefix: str) -> str:
    literals = st.sampled_from(["", "", "a", "1", "-", "b-", "20", "."])
    first = draw(st.one_of(bounded_placeholders(f"{prefix}a"), st.sampled_from(["", f"{{{prefix}a}}"])))
    second = draw(st.one_of(st.just(""), bounded_placeholders(f"{prefix}b")))
    return draw(literals) + first + draw(literals) + second + draw(literals)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Draw a legal pattern of one or two segments, with bounds on every typed placeholder."""
    text = "/".join(draw(segments(f"p{number}")) for number in range(draw(st.integers(1, 2))))
    try:
        return parse_pattern(text)
    except BadPattern:
        reject()


def values_of(place: Placeholder) -> Sequence[Value]:
    """Return all values of a placeholder with bounds, and a few texts for one without a type."""
    if isinstance(place, Text):
        return TEXTS
    assert place.high is not None
    return range(place.low, place.high + 1)


@st.composite
def bindings_of(draw: st.DrawFn, pattern: Pattern) -> Bindings:
    """Draw values for the placeholders of a pattern."""
    return {place.name: draw(st.sampled_from(values_of(place))) for place in pattern.placeholders}


def all_refs(pattern: Pattern) -> Iterator[str]:
    """Write every ref of a pattern with bounds, as far as untyped placeholders take the few texts."""
    names = [place.name for place in pattern.placeholders]
    for values in product(*map(values_of, pattern.placeholders)):
        try:
            yield pattern.format(dict(zip(names, values, strict=True)))
        except BadRef:
            continue
