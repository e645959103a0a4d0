"""When a process of ours is killed: by chance, but in every phase of a build, and while it recovers.

Gaps follow what the jobs have made, not the clock: a slow machine is killed in the same phases as a fast one.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from orchestrator.executors.survey import is_alive
from tests.acceptance.commands import Life
from tests.acceptance.notes import Notes
from tests.acceptance.waiting import wait_until
from tests.executors.rigs import keeper_folders, keeper_pid

REFS = 3 * 365 + 12 + 1 + 3
"""Days of flights, of weather, of delays; months; the year; the three files of the source."""
_LAST = 0.95
_PHASE_S = 0.3
_RECOVERY_S = 0.15
_KEEPERLESS_S = 0.05


class Moment(NamedTuple):
    """``refs`` were made (none: as soon as it recovers), and a while after.

    ``keeperless_s``: so long before, its keeper is killed too; none: it is not.
    """

    refs: int | None
    after_s: float
    keeperless_s: float | None


def moments(kills: int, seed: int, *, keepers: bool) -> Iterator[Moment]:
    """Choose moments all over a build: one in three while it recovers, one in four with its keeper."""
    chance = random.Random(seed)
    for number in range(kills):
        refs = int(REFS * _LAST * (number + chance.random()) / kills)
        after_s, recovering_s = chance.uniform(0, _PHASE_S), chance.uniform(0, _RECOVERY_S)
        keeperless_s = chance.choice((0.0, chance.uniform(0, _KEEPERLESS_S))) if keepers and number % 4 == 3 else None
        yield Moment(None, recovering_s, keeperless_s) if number % 3 == 2 else Moment(refs, after_s, keeperless_s)


class Death(NamedTuple):
    """A keeper was killed, at monotonic seconds. A long hunt uses up all pids: another may die with the same."""

    pid: int
    at: float


class Killer:
    """Kills one life after the other, and says when, in monotonic seconds."""

    def __init__(self, application: Path) -> None:
        self._notes = Notes(application)
        self._keepers = application / ".wantd" / "runs" / "keepers"
        self._lives = application / "lives"
        self._lives.touch()
        self.began: list[float] = []
        self.died: list[float] = []
        self.keepers_died: list[Death] = []

    def kill_all(self, begin: Callable[[], Life], at: Iterable[Moment]) -> None:
        """Kill a life at each of these moments. Then nobody need dawdle any more."""
        for moment in at:
            self.kill(begin, moment)
        self._lives.unlink()

    def kill(self, begin: Callable[[], Life], moment: Moment) -> None:
        """Let a life begin, which has taken the lock, and kill it at its moment."""
        life = begin()
        self.began.append(time.monotonic())
        refs = moment.refs
        if refs is not None:
            wait_until(lambda: life.must_live() and self._notes.progress() >= refs, f"{refs} refs are made")
        time.sleep(moment.after_s)
        if moment.keeperless_s is not None:
            self._kill_keepers()
            time.sleep(moment.keeperless_s)
        with self._lives.open("ab") as lives:
            lives.write(b".")
        self.died.append(time.monotonic())
        life.kill()

    def outlived(self) -> int:
        """How many runs began under one daemon and ended under a later one."""
        self._notes.refresh()
        started = {note.run: note.at for note in self._notes.of("start")}
        ended = {note.run: note.at for note in self._notes.of("end")}
        between = list(zip(self.died, self.began[1:], strict=False))
        return sum(any(started[run] < died and begun < at for died, begun in between) for run, at in ended.items())

    def _kill_keepers(self) -> None:
        for folder in keeper_folders(self._keepers):
            with suppress(ProcessLookupError, FileNotFoundError):
                if is_alive(folder):
                    pid = keeper_pid(folder)
                    os.kill(pid, signal.SIGKILL)
                    self.keepers_died.append(Death(pid, time.monotonic()))
