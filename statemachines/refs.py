"""Names of data: the PartitionRef and its grammar.

A ref is an opaque string such as ``flights/daily/date=2013-01-05``. It reaches us from users, configuration,
jobs and HTTP bodies, so it is hostile until ``parse_ref`` has looked at it: once, at the gate. Inside the
house a ``Ref`` is already valid and is never checked a second time.

Source: design section 2 (PartitionRef) and section 10 (limits).
"""

import re
from typing import NewType

Ref = NewType("Ref", str)
"""A validated partition reference."""

REF_CHARS_MAX = 1024


_SEGMENT = r"(?!\.{1,2}(?:/|\Z))[!#-&(-.0-\[\]-~]+"
_ORDINARY = re.compile(rf"(?!-){_SEGMENT}(?:/{_SEGMENT})*")
"""A ref of ASCII characters, as nearly all are: judged in one go. ``_problem`` is the law, for all others too."""


class BadRef(ValueError):
    """A text that cannot name a partition. The message says what is wrong with it and what a ref looks like."""


def parse_ref(text: str) -> Ref:
    """Take a text as the name of a partition, or raise BadRef."""
    if len(text) <= REF_CHARS_MAX and _ORDINARY.fullmatch(text):
        return Ref(text)
    problem = _problem(text)
    if problem is None:
        return Ref(text)
    shown = repr(text if len(text) <= 80 else text[:77] + "...")
    raise BadRef(f"{shown} is not a partition ref: {problem}; a ref looks like flights/daily/date=2013-01-05")


def _problem(text: str) -> str | None:
    if not text:
        return "it is empty"
    if len(text) > REF_CHARS_MAX:
        return f"it has {len(text)} characters, at most {REF_CHARS_MAX} are allowed"
    if not text.isprintable():
        return "it contains a control or other unprintable character"
    if any(char in " \"'\\" or char.isspace() for char in text):
        return "it contains white space, a quote or a backslash"
    if text.startswith("-"):
        return "it begins with '-', which a command would take for an option"
    for segment in text.split("/"):
        if not segment:
            return "it has an empty segment (a '/' at an end, or two in a row)"
        if segment in {".", ".."}:
            return f"a segment may not be {segment!r}"
    return None
