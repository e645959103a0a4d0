"""Rounds: each side of each case once in turn, then again, so that a busy minute meets all sides.

A case that took long is not repeated; how often each was run is in the table.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.builders import BUILT_BY_OTHERS, builders, run_builder
from benchmarks.rows import Case, Row
from benchmarks.sides import floor_script, run_floor, run_wantd

Say = Callable[[str], None]

_LONG_S = 30.0
_TIMEOUT_S = 1_800.0


def run_rounds(cases: Iterable[Case], rounds: int, say: Say) -> Iterator[Row]:
    """Run every case up to ``rounds`` times, beside its floor and other builders where they are there."""
    left = list(cases)
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}: {len(left)} cases")
        quick: list[Case] = []
        for case in left:
            before = time.monotonic()
            yield from _run_once(case)
            seconds = time.monotonic() - before
            say(f"  {case.shape} {case.n} {case.job}: {seconds:.1f} s")
            if seconds <= _LONG_S:
                quick.append(case)
        left = quick


def _run_once(case: Case) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="wantd-bench-") as folder:
        yield from run_wantd(case, Path(folder), _TIMEOUT_S)
    for builder in builders() if case.job in BUILT_BY_OTHERS else ():
        with tempfile.TemporaryDirectory(prefix="wantd-bench-") as folder:
            yield from run_builder(builder, case, Path(folder))
    script = floor_script()
    if script is not None:
        with tempfile.TemporaryDirectory(prefix="wantd-bench-") as folder:
            yield from run_floor(script, case, Path(folder), _TIMEOUT_S)
