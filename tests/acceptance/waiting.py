"""Waiting for something to become so, and giving up with what was waited for."""

import time
from collections.abc import Callable

PATIENCE_S = 60.0
_PAUSE_S = 0.003


def wait_until(is_so: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Look until it is so."""
    give_up_at = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < give_up_at, f"waited {patience_s:g} s in vain until {what}"
        time.sleep(_PAUSE_S)
