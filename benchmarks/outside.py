"""A daemon in which everything is built, asked from outside: ``python -m benchmarks.outside asked ...``.

In a process of its own beside ``one``, since what serves the API takes memory too.
"""

import asyncio
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

import msgspec

from benchmarks.one import NotBuilt
from benchmarks.posting import post
from benchmarks.programs import program
from benchmarks.rows import Case, Row
from benchmarks.workloads import LAYERS, Workload, workload
from orchestrator.api.server import serve
from orchestrator.commands import Accepted, CancelWant
from orchestrator.daemon import Application, Engine, open_engine
from orchestrator.exporters import Metrics
from statemachines.ids import WantId

TIMES_ASKED = 40
IDLE_TURNS = 200
REST_S = 1.0


class _State(msgspec.Struct):
    state: str


class _Graph(msgspec.Struct):
    nodes: list[msgspec.Raw]


async def ask(case: Case, folder: Path) -> list[Row]:
    """Ask a daemon again, from outside, where everything is built; then leave it in peace."""
    work, application = workload(case.shape, case.n), Application.load(folder / "wantd.toml")
    metrics = Metrics(application.layout)
    async with open_engine(application, meter=metrics.meter) as engine, serve(engine, metrics):
        return [
            await asked(engine, case, work),
            await typed(folder / "wantd.toml", case, work),
            await graph(engine, case, work),
            await idle(engine, case, work),
            await rest(case, work),
        ]


async def asked(engine: Engine, case: Case, work: Workload) -> Row:
    """Ask again over a connection that is open already, as a program does that speaks JSON; the median of some."""
    head = engine.log.head.seq
    wish = msgspec.json.encode({"refs": work.refs})
    posted = await post(engine.application.layout.socket, "/api/v1/wants", TIMES_ASKED, wish)
    if msgspec.json.decode(posted.answer, type=_State).state != "Successful":
        raise NotBuilt(f"asked again over the socket: {bytes(posted.answer)[:200]!r}")
    events = (engine.log.head.seq - head) // (TIMES_ASKED + 1)
    return Row("wantd", case, "asked", median(posted.seconds), len(work.refs), events=events)


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


async def graph(engine: Engine, case: Case, work: Workload) -> Row:
    """Ask for the graph around the first ref, as deep as the diamond has layers; the answer is cut at 5,000 nodes."""
    target = f"/api/v1/graph?{urlencode({'ref': work.refs[0], 'depth': LAYERS})}"
    posted = await post(engine.application.layout.socket, target, 1)
    return Row("wantd", case, "graph", posted.seconds[0], len(msgspec.json.decode(posted.answer, type=_Graph).nodes))


async def idle(engine: Engine, case: Case, work: Workload) -> Row:
    """Have the loop turn with nothing to do: cancel a want that nobody made, and be refused."""
    head = engine.log.head.seq
    seconds: list[float] = []
    for _ in range(IDLE_TURNS):
        before = time.perf_counter()
        answer = await engine.submit(CancelWant("benchmark", want=WantId("nobody")))
        seconds.append(time.perf_counter() - before)
        assert not isinstance(answer, Accepted), "there is no such want"
    return Row(
        "wantd",
        case,
        "idle",
        median(seconds),
        len(work.refs),
        events=engine.log.head.seq - head,
        p99=quantiles(seconds, n=100)[98],
    )


async def rest(case: Case, work: Workload) -> Row:
    """Ask nothing, and see what it costs."""
    before = time.process_time()
    await asyncio.sleep(REST_S)
    return Row("wantd", case, "rest", (time.process_time() - before) / REST_S, len(work.refs))


if __name__ == "__main__":
    program({"asked": ask})
