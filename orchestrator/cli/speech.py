"""Saying things: data goes to standard output, talk goes to standard error.

What comes from outside (refs, what jobs print, messages of the system) may hold control characters; on a terminal they
are shown, never obeyed. Into a pipe bytes go as they are.
"""

import os
import re
import sys
from typing import TextIO

_KEPT = "\n\t"
_MOMENT = re.compile(r"(?<!\S)(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{6}Z(?=[\s:;,)]|$)")
_SHORT_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")


def safe(text: str) -> str:
    """Show control characters as escaped, so that a terminal does not obey them."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _KEPT else _shown(char) for char in text)


def _shown(char: str) -> str:
    return char if char == "\u00a0" else char.encode("unicode_escape").decode()


def readable(text: str) -> str:
    """Tell moments as people read them, to the second; programs get them as they are in the log."""
    return _MOMENT.sub(r"\1 \2Z", text)


def is_moment(text: str) -> bool:
    """Say whether a text is a moment as people read it, and nothing else."""
    return _SHORT_MOMENT.fullmatch(text) is not None


def counted(number: int, what: str) -> str:
    """Count things: ``1 JobRun``, ``2 JobRuns``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def data(text: str) -> None:
    """Print a line of what was asked for."""
    print(safe(text) if sys.stdout.isatty() else text)


def talk(text: str) -> None:
    """Print a line for people."""
    print(safe(text), file=sys.stderr)


def is_drawn(stream: TextIO) -> bool:
    """Say whether a stream is a terminal that can be drawn on."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def in_color(stream: TextIO) -> bool:
    """Say whether colors are welcome (https://no-color.org)."""
    return is_drawn(stream) and not os.environ.get("NO_COLOR")
