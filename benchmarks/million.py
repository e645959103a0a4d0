"""``python -m benchmarks.million``: what every read costs in a daemon that holds very many partitions of one job.

Builds them once, through the front door, in a folder that is kept and used again; then opens the engine there, serves
its API, and asks it over its socket for everything a reader may want, each read many times. Beside how long an answer
takes (median, 99th of a hundred) it says how long the event loop worked at most without a pause while it was made.
"""

import argparse
import asyncio
import gc
import resource
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.asking import Asked, Asker, Beat
from benchmarks.markdown import table
from benchmarks.one import build_refs
from benchmarks.workloads import workload, write_application
from orchestrator.api.server import serve
from orchestrator.daemon import Application, Engine, open_engine
from orchestrator.exporters import Metrics

SIZE = 1_000_000
TIMES = 100


class Chosen(NamedTuple):
    """How many partitions there are to be, how often each read is asked, and whether the past is asked about too."""

    size: int
    times: int
    past: bool


async def measure(chosen: Chosen, folder: Path, *, is_there: bool) -> None:
    """Build if nothing is there, ask again, restart, and read."""
    if not is_there:
        await _build(chosen.size, folder)
    before, began = _resident_mb(), time.perf_counter()
    application = Application.load(folder / "wantd.toml")
    metrics = Metrics(application.layout)
    async with open_engine(application, meter=metrics.meter) as engine, serve(engine, metrics):
        _say(f"restart: {time.perf_counter() - began:.1f} s")
        held = len((await engine.board()).holdings.newest)
        each = (_resident_mb() - before) * 1024 / held
        _say(f"memory: {each:.2f} KB a partition with its last run, of {held:,}")
        print(_table(await _read_all(engine, chosen.times, past=chosen.past)))
    _say(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


async def _build(size: int, folder: Path) -> None:
    work = workload("fanout", size)
    async with open_engine(Application.load(write_application(folder, work, "inline"))) as engine:
        for what in ("build", "ask again"):
            began = time.perf_counter()
            await build_refs(engine, work.refs)
            _say(f"{what}: {time.perf_counter() - began:.1f} s")


async def _read_all(engine: Engine, times: int, *, past: bool) -> list[Asked]:
    found: list[Asked] = []
    async with _asker(engine) as asker:
        for name, targets in (await reads(engine, past=past)).items():
            found.append(await asker.ask(name, targets, times))
            _say(" ".join(found[-1].row()))
    return found


@asynccontextmanager
async def _asker(engine: Engine) -> AsyncGenerator[Asker]:
    async with Beat() as beat:
        asker = await Asker.open(engine.application.layout.socket, beat)
        yield asker
        asker.close()


async def reads(engine: Engine, *, past: bool) -> dict[str, list[str]]:
    """What is asked, by name: each read with some ways to ask it, taken in turn."""
    board = await engine.board()
    world, head = board.world, engine.log.head.seq
    refs, runs, wants = sorted(board.holdings.newest), list(world.runs), list(world.wants)
    middle, run, last = refs[len(refs) // 2], runs[len(runs) // 2], refs[-1]
    page = {"limit": "100"}
    asked: dict[str, list[str]] = {
        "status": [_target("/status")],
        "scrape": ["/metrics"],
        "jobs": [_target("/jobs")],
        "wants": [_target("/wants", **page), _target("/wants", order="newest", states="Successful", **page)],
        "wants that name a ref": [_target("/wants", ref=last, **page)],
        "want": [_target(f"/wants/{want}") for want in wants[:2]],
        "partitions, first page": [_target("/partitions", **page)],
        "partitions, from the middle": [_target("/partitions", after=middle, **page)],
        "partitions, a page of 1,000": [_target("/partitions", after=middle, limit="1000")],
        "partitions by prefix": [_target("/partitions", prefix=middle[:-1], **page)],
        "partitions by state": [_target("/partitions", states=state, **page) for state in ("Live", "Failed")],
        "partitions, canonical": [_target("/partitions", which="canonical", after=middle, **page)],
        "partitions by glob": [
            _target("/partitions", pattern=text, **page) for text in ("leaf/*77*", "**nowhere**", "*")
        ],
        "jobruns, first page": [_target("/jobruns", **page)],
        "jobruns, from the middle": [_target("/jobruns", after=run, **page)],
        "jobruns, newest": [_target("/jobruns", order="newest", **page)],
        "jobruns of a job": [_target("/jobruns", job="job0", **page), _target("/jobruns", job="job1", **page)],
        "jobruns by state": [_target("/jobruns", states=state, **page) for state in ("Succeeded", "Failed", "Running")],
        "jobruns of a want": [_target("/jobruns", want=wants[0], after=run, **page)],
        "entries, first page": [_target("/entries", **page)],
        "entries, from the middle": [_target("/entries", after=str(head // 2), **page)],
        "partition": [_target("/partition", ref=one) for one in (middle, last, "root")],
        "jobrun": [_target(f"/jobruns/{run}")],
        "why": [_target("/why", ref=one) for one in (middle, "root", "nowhere")],
        "lineage": [_target("/lineage", ref=middle), _target("/lineage", ref=middle, depth="1")],
        "lineage of what all read": [_target("/lineage", ref="root", depth="1")],
        "graph": [_target("/graph", ref=middle, depth="1")],
        "graph of what all read": [_target("/graph", ref="root", depth="1")],
    }
    if past:
        asked["a partition of the past"] = [_target("/partition", ref="root", at=str(head // 2))]
        asked["a page of the past"] = [_target("/partitions", at=str(head // 2), **page)]
        asked["why, of the past"] = [_target("/why", ref="root", at=str(head // 2))]
        asked["a want of the past"] = [_target(f"/wants/{wants[0]}", at=str(head // 2))]
    return asked


def _target(path: str, **parameters: str) -> str:
    return f"/api/v1{path}" + (f"?{urlencode(parameters)}" if parameters else "")


def _table(found: Sequence[Asked]) -> str:
    head = ("read", "first, ms", "median, ms", "p99, ms", "loop held, ms", "KB")
    return table(head, [one.row() for one in found])


def _resident_mb() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser("python -m benchmarks.million", description="Read from many partitions.")
    parser.add_argument("--size", type=int, default=SIZE, help=f"how many partitions (default {SIZE:,})")
    parser.add_argument("--folder", type=Path, help="where they are, or are made and kept")
    parser.add_argument("--times", type=int, default=TIMES, help=f"how often each read is asked (default {TIMES})")
    parser.add_argument("--past", action="store_true", help="also as of the middle of the log")
    told = parser.parse_args()
    folder: Path = told.folder or Path(tempfile.gettempdir()) / f"wantd-{told.size}"
    folder.mkdir(parents=True, exist_ok=True)
    chosen = Chosen(told.size, told.times, told.past)
    asyncio.run(measure(chosen, folder, is_there=(folder / "wantd.toml").exists()))


if __name__ == "__main__":
    main()
