"""Jobs that end one by one: many short ones, as many at a time as there are slots: ``python -m benchmarks.trickle``.

Beside the daemon: ``ideal`` is what the sleeping alone takes on so many slots, ``bare`` the same scripts started by a
loop that keeps nothing. The first job of all starts the keeper and is left out on every side.
"""

import heapq
import os
import selectors
import time
from pathlib import Path

from benchmarks.one import build_refs
from benchmarks.programs import program
from benchmarks.rows import Case, Row
from benchmarks.workloads import SLOTS, sleep_ms, workload, write_application
from orchestrator.daemon import Application, open_engine


async def build(case: Case, folder: Path) -> list[Row]:
    """Build them in a daemon whose keeper is there."""
    work = workload(case.shape, case.n)
    first, *others = work.refs
    async with open_engine(Application.load(write_application(folder, work, case.job))) as engine:
        await build_refs(engine, [first])
        before = time.perf_counter()
        await build_refs(engine, others)
        return [Row("wantd", case, "build", time.perf_counter() - before, len(others))]


def ideal(case: Case, _folder: Path) -> list[Row]:
    """When the last slot is free, if each sleep begins on the first slot that is."""
    slots = [0] * SLOTS[case.job]
    for i in range(1, case.n):
        heapq.heapreplace(slots, slots[0] + sleep_ms(i))
    return [Row("ideal", case, "build", max(slots) / 1000, case.n - 1)]


def bare(case: Case, folder: Path) -> list[Row]:
    """Start the scripts as slots come free, and do nothing else."""
    write_application(folder, workload(case.shape, case.n), case.job)
    env = {"PATH": os.defpath, "WANTD_OUTPUT": str(folder / "made")}
    script = str(folder / "sleep.sh")
    running, left = selectors.DefaultSelector(), [f"leaf/{i}" for i in range(case.n - 1, 0, -1)]
    began = time.perf_counter()
    while left or running.get_map():
        while left and len(running.get_map()) < SLOTS[case.job]:
            pid = os.posix_spawn("/bin/sh", ["sh", script, left.pop()], env)
            running.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        for key, _ in running.select():
            running.unregister(key.fd)
            os.close(key.fd)
            os.waitpid(key.data, 0)
    return [Row("bare", case, "build", time.perf_counter() - began, case.n - 1)]


if __name__ == "__main__":
    program({"build": build})
