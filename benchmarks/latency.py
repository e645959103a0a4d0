"""How long a job waits for us: ``python -m benchmarks.latency {started|next} ...``, by the clock of the keeper.

``started``: an idle daemon is asked for one process job, over and over; from the request handed in to the process
started. ``next``: a chain of process jobs; from the exit of each to the start of the one that needs it.
"""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from unittest.mock import patch

from benchmarks.one import build_refs
from benchmarks.programs import program
from benchmarks.rows import Case, Phase, Row
from benchmarks.workloads import Workload, workload, write_application
from orchestrator.daemon import Application, open_engine
from orchestrator.executors.base import Exit, Fact, RunEnded, Sink, Survey
from orchestrator.executors.local import LocalExecutor


async def started(case: Case, folder: Path) -> list[Row]:
    """Ask for each ref by itself, when the one before is there; the first starts the keeper and is left out."""
    work = workload(case.shape, case.n)
    asked_us: list[int] = []
    with watched_ends() as ends:
        async with open_engine(_application(case, work, folder)) as engine:
            for ref in work.refs:
                asked_us.append(time.time_ns() // 1000)
                await build_refs(engine, [ref])
    waits = [end.started_at_us - at for at, end in zip(asked_us, ends, strict=True)]
    return [_row(case, "started", waits[1:])]


async def follow(case: Case, folder: Path) -> list[Row]:
    """Build a chain; its first link starts the keeper and is left out."""
    work = workload(case.shape, case.n)
    with watched_ends() as ends:
        async with open_engine(_application(case, work, folder)) as engine:
            await build_refs(engine, work.refs)
    return [_row(case, "next", [after.started_at_us - before.ended_at_us for before, after in pairwise(ends)])]


@contextmanager
def watched_ends() -> Generator[list[Exit]]:
    """Keep how each JobRun ended, in that order, as the executor of this machine tells it to the daemon."""
    ends: list[Exit] = []
    open_executor = LocalExecutor.open

    async def open_watched(executor: LocalExecutor, sink: Sink) -> Survey:
        def watch(facts: Sequence[Fact]) -> None:
            ends.extend(fact.exit for fact in facts if isinstance(fact, RunEnded))
            sink(facts)

        return await open_executor(executor, watch)

    with patch.object(LocalExecutor, "open", open_watched):
        yield ends


def _application(case: Case, work: Workload, folder: Path) -> Application:
    return Application.load(write_application(folder, work, case.job))


def _row(case: Case, phase: Phase, waits_us: Sequence[int]) -> Row:
    late = quantiles(waits_us, n=100)[98]
    return Row("wantd", case, phase, median(waits_us) / 1e6, len(waits_us), p99=late / 1e6)


if __name__ == "__main__":
    program({"started": started, "next": follow})
