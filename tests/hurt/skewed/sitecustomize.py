"""A wall clock that a test can set: imported by Python itself in every process that has this folder on its path.

The file named by ``$WALL_CLOCK_SET_BY`` says by how many seconds it was set. Elapsed time is not touched.
"""

import os
import time
from pathlib import Path

_told = Path(os.environ["WALL_CLOCK_SET_BY"])
_now_ns = time.time_ns


def _set_by_s() -> int:
    return int(_told.read_text() or "0")


def _time_ns() -> int:
    return _now_ns() + _set_by_s() * 1_000_000_000


time.time_ns = _time_ns
time.time = lambda: _time_ns() / 1e9
