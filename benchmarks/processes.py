"""Starts a measured program, watches the memory of all it starts, and ends what it leaves behind.

A keeper outlives its daemon on purpose. Here it would disturb the next run, so this process adopts orphans
(PR_SET_CHILD_SUBREAPER, Linux) and kills those that a run left. It must therefore not be used inside a program that
has children of other kinds.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

_PR_SET_CHILD_SUBREAPER = 36
_LOOK_EVERY_S = 0.05
_SHOWN_CHARS = 2000


class Finished(msgspec.Struct, frozen=True):
    """What a program printed, and the most memory seen with it and all below it at one time."""

    output: str
    peak_mb: float


class ProgramFailed(Exception):
    """A measured program did not end well."""


def adopt_orphans() -> None:
    """Become the parent of every process below this one that loses its own."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str], timeout_s: float) -> Finished:
    """Run a program in a folder to its end.

    Raises ProgramFailed with the end of what it said, also when it takes too long.
    """
    output, errors = folder / "measured.out", folder / "measured.err"
    with output.open("wb") as out, errors.open("wb") as err:
        program = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(environ)
        )
    try:
        peak_mb = _watch(program, timeout_s)
    finally:
        end_all_below()
    if program.returncode != 0:
        said = errors.read_text(errors="replace")[-_SHOWN_CHARS:]
        raise ProgramFailed(f"{' '.join(command)} ended with {program.returncode}: {said}")
    return Finished(output.read_text(), peak_mb)


class Peak:
    """Looks, in a thread, at the memory of all below this process; ``mb`` is the most it saw at one time."""

    def __init__(self) -> None:
        self.mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="peak")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            self.mb = max(self.mb, held_mb(os.getpid()))


def end_all_below() -> None:
    """Kill everything below this process, and wait until it is gone."""
    while left := _below(os.getpid()):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)


def held_mb(root: int) -> float:
    """The memory that all processes below one hold now, without its own."""
    return sum(map(_memory_mb, _below(root)))


def _watch(program: subprocess.Popen[bytes], timeout_s: float) -> float:
    peak_mb, ends_at = 0.0, time.monotonic() + timeout_s
    while True:
        peak_mb = max(peak_mb, held_mb(os.getpid()))
        try:
            program.wait(_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() > ends_at:
                program.kill()
        else:
            return peak_mb


def _below(root: int) -> list[int]:
    """Every process that descends from one."""
    children: dict[int, list[int]] = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended meanwhile
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(process.name))
    found = list(children.get(root, ()))
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _memory_mb(pid: int) -> float:
    """The memory a process holds; what several share is divided among them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
