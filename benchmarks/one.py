"""One phase of one case, in a process of its own: ``python -m benchmarks.one PHASE SHAPE N JOB DELAY_MS FOLDER``.

Through the front door: a configuration on the disk, the engine that the daemon uses, the log at full sync. The time
begins when the command is handed in and ends when the want is seen Successful in committed state.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from bel.open import open_reader
from benchmarks.programs import program
from benchmarks.rows import Case, Phase, Row
from benchmarks.slow import commits_take_longer
from benchmarks.workloads import workload, write_application
from orchestrator.commands import Accepted, Answer, CreateWant, TaintPartitions
from orchestrator.daemon import Application, Engine, open_engine
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.snapshots import fold_on
from statemachines.ids import WantId
from statemachines.refs import Ref
from statemachines.want import Movable, Successful, Want
from statemachines.world import World


class NotBuilt(Exception):
    """The want did not become Successful: there is nothing to measure."""


async def build(case: Case, folder: Path) -> list[Row]:
    """Build everything in an empty state directory, then ask for it again."""
    work = workload(case.shape, case.n)
    config = write_application(folder, work, case.job)
    with commits_take_longer(case.delay_ms / 1000):
        async with open_engine(Application.load(config)) as engine:
            return [await _ask(engine, case, "build", work.refs), await _ask(engine, case, "again", work.refs)]


async def rebuild(case: Case, folder: Path) -> list[Row]:
    """Taint everything and build it once more; only the log it leaves is of interest."""
    work = workload(case.shape, case.n)
    async with open_engine(Application.load(folder / "wantd.toml")) as engine:
        _accepted(await engine.submit(TaintPartitions("benchmark", tuple(map(Ref, work.refs)), "once more")))
        await build_refs(engine, work.refs)
    return []


async def restart(case: Case, folder: Path) -> list[Row]:
    """Open the engine on a state directory in which everything is built."""
    before = time.perf_counter()
    async with open_engine(Application.load(folder / "wantd.toml")) as engine:
        seconds = time.perf_counter() - before
        partitions = len((await engine.board()).holdings.canonical)
        return [Row("wantd", case, "restart", seconds, partitions, events=engine.log.head.seq)]


async def replay(case: Case, folder: Path) -> list[Row]:
    """Fold the log from its first entry to its last, without a snapshot: chain and transitions are checked."""
    log = await open_reader(Application.load(folder / "wantd.toml").layout.log, CODEC)
    try:
        world = World()
        before = time.perf_counter()
        await fold_on(world, log)
        seconds = time.perf_counter() - before
    finally:
        await log.close()
    return [Row("wantd", case, "replay", seconds, len(workload(case.shape, case.n).refs), events=world.seq)]


async def _ask(engine: Engine, case: Case, phase: Phase, refs: tuple[str, ...]) -> Row:
    head = engine.log.head.seq
    before = time.perf_counter()
    await build_refs(engine, refs)
    seconds = time.perf_counter() - before
    commits = await _commits(engine, head)
    return Row("wantd", case, phase, seconds, len(refs), commits, engine.log.head.seq - head)


async def build_refs(engine: Engine, refs: Sequence[str]) -> None:
    """Want refs, and wait until they are there. Raises NotBuilt."""
    entity = _accepted(await engine.submit(CreateWant("benchmark", tuple(refs))))
    want = await _until_closed(engine, WantId(entity))
    if not isinstance(want, Successful):
        raise NotBuilt(f"the want became {type(want).__name__}")


def _accepted(answer: Answer) -> str:
    if not isinstance(answer, Accepted):
        raise NotBuilt(f"{answer.why}; {answer.hint}")
    return answer.entity


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


if __name__ == "__main__":
    program({"build": build, "rebuild": rebuild, "replay": replay, "restart": restart})
