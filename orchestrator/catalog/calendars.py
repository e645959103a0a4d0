"""The functions of input expressions: the days of a month, the month of a day.

Each takes one value to a range of a finer kind (``days(month)``) or to the one value of a coarser kind that holds it
(``month(date)``). Weeks are ISO weeks: ``weeks(year)`` are the 52 or 53 weeks of the ISO year. What is not here is
composed: ``hours(days(month))``, ``month(date(hour))``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from orchestrator.catalog.kinds import (
    DATE,
    DAYS,
    HOUR,
    HOURS,
    MONTH,
    MONTHS,
    WEEK,
    YEAR,
    Kind,
    date_of_month,
    month_of_date,
    week_of_day,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One function, for one kind of argument."""

    to: Kind
    span: Callable[[int], tuple[int, int]]
    """First and last ordinal of what one argument stands for."""
    widens: bool


def _days_of_year(year: int) -> tuple[int, int]:
    return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()


def _days_of_month(month: int) -> tuple[int, int]:
    first = date_of_month(month).toordinal()
    if month == MONTH.high:
        return first, date.max.toordinal()
    return first, date_of_month(month + 1).toordinal() - 1


def _days_of_week(week: int) -> tuple[int, int]:
    return week * DAYS + 1, week * DAYS + DAYS


def _weeks_of_year(year: int) -> tuple[int, int]:
    # 4 January is always in the first ISO week of its year, 28 December always in the last.
    return week_of_day(date(year, 1, 4).toordinal()), week_of_day(date(year, 12, 28).toordinal())


def _months_of_year(year: int) -> tuple[int, int]:
    return year * MONTHS, year * MONTHS + MONTHS - 1


def _hours_of_day(day: int) -> tuple[int, int]:
    return day * HOURS, day * HOURS + HOURS - 1


def _coarsen(to: Kind, holder: Callable[[int], int]) -> Step:
    return Step(to, lambda value: (holder(value), holder(value)), widens=False)


def _month_of_day(day: int) -> int:
    return month_of_date(date.fromordinal(day))


def _year_of_day(day: int) -> int:
    return date.fromordinal(day).year


STEPS = {
    ("hours", DATE): Step(HOUR, _hours_of_day, widens=True),
    ("days", WEEK): Step(DATE, _days_of_week, widens=True),
    ("days", MONTH): Step(DATE, _days_of_month, widens=True),
    ("days", YEAR): Step(DATE, _days_of_year, widens=True),
    ("weeks", YEAR): Step(WEEK, _weeks_of_year, widens=True),
    ("months", YEAR): Step(MONTH, _months_of_year, widens=True),
    ("date", HOUR): _coarsen(DATE, lambda hour: hour // HOURS),
    ("week", DATE): _coarsen(WEEK, week_of_day),
    ("month", DATE): _coarsen(MONTH, _month_of_day),
    ("year", DATE): _coarsen(YEAR, _year_of_day),
    ("year", MONTH): _coarsen(YEAR, lambda month: month // MONTHS),
}
"""Function name and kind of its argument -> what it does."""
