"""Wanted texts: plain refs, alternatives, ranges and globs."""

import pytest

from orchestrator.catalog import CatalogError, TooMany, is_plain
from statemachines.refs import BadRef, Ref
from tests.catalog.samples import FLIGHTS, catalog_of

CATALOG = catalog_of(FLIGHTS)
KNOWN = [
    Ref(text)
    for text in [
        "delays/daily/date=2013-01-05",
        "delays/monthly/month=2013-01",
        "airports",
        "gone/daily/date=2013-01-05",
    ]
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("airports", ["airports"]),
        ("delays/daily/date=2013-01-05", ["delays/daily/date=2013-01-05"]),
        ("{flights,weather}/raw/date=2013-01-05", ["flights/raw/date=2013-01-05", "weather/raw/date=2013-01-05"]),
        ("running/n={1,2}{0,1}", ["running/n=10", "running/n=11", "running/n=20", "running/n=21"]),
        ("running/n={1,1}", ["running/n=1"]),
        ("running/n=9..11", ["running/n=9", "running/n=10", "running/n=11"]),
        ("delays/monthly/month=2012-12..2013-01", ["delays/monthly/month=2012-12", "delays/monthly/month=2013-01"]),
        (
            "{flights,weather}/raw/date=2013-01-31..2013-02-01",
            [f"{source}/raw/date={day}" for source in ("flights", "weather") for day in ("2013-01-31", "2013-02-01")],
        ),
        ("copy/a..b/date=2013-01-05", ["copy/a..b/date=2013-01-05"]),
        ("files/a2013-01-05..2013-01-06.csv", ["files/a2013-01-05.csv", "files/a2013-01-06.csv"]),
        ("delays/*/*", ["delays/daily/date=2013-01-05", "delays/monthly/month=2013-01"]),
        ("*/daily/*", ["delays/daily/date=2013-01-05"]),
        ("delays/{daily,monthly}/*", ["delays/daily/date=2013-01-05", "delays/monthly/month=2013-01"]),
        ("*ports", ["airports"]),
    ],
)
def test_expands(text: str, expected: list[str]) -> None:
    """A want would cover other refs than typed."""
    assert CATALOG.expand(text, KNOWN) == tuple(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("delays/*", "'delays/*' matches no ref that is known; '*' chooses among refs that were wanted or made before"),
        ("gone/*/*", "'gone/*/*' matches no ref that is known"),
        (
            "delays/dialy/date=2013-01-05",
            "no job or external makes 'delays/dialy/date=2013-01-05'; the nearest is delays/",
        ),
        (
            "delays/daily/date=2013-12-31..2014-01-01",
            "no job or external makes 'delays/daily/date=2014-01-01'; the nearest",
        ),
        (
            "delays/daily/date=2013-02-29..2013-03-01",
            "no job or external makes 'delays/daily/date=2013-02-29..2013-03-01'",
        ),
        ("running/n=3..1", "the range 3..1 in 'running/n=3..1' holds nothing; put the smaller one first"),
        ("running/n={1", "the braces in 'running/n={1' do not pair up; write {a,b}, without nesting"),
    ],
)
def test_refused(text: str, message: str) -> None:
    """A typo would become a want that can never be done."""
    with pytest.raises(CatalogError) as error:
        CATALOG.expand(text, KNOWN)
    assert message in str(error.value)


HUGE = ["running/n=0..999999999", "running/n=0.." + "9" * 30, "running/n=" + "{0,1}" * 60, "running/n={0,9}..400"]


@pytest.mark.parametrize("text", HUGE)
def test_too_many_are_refused_before_they_are_made(text: str) -> None:
    """One want could fill the memory."""
    with pytest.raises(TooMany, match=r"at most 400 are allowed \(limits.refs_per_want\)"):
        CATALOG.expand(text, KNOWN)


def test_what_is_no_ref_is_refused() -> None:
    """A hostile text would go on as a ref."""
    with pytest.raises(BadRef):
        CATALOG.expand("copy/../date=2013-01-05", KNOWN)


@pytest.mark.parametrize("sign", ["{", "}", "*", ".."])
def test_a_text_with_a_sign_is_not_plain(sign: str) -> None:
    """A pattern would be taken for the ref that somebody once reported under its very text."""
    assert is_plain("running/n=1")
    assert not is_plain(f"running/n=1{sign}3")
