"""Input expressions, against the calendar of the standard library."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.catalog.errors import BadPattern, TooMany
from orchestrator.catalog.mapping import INPUTS_MAX, parse_template
from orchestrator.catalog.patterns import PATTERN_CHARS_MAX, parse_pattern

DATES = st.dates(date(1, 1, 1), date(9999, 12, 31))


def needs(output: str, ref: str, text: str) -> list[str]:
    """Compute the inputs that a text stands for, when an output pattern matches a ref."""
    pattern = parse_pattern(output)
    bindings = pattern.match(ref)
    assert bindings is not None
    return list(parse_template(text, pattern.kinds()).texts(bindings))


@pytest.mark.parametrize(
    ("output", "ref", "text", "expected"),
    [
        ("{x}", "abc", "in/{x}", ["in/abc"]),
        ("{x}", "abc", "constant", ["constant"]),
        ("{n:int}", "7", "{n-1}", ["6"]),
        ("{n:int}", "0", "{n-1}", []),
        ("{n:int}", "1", "{n-3..n}", ["0", "1"]),
        ("{n:int}", "1", "{n+1..n-1}", []),
        ("{d:date}", "2012-03-01", "{d-1d}", ["2012-02-29"]),
        ("{d:date}", "2013-03-01", "{d-1d}", ["2013-02-28"]),
        ("{d:date}", "2013-03-01", "{d+1w}", ["2013-03-08"]),
        ("{d:date}", "0001-01-01", "{d-1d}", []),
        ("{d:date}", "9999-12-31", "{d-1d..d+5d}", ["9999-12-30", "9999-12-31"]),
        ("{d:date}", "2013-01-02", "{d-2d..d-1d}", ["2012-12-31", "2013-01-01"]),
        ("{d:date}", "2013-01-02", "{d-2d..d-1d}/{year(d)}", ["2012-12-31/2013", "2013-01-01/2013"]),
        ("{d:date}", "2013-01-02", "{month(d)-1}", ["2012-12"]),
        ("{d:date}", "2021-01-03", "{week(d)}", ["2020-W53"]),
        ("{m:month}", "2013-01", "{m-1}", ["2012-12"]),
        ("{m:month}", "2013-01", "{year(m)}", ["2013"]),
        ("{m:month}", "0001-01", "{days(m-1)}", []),
        ("{w:week}", "2021-W01", "{w-1}", ["2020-W53"]),
        ("{w:week}", "2021-W01", "{w-1w}", ["2020-W53"]),
        ("{w:week}", "9999-W52", "{days(w)}", [f"9999-12-{day}" for day in range(27, 32)]),
        ("{y:year}", "2013", "{y-1}", ["2012"]),
        ("{y:year}", "0001", "{y-1}", []),
        ("{y:year}", "2013", "{months(y)}", [f"2013-{month:02}" for month in range(1, 13)]),
        ("{h:hour}", "2013-01-01T00", "{h-1h}", ["2012-12-31T23"]),
        ("{h:hour}", "2013-01-01T05", "{h-1d}", ["2012-12-31T05"]),
        ("{h:hour}", "2013-01-01T05", "{h-1w..h-1w}", ["2012-12-25T05"]),
        ("{h:hour}", "2013-01-01T05", "{date(h)}", ["2013-01-01"]),
        ("{h:hour}", "2013-01-01T05", "{month(date(h))}", ["2013-01"]),
        ("{d:date}", "2013-01-05", "{hours(d)}", [f"2013-01-05T{hour:02}" for hour in range(24)]),
        ("{x}/{n:int}", "a/2", "{n-1..n}/{x}", ["1/a", "2/a"]),
        ("{a:int}/{b:int}", "1/3", "{a..b}", ["1", "2", "3"]),
        ("{m:month}", "0001-01", "{days(m-1)..days(m)}", []),
        ("{m:month}", "9999-12", "{days(m)..days(m+1)}", []),
    ],
)
def test_examples(output: str, ref: str, text: str, expected: list[str]) -> None:
    """The language would mean something else than its documentation says."""
    assert needs(output, ref, text) == expected


@given(DATES, st.integers(-10_000, 10_000))
def test_offsets_count_days(day: date, offset: int) -> None:
    """An offset would go wrong at the end of a month or in a leap year."""
    try:
        expected = [(day + timedelta(days=offset)).isoformat()]
    except OverflowError:
        expected = []
    assert needs("{d:date}", day.isoformat(), f"{{d{offset:+}d}}") == expected


@given(st.integers(1, 9999), st.integers(1, 12))
def test_days_of_a_month(year: int, month: int) -> None:
    """A monthly job would miss a day, or wait for one that does not exist."""
    expected = [f"{year:04}-{month:02}-{day:02}" for day in range(1, monthrange(year, month)[1] + 1)]
    assert needs("{m:month}", f"{year:04}-{month:02}", "{days(m)}") == expected


@given(st.integers(1, 9999))
def test_days_and_months_of_a_year(year: int) -> None:
    """A yearly job would miss a day or a month."""
    days = needs("{y:year}", f"{year:04}", "{days(y)}")
    assert days == [day for month in range(1, 13) for day in needs("{m:month}", f"{year:04}-{month:02}", "{days(m)}")]
    assert days == needs("{y:year}", f"{year:04}", "{days(months(y))}")


@given(DATES)
def test_a_day_is_in_its_week_and_month(day: date) -> None:
    """Coarsening and its calendar would disagree."""
    text = day.isoformat()
    (week,), (month,) = needs("{d:date}", text, "{week(d)}"), needs("{d:date}", text, "{month(d)}")
    year, number, weekday = day.isocalendar()
    assert week == f"{year:04}-W{number:02}"
    assert needs("{w:week}", week, "{days(w)}")[weekday - 1] == text
    assert needs("{m:month}", month, "{days(m)}")[day.day - 1] == text


@given(st.integers(1, 9998))
def test_weeks_of_a_year(year: int) -> None:
    """The 53rd week of a long ISO year would be lost."""
    weeks = needs("{y:year}", f"{year:04}", "{weeks(y)}")
    assert weeks == [f"{year:04}-W{number:02}" for number in range(1, date(year, 12, 28).isocalendar().week + 1)]


def test_what_moves_can_leave_the_data() -> None:
    """A misspelt plain input would be left out in silence, or the day before the first day be an error."""
    kinds = parse_pattern("{d:date}/{m:month}").kinds()
    moving = ["{d-1d}", "{d-7d..d-1d}", "{days(m)}", "{hours(d)}", "{month(d)-1}"]
    standing = ["{d}", "{month(d)}", "{year(month(d))}", "constant"]
    assert all(parse_template(text, kinds).moves for text in moving)
    assert not any(parse_template(text, kinds).moves for text in standing)


@pytest.mark.parametrize("text", ["{a-1000000..a}", "{d-400d..d}/{e-400d..e}"])
def test_an_input_that_stands_for_too_much_is_refused(text: str) -> None:
    """One line of configuration could fill the memory."""
    with pytest.raises(TooMany, match=f"at most {INPUTS_MAX} are allowed"):
        needs("{a:int}/{d:date}/{e:date}", "2000000/2013-01-01/2013-01-01", text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{day}", "in '{day}': no placeholder of the output is named 'day'; it has: d, m, x"),
        ("{d:date}", "{d:date} is no expression; write a name, {date-1d}, {date-7d..date-1d}, {days(month)}"),
        ("{x-1}", "'x' has no type, so it can only be copied; give it one in outputs: {x:date}"),
        ("{d-1}", "an offset on type date cannot be '-1'; write -1d or -1w"),
        ("{m-1m}", "an offset on type month cannot be '-1m'; write -1"),
        ("{hours(m)}", "there is no hours() of a value of type month; there are: hours(date), days(week)"),
        ("{d..m}", "{d..m} runs from type date to type month; both ends of a window must have one type"),
        ("{d", "the braces in '{d' do not pair up"),
        ("a//{d}", "it has an empty segment"),
        ("a/*/{d}", "contains '*'"),
        ("x" * (PATTERN_CHARS_MAX + 1), f"has {PATTERN_CHARS_MAX + 1} characters; use at most {PATTERN_CHARS_MAX}"),
    ],
)
def test_refused(text: str, message: str) -> None:
    """An input that means nothing would be taken, or refused without saying why."""
    with pytest.raises(BadPattern) as error:
        parse_template(text, parse_pattern("{d:date}/{m:month}/{x}").kinds())
    assert message in str(error.value)
