"""Durations and sizes as people write them: ``"90s"``, ``"1.5h"``, ``"10MB"``."""

import re

_NUMBER = r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?)(?P<unit>[A-Za-z]+)"

MICROSECONDS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}

DURATION_MAX = 36_525 * MICROSECONDS["d"]


class Duration(int):
    """A length of time in microseconds."""

    __slots__ = ()


class Size(int):
    """A number of bytes."""

    __slots__ = ()


def parse_duration(text: object) -> Duration:
    """Read a duration such as "500ms", "5s", "10m", "2h" or "3d", or raise ValueError."""
    duration = Duration(_scaled(text, MICROSECONDS, 'a duration such as "500ms", "5s", "10m", "2h" or "3d"'))
    if duration > DURATION_MAX:
        raise ValueError(f"expected a duration of at most 100 years, got {text!r}")
    return duration


def parse_size(text: object) -> Size:
    """Read a size such as "10MB" or "64KiB", or raise ValueError."""
    return Size(_scaled(text, BYTES, 'a size such as "10MB" or "64KiB"'))


def _scaled(text: object, units: dict[str, int], form: str) -> int:
    found = re.fullmatch(_NUMBER, text) if isinstance(text, str) else None
    if found is None or found["unit"] not in units:
        raise ValueError(f"expected {form}, got {text!r}")
    # In whole thousandths, since a float would round.
    whole, _, fraction = found["number"].partition(".")
    return int(whole + fraction.ljust(3, "0")) * units[found["unit"]] // 1000
