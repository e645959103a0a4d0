"""How long jobs wait for us: ``python -m benchmarks.latency``; prints two tables.

Reaction: an idle daemon is asked for one process job, a hundred times over; then a hundred of them follow each other.
Measured are the time from the request handed in to the process started, and from the exit of one process to the start
of the next, by the clock of the keeper.

Trickle: a thousand process jobs that sleep for 1 to 50 ms, 64 at a time. Ideal is what the sleeping alone takes on 64
slots; bare is the same scripts started by a loop that does nothing else.
"""

import asyncio
import heapq
import os
import random
import selectors
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from bel.open import open_log
from benchmarks.one import build_refs
from benchmarks.processes import adopt_orphans, end_all_below
from benchmarks.table import table
from orchestrator.daemon import Application, Engine, Ports, run_engine
from orchestrator.executors.base import Exit, Fact, RunEnded, Sink, Survey
from orchestrator.executors.local import LocalExecutor
from orchestrator.runtime.clock import SystemClock
from orchestrator.runtime.codec import CODEC
from orchestrator.store import DiskStore

REACTIONS = 100
TRICKLE, SLOTS = 1_000, 64
SLEEPS_MS = (1, 50)

_CONFIG = f"""[application]
name = "latency"
[pools]
default = {SLOTS}
[[job]]
name = "one"
outputs = ["one/{{i:int}}"]
command = ["/bin/sh", "output.sh"]
[[job]]
name = "link"
outputs = ["link/{{i:int(0..9999)}}"]
inputs = ["link/{{i-1}}"]
command = ["/bin/sh", "output.sh"]
[[job]]
name = "sleep"
outputs = ["sleep/{{ms:int}}/{{i:int}}"]
command = ["/bin/sh", "sleep.sh"]
"""

_OUTPUT = """read -r told < "$WANTD_CONTEXT"
place=${told#*\\"location\\":\\"}
: > "${place%%\\"*}"
"""

_SLEEP = """ms=${1#sleep/}
ms=${ms%%/*}
case $ms in ?) ms=0$ms ;; esac
exec sleep "0.0$ms"
"""


class WatchedExecutor(LocalExecutor):
    """The executor of this machine, which also keeps how each run ended."""

    def __init__(self, keepers: Path, epoch: int) -> None:
        super().__init__(keepers, epoch)
        self.ends: list[Exit] = []

    async def open(self, sink: Sink) -> Survey:
        def watch(facts: Sequence[Fact]) -> None:
            self.ends += [fact.exit for fact in facts if isinstance(fact, RunEnded)]
            sink(facts)

        return await super().open(watch)


@asynccontextmanager
async def _engine(folder: Path) -> AsyncGenerator[tuple[Engine, WatchedExecutor]]:
    (folder / "output.sh").write_text(_OUTPUT)
    (folder / "sleep.sh").write_text(_OUTPUT + _SLEEP)
    (folder / "wantd.toml").write_text(_CONFIG)
    application = Application.load(folder / "wantd.toml")
    layout = application.layout
    layout.state.mkdir()
    log = await open_log(layout.log, CODEC)
    executor = WatchedExecutor(layout.keepers, await log.take_epoch())
    try:
        async with run_engine(application, Ports(log, DiskStore(layout.store), executor, SystemClock())) as engine:
            yield engine, executor
    finally:
        await log.close()


async def reaction(folder: Path) -> str:
    """From a request to the process, and from one process to the next."""
    async with _engine(folder) as (engine, executor):
        await build_refs(engine, ["one/0"])
        asked = [await _ask_for(engine, f"one/{number}") for number in range(1, REACTIONS + 1)]
        begun = [end.started_at_us for end in executor.ends[1:]]
        first = [(later - at) / 1000 for at, later in zip(asked, begun, strict=True)]
        executor.ends.clear()
        await build_refs(engine, [f"link/{number}" for number in range(REACTIONS + 1)])
        between = [(after.started_at_us - before.ended_at_us) / 1000 for before, after in pairwise(executor.ends)]
    rows = [("request to process started", *_spread(first)), ("exit to next process started", *_spread(between))]
    return table(("from, to", "p50, ms", "p90", "p99"), rows)


async def trickle(folder: Path) -> str:
    """A thousand short jobs, 64 at a time."""
    dice = random.Random(0)
    sleeps = [dice.randint(*SLEEPS_MS) for _ in range(TRICKLE)]
    async with _engine(folder) as (engine, _):
        await build_refs(engine, ["one/0"])
        began = time.perf_counter()
        await build_refs(engine, [f"sleep/{ms}/{number}" for number, ms in enumerate(sleeps)])
        ours = time.perf_counter() - began
    seconds = {"ideal": _ideal_s(sleeps), "bare": _bare_s(folder, sleeps), "wantd": ours}
    rows = [(name, f"{value:.3f}", f"{value / seconds['ideal']:.2f}") for name, value in seconds.items()]
    return table(("trickle", "seconds", "to ideal"), rows)


async def _ask_for(engine: Engine, ref: str) -> int:
    """Build a ref; the time at which it was asked for, in wall-clock microseconds."""
    asked = time.time_ns() // 1000
    await build_refs(engine, [ref])
    return asked


def _spread(values: Sequence[float]) -> tuple[str, str, str]:
    parts = quantiles(values, n=100)
    return f"{parts[49]:.2f}", f"{parts[89]:.2f}", f"{parts[98]:.2f}"


def _ideal_s(sleeps: Sequence[int]) -> float:
    """When the last slot is free, if each sleep begins on the first slot that is."""
    slots = [0] * SLOTS
    for ms in sleeps:
        heapq.heapreplace(slots, slots[0] + ms)
    return max(slots) / 1000


def _bare_s(folder: Path, sleeps: Sequence[int]) -> float:
    """The same scripts, started as slots come free, by a loop that keeps nothing."""
    (folder / "context.json").write_text(f'{{"location":"{folder}/made"}}\n')
    env = {"PATH": os.defpath, "WANTD_CONTEXT": str(folder / "context.json")}
    running, left = selectors.DefaultSelector(), list(enumerate(sleeps))
    began = time.perf_counter()
    while left or running.get_map():
        while left and len(running.get_map()) < SLOTS:
            number, ms = left.pop(0)
            command = ["sh", str(folder / "sleep.sh"), f"sleep/{ms}/{number}"]
            pid = os.posix_spawn("/bin/sh", command, env)
            running.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        for key, _ in running.select():
            running.unregister(key.fd)
            os.close(key.fd)
            os.waitpid(key.data, 0)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    adopt_orphans()
    for measure in (reaction, trickle):
        with tempfile.TemporaryDirectory(prefix="wantd-bench-") as folder:
            print(asyncio.run(measure(Path(folder))), end="\n\n")
            end_all_below()


if __name__ == "__main__":
    main()
