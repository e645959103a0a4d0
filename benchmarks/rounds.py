"""Rounds: each side of each trial once in turn, then again, so that a busy minute meets all sides.

A trial that took long is not repeated; how often each was run is in the table. One that fails is said to be absent,
with the reason, and does not stop the others.

What a trial wrote is removed when all are over. For minutes after ten thousand files were removed, ext4 takes half a
millisecond for each that is made near them: who comes next would pay for that, and who makes most files most of it.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import ProgramFailed
from benchmarks.rows import Absent, Row, Side

Say = Callable[[str], None]
Measured = Callable[[Path], list[Row]]

LONG_S = 60.0
_LARGE_BYTES = 1 << 20
"""Files of this size are logs, few, and removed at once: together they would fill the disk."""

Sided = tuple[Side, Measured]
"""Whose it is, and how it is measured."""


class Trial(NamedTuple):
    """What is measured together: its sides, one after the other, each in an empty folder."""

    name: str
    sides: Sequence[Sided]


def run_rounds(
    trials: Iterable[Trial], rounds: int, folder: Path, say: Say, long_s: float = LONG_S
) -> Iterator[Row | Absent]:
    """Run every trial up to ``rounds`` times; one that took more than ``long_s`` seconds, or failed, only once.

    What they write is below ``folder``, which is for the caller to remove when all is told.
    """
    left = list(trials)
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}: {len(left)} trials")
        again: list[Trial] = []
        for trial in left:
            before = time.monotonic()
            found = list(_run_once(trial, folder))
            yield from found
            seconds = time.monotonic() - before
            say(f"  {trial.name}: {seconds:.1f} s")
            if seconds <= long_s and not any(isinstance(one, Absent) for one in found):
                again.append(trial)
        left = again


def _run_once(trial: Trial, folder: Path) -> Iterator[Row | Absent]:
    for side, measure in trial.sides:
        own = Path(tempfile.mkdtemp(dir=folder))
        try:
            yield from measure(own)
        except ProgramFailed as failed:
            yield Absent(side, trial.name, str(failed))
        _remove_large_files(own)
        os.sync()  # else the next to sync anything would do it


def _remove_large_files(folder: Path) -> None:
    for above, _, names in os.walk(folder):
        for path in (Path(above, name) for name in names):
            if path.lstat().st_size > _LARGE_BYTES:
                path.unlink()
