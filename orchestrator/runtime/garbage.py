"""What becomes of memory that is no longer needed.

How often Python looks for garbage that refers to itself:

Almost nothing of ours does: states, events and facts are trees, and go when the last reference to them goes. But the
search visits every node and index of the world, again and again while they are made: a quarter of the time of a large
build. So it is done rarely while an engine runs, and not at all for what was there when it began.

And how much goes back to the system: the C library keeps what was freed for the next who asks, and the larger the
blocks it has seen, the more. A snapshot is one such block, and some more while it is made.
"""

import ctypes
import gc
from collections.abc import Generator
from contextlib import contextmanager

NEW_OBJECTS = 50_000
"""How many objects are made, beyond those let go, before the youngest are looked through; by default it is 700."""

LARGE_BYTES = 128 << 10
"""Blocks of this size on go back to the system when they are freed: also the pieces that a snapshot is made of. From
1 MiB on up to a quarter of a daemon was what a snapshot had left."""

_M_MMAP_THRESHOLD = -3


def give_back_large_blocks() -> None:
    """Have the C library keep to ``LARGE_BYTES``, where it is glibc; others do not learn. For the whole process."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


@contextmanager
def rare_collections() -> Generator[None]:
    """Look for garbage rarely for as long as the context is open. Applies to the whole process."""
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def spared() -> Generator[None]:
    """Leave out of every search what is there now, for as long as the context is open: a world just read back."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
