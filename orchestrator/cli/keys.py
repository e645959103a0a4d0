"""Keys of a terminal, one by one, without waiting for the end of a line."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

SEQUENCES = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1bOH": "home",
    b"\x1bOF": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
    b"\x1b[5~": "up",
    b"\x1b[6~": "down",
    b"\x1b": "escape",
    b" ": "space",
}
"""What terminals send for keys that have a name."""

CLOSED = "closed"
"""What comes when there is nobody at the keys any more."""


@contextmanager
def keys_of(descriptor: int) -> Generator[asyncio.Queue[str]]:
    """Give the keys that are pressed, and leave the terminal as it was. Ctrl-C stays what it is."""
    pressed: asyncio.Queue[str] = asyncio.Queue()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()

    def read() -> None:
        for key in _read(descriptor):
            pressed.put_nowait(key)
            if key == CLOSED:
                loop.remove_reader(descriptor)

    tty.setcbreak(descriptor, termios.TCSADRAIN)
    loop.add_reader(descriptor, read)
    try:
        yield pressed
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def parsed(text: bytes) -> list[str]:
    """Part what a terminal sent into keys. What is not known is left out."""
    found: list[str] = []
    while text:
        sequence = next((known for known in SEQUENCES if text.startswith(known)), text[:1])
        found.append(SEQUENCES.get(sequence) or sequence.decode("ascii", errors="replace"))
        text = text[len(sequence) :]
    return found


def _read(descriptor: int) -> list[str]:
    try:
        return parsed(os.read(descriptor, 256)) or [CLOSED]
    except OSError:
        return [CLOSED]
