"""What a running wantd takes, second by second: memory, descriptors, threads; and what it leaves on the disk."""

import csv
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.acceptance import prey
from tests.acceptance.commands import Wantd
from tests.acceptance.hunting import Hunter
from tests.acceptance.notes import Notes

PERIOD_S = 1.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Taken(NamedTuple):
    """What processes of one kind take together."""

    processes: int = 0
    rss_bytes: int = 0
    descriptors: int = 0
    threads: int = 0


class Sample(NamedTuple):
    """One second. ``life`` counts the daemons there were; 0 processes: there was none at that moment."""

    at_s: float
    life: int
    daemon: Taken
    keeper: Taken
    worker: Taken
    wal_bytes: int
    log_bytes: int
    runs: int
    """JobRuns that were started until now."""
    run_folders: int
    kills: int


class Sampler:
    """Takes a sample each second, in a thread of its own."""

    def __init__(self, wantd: Wantd, hunter: Hunter) -> None:
        self.samples: list[Sample] = []
        self._wantd = wantd
        self._hunter = hunter
        self._notes = Notes(wantd.folder)
        self._runs = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample_on, name="sampler")

    def begin(self) -> None:
        """Take the first sample now."""
        self._thread.start()

    def end(self) -> None:
        """Take no more."""
        self._over.set()
        self._thread.join()

    def _sample_on(self) -> None:
        began = due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self.samples.append(self._sample(time.monotonic() - began))
            due += PERIOD_S

    def _sample(self, at_s: float) -> Sample:
        state = self._wantd.state
        daemon = self._hunter.daemon
        self._runs += sum(note.what == "start" for note in self._notes.refresh())
        return Sample(
            at_s,
            len(self._hunter.ready_s),
            taken([] if daemon is None else [daemon]),
            taken(prey.keepers(state)),
            taken(prey.at_work(self._wantd.folder, prey.WORKER)),
            _size(state / "bel.sqlite-wal"),
            _size(state / "bel.sqlite"),
            self._runs,
            len(os.listdir(state / "runs")) - 1,  # noqa: PTH208  names are all it needs
            len(self._hunter.victims),
        )


def taken(pids: Sequence[int]) -> Taken:
    """Add up what these processes take; who has ended meanwhile takes nothing."""
    found = [one for one in map(_taken, pids) if one is not None]
    return Taken(len(found), *(sum(column) for column in list(zip(*found, strict=True))[1:])) if found else Taken()


def _taken(pid: int) -> Taken | None:
    process = Path(f"/proc/{pid}")
    try:
        rss = int((process / "statm").read_text().split()[1]) * _PAGE
        descriptors, threads = (len(os.listdir(process / name)) for name in ("fd", "task"))  # noqa: PTH208
    except OSError:
        return None
    return Taken(1, rss, descriptors, threads) if rss else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def write_csv(samples: Sequence[Sample], path: Path) -> None:
    """Write one line a sample."""
    plain = ("wal_bytes", "log_bytes", "runs", "run_folders", "kills")
    roles = ("daemon", "keeper", "worker")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["at_s", "life", *(f"{role}_{what}" for role in roles for what in Taken._fields), *plain])
        for sample in samples:
            amounts = [amount for role in roles for amount in getattr(sample, role)]
            writer.writerow([f"{sample.at_s:.2f}", sample.life, *amounts, *(getattr(sample, name) for name in plain)])
