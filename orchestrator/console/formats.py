"""How pages write moments, durations, sizes and long texts. Pure."""

import re
from datetime import datetime, timedelta

_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9:]{8})(?:\.[0-9]+)?Z", re.ASCII)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def clock(at: str | None) -> str:
    """A moment to the second, in UTC: ``2026-11-21 07:41:03``."""
    return "" if at is None else at[:19].replace("T", " ")


def ago(at: str | None, now: str) -> str:
    """How long before ``now`` a moment is, or how long after it: ``3 min ago``, ``in 2 h``."""
    if at is None:
        return ""
    passed = (datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds()
    if abs(passed) < 1:
        return "now"
    told = span(abs(passed))
    return f"{told} ago" if passed > 0 else f"in {told}"


def span(seconds: float | None) -> str:
    """A duration in its largest unit: ``240 ms``, ``4.2 s``, ``3 min``, ``5 h``, ``12 d``."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size)
    return f"{seconds / size:.0f} {unit}"


def between(begin: str, end: str) -> float:
    """The seconds from one moment to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)) / timedelta(seconds=1)


def size(number: int) -> str:
    """A number of bytes: ``312 B``, ``4.1 KB``, ``2.0 GB``."""
    told = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if told < 1000:
            return f"{told:.0f} {unit}" if unit == "B" else f"{told:.1f} {unit}"
        told /= 1000
    return f"{told:.1f} TB"


def count(number: int) -> str:
    """A number with its thousands apart: ``1 000 000``, with spaces that do not break."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def tidy(text: str) -> str:
    """A sentence with its moments to the second."""
    return _MOMENT.sub(r"\1 \2", text)


def middle(text: str, most: int) -> str:
    """A text that is too long without its middle: the ends of refs tell most."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - (most - 1 - head) :]}"


def words(name: str) -> str:
    """The name of a state or a kind of entry as words: ``UpstreamBuilding`` is ``Upstream building``."""
    first, *rest = re.findall("[A-Z][a-z]*|[a-z_]+", name) or [name]
    return " ".join((first, *(word.lower() for word in rest))).replace("_", " ")
