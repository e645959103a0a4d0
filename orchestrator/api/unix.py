"""Addresses of unix sockets, also where the path is longer than the kernel takes.

The kernel takes 107 bytes. A longer path is reached through a descriptor of its folder, whose name below /proc is
short.
Imports little: the client uses it.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PATH_BYTES_MAX = 107


@contextmanager
def address_of(path: Path) -> Generator[str]:
    """What to bind or connect to, for as long as the context is open."""
    if len(os.fsencode(path)) <= PATH_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
