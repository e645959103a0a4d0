"""One run of one case, in a process of its own: ``python -m benchmarks.one {build|restart} SHAPE N JOB FOLDER``.

Through the front door: a configuration on the disk, the engine that the daemon uses, the log at full sync. The time
begins when the command is handed in and ends when the want is seen Successful in committed state.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

import msgspec

from benchmarks.rows import MARK, Case, Phase, Row
from benchmarks.workloads import JobKind, Shape, workload, write_application
from orchestrator.commands import Accepted, CreateWant
from orchestrator.daemon import Application, Engine, open_engine
from statemachines.ids import WantId
from statemachines.want import Movable, Successful, Want


class NotBuilt(Exception):
    """The want did not become Successful: there is nothing to measure."""


async def build(case: Case, folder: Path) -> list[Row]:
    """Build everything in an empty state directory, then ask for it again."""
    work = workload(case.shape, case.n)
    config = write_application(folder, work, case.job)
    async with open_engine(Application.load(config)) as engine:
        return [await _ask(engine, case, "build", work.refs), await _ask(engine, case, "again", work.refs)]


async def restart(case: Case, folder: Path) -> list[Row]:
    """Open the engine on a state directory in which everything is built."""
    before = time.perf_counter()
    async with open_engine(Application.load(folder / "wantd.toml")) as engine:
        seconds = time.perf_counter() - before
        return [Row("wantd", case, "restart", seconds, len((await engine.board()).holdings.canonical))]


async def _ask(engine: Engine, case: Case, phase: Phase, refs: tuple[str, ...]) -> Row:
    head = engine.log.head.seq
    before = time.perf_counter()
    await build_refs(engine, refs)
    seconds = time.perf_counter() - before
    commits = await _commits(engine, head)
    return Row("wantd", case, phase, seconds, len(refs), commits, engine.log.head.seq - head)


async def build_refs(engine: Engine, refs: Sequence[str]) -> None:
    """Want refs, and wait until they are there. Raises NotBuilt."""
    answer = await engine.submit(CreateWant("benchmark", tuple(refs)))
    if not isinstance(answer, Accepted):
        raise NotBuilt(f"{answer.why}; {answer.hint}")
    want = await _until_closed(engine, WantId(answer.entity))
    if not isinstance(want, Successful):
        raise NotBuilt(f"the want became {type(want).__name__}")


async def _until_closed(engine: Engine, want: WantId) -> Want:
    while True:
        world = (await engine.board()).world
        state = world.wants[want]
        if not isinstance(state, Movable):
            return state
        await engine.log.wait_beyond(world.seq)


async def _commits(engine: Engine, after: int) -> int:
    batches = {entry.batch async for entries in engine.log.read(after=after) for entry in entries}
    return len(batches)


def main() -> None:
    """Run what the arguments say, and print its rows."""
    phase, *rest = sys.argv[1:]
    phases = {"build": build, "restart": restart}
    case, folder = told(rest)
    first, *others = asyncio.run(phases[phase](case, folder))
    own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell([msgspec.structs.replace(first, peak_mb=own_mb), *others])


def told(arguments: Sequence[str]) -> tuple[Case, Path]:
    """Which case is meant, and where."""
    shape, n, job, folder = arguments
    assert shape in get_args(Shape), f"no such shape: {shape}"
    assert job in get_args(JobKind), f"no such kind of job: {job}"
    return Case(cast("Shape", shape), int(n), cast("JobKind", job)), Path(folder)


def tell(rows: Sequence[Row]) -> None:
    """Print what was measured, for who started this."""
    for row in rows:
        print(MARK + msgspec.json.encode(row).decode())


if __name__ == "__main__":
    main()
