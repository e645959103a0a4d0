"""Asking again from outside, where everything is built: ``python -m benchmarks.outside SHAPE N JOB FOLDER``.

In a process of its own beside ``one``, since what serves the API takes memory too.
"""

import asyncio
import resource
import sys
import time
from pathlib import Path

import msgspec

from benchmarks.asking import Asker, Beat
from benchmarks.one import NotBuilt, tell, told
from benchmarks.rows import Case, Row
from benchmarks.workloads import Workload, workload
from orchestrator.api.server import serve
from orchestrator.daemon import Application, Engine, open_engine
from orchestrator.exporters import Metrics


class _State(msgspec.Struct):
    state: str


async def ask(case: Case, folder: Path) -> list[Row]:
    """Ask a daemon again, from outside, where everything is built."""
    work, application = workload(case.shape, case.n), Application.load(folder / "wantd.toml")
    metrics = Metrics(application.layout)
    async with open_engine(application, meter=metrics.meter) as engine, serve(engine, metrics):
        return [await asked(engine, case, work), await typed(folder / "wantd.toml", case, work)]


async def asked(engine: Engine, case: Case, work: Workload) -> Row:
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


async def typed(config: Path, case: Case, work: Workload) -> Row:
    """Ask again by a command, from its start to its end."""
    command = [sys.executable, "-m", "wantd", "--config", str(config), "want", "create", *work.typed]
    before = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    code = await process.wait()
    seconds = time.perf_counter() - before
    if code:
        raise NotBuilt(f"the command ended with {code}")
    return Row("wantd", case, "typed", seconds, len(work.refs))


def main() -> None:
    """Run what the arguments say, and print its rows."""
    first, *others = asyncio.run(ask(*told(sys.argv[1:])))
    own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell([msgspec.structs.replace(first, peak_mb=own_mb), *others])


if __name__ == "__main__":
    main()
