"""The types a placeholder can have: int, year, month, week, date, hour.

A typed value is carried as one whole number, its **ordinal**: the number itself, the year, the month, week, day or
hour counted from the beginning of the calendar. So an offset is an addition, a window is a range and a bound is a
comparison, whatever the type; only this file knows how an ordinal is written.

Invariants: ``write(read(text)) == text`` for every text that ``read`` accepts (each value has one spelling), and the
spellings of every kind but int have one width and sort like their ordinals. Calendars are proleptic Gregorian and
ISO 8601, years 1 to 9999.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

HOURS = 24
MONTHS = 12
DAYS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One type of placeholder: how its values are spelled, counted and shifted."""

    name: str
    regex: str
    read: Callable[[str], int | None]
    """The ordinal of a text of the right shape, or None where the calendar has no such value."""
    write: Callable[[int], str]
    low: int
    high: int | None
    """The last ordinal; None where there is no last one."""
    units: dict[str, int]
    """Unit of an offset -> how many ordinals it is; "" stands for a plain number."""

    def clip(self, first: int, last: int) -> tuple[int, int]:
        """Cut a range of ordinals to what this kind can spell; an empty range has first > last."""
        return max(first, self.low), last if self.high is None else min(last, self.high)

    def parse(self, text: str) -> int | None:
        """Read a text from outside, of any shape."""
        return self.read(text) if re.fullmatch(self.regex, text) else None


def date_of_month(month: int) -> date:
    """Return the first day of a month's ordinal."""
    return date(month // MONTHS, month % MONTHS + 1, 1)


def month_of_date(day: date) -> int:
    """Return the ordinal of the month that holds a day."""
    return day.year * MONTHS + day.month - 1


def week_of_day(day: int) -> int:
    """Return the ordinal of the ISO week that holds a day's ordinal; day 1 was a Monday."""
    return (day - 1) // DAYS


def _read_year(text: str) -> int | None:
    return int(text) or None


def _read_month(text: str) -> int | None:
    year, month = int(text[:4]), int(text[5:])
    return year * MONTHS + month - 1 if year and 1 <= month <= MONTHS else None


def _read_date(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def _read_week(text: str) -> int | None:
    try:
        return week_of_day(date.fromisocalendar(int(text[:4]), int(text[6:]), 1).toordinal())
    except ValueError:
        return None


def _read_hour(text: str) -> int | None:
    day, hour = _read_date(text[:10]), int(text[11:])
    return day * HOURS + hour if day is not None and hour < HOURS else None


def _write_month(month: int) -> str:
    return f"{month // MONTHS:04}-{month % MONTHS + 1:02}"


def _write_date(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _write_week(week: int) -> str:
    year, number, _ = date.fromordinal(week * DAYS + 1).isocalendar()
    return f"{year:04}-W{number:02}"


def _write_hour(hour: int) -> str:
    return f"{_write_date(hour // HOURS)}T{hour % HOURS:02}"


_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FIRST_DAY, _LAST_DAY = date.min.toordinal(), date.max.toordinal()

INT = Kind("int", "(?:0|[1-9][0-9]*)", int, str, 0, None, {"": 1})
YEAR = Kind("year", "[0-9]{4}", _read_year, "{:04}".format, date.min.year, date.max.year, {"": 1})
MONTH = Kind(
    "month", "[0-9]{4}-[0-9]{2}", _read_month, _write_month, month_of_date(date.min), month_of_date(date.max), {"": 1}
)
WEEK = Kind(
    "week",
    "[0-9]{4}-W[0-9]{2}",
    _read_week,
    _write_week,
    week_of_day(_FIRST_DAY),
    week_of_day(_LAST_DAY),
    {"": 1, "w": 1},
)
DATE = Kind("date", _DATE, _read_date, _write_date, _FIRST_DAY, _LAST_DAY, {"d": 1, "w": DAYS})
HOUR = Kind(
    "hour",
    f"{_DATE}T[0-9]{{2}}",
    _read_hour,
    _write_hour,
    _FIRST_DAY * HOURS,
    _LAST_DAY * HOURS + HOURS - 1,
    {"h": 1, "d": HOURS, "w": HOURS * DAYS},
)

KINDS = {kind.name: kind for kind in (INT, YEAR, MONTH, WEEK, DATE, HOUR)}
