"""One run of one case, in a process of its own: ``python -m benchmarks.one {build|ask|restart} SHAPE N JOB FOLDER``.

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

from benchmarks.asking import Asker, Beat
from benchmarks.rows import MARK, Case, Phase, Row
from benchmarks.workloads import JobKind, Shape, Workload, workload, write_application
from orchestrator.api.server import serve
from orchestrator.commands import Accepted, CreateWant
from orchestrator.daemon import Application, Engine, open_engine
from orchestrator.exporters import Metrics
from statemachines.ids import WantId
from statemachines.want import Movable, Successful, Want


class NotBuilt(Exception):
    """The want did not become Successful: there is nothing to measure."""


class _State(msgspec.Struct):
    state: str


async def build(case: Case, folder: Path) -> list[Row]:
    """Build everything in an empty state directory, then ask for it again."""
    work = workload(case.shape, case.n)
    config = write_application(folder, work, case.job)
    async with open_engine(Application.load(config)) as engine:
        return [await _ask(engine, case, "build", work.refs), await _ask(engine, case, "again", work.refs)]


async def ask(case: Case, folder: Path) -> list[Row]:
    """Ask a daemon again, from outside, where everything is built."""
    work, application = workload(case.shape, case.n), Application.load(folder / "wantd.toml")
    metrics = Metrics(application.layout)
    async with open_engine(application, meter=metrics.meter) as engine, serve(engine, metrics):
        return [await _asked(engine, case, work), await _typed(folder / "wantd.toml", case, work)]


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


async def _asked(engine: Engine, case: Case, work: Workload) -> Row:
    """Ask again over a connection that is open already, as a program does that speaks JSON."""
    async with Beat() as beat:
        asker = await Asker.open(engine.application.layout.socket, beat)
        wish = msgspec.json.encode({"refs": work.refs})
        await asker.post("/api/v1/wants", wish)
        before = time.perf_counter()
        answer = await asker.post("/api/v1/wants", wish)
        seconds = time.perf_counter() - before
        asker.close()
    if msgspec.json.decode(answer, type=_State).state != "Successful":
        raise NotBuilt(f"asked again over the socket: {answer[:200]!r}")
    return Row("wantd", case, "asked", seconds, len(work.refs))


async def _typed(config: Path, case: Case, work: Workload) -> Row:
    """Ask again by a command, from its start to its end."""
    command = [sys.executable, "-m", "wantd", "--config", str(config), "want", "create", *work.typed]
    before = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    code = await process.wait()
    seconds = time.perf_counter() - before
    if code:
        raise NotBuilt(f"the command ended with {code}")
    return Row("wantd", case, "typed", seconds, len(work.refs))


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
    phase, shape, n, job, folder = sys.argv[1:]
    assert shape in get_args(Shape), f"no such shape: {shape}"
    assert job in get_args(JobKind), f"no such kind of job: {job}"
    case = Case(cast("Shape", shape), int(n), cast("JobKind", job))
    phases = {"build": build, "ask": ask, "restart": restart}
    first, *others = asyncio.run(phases[phase](case, Path(folder)))
    own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for row in (msgspec.structs.replace(first, peak_mb=own_mb), *others):
        print(MARK + msgspec.json.encode(row).decode())


if __name__ == "__main__":
    main()
