"""What a daemon says it would do, before anything is built: ``python -m benchmarks.ahead plan ...``.

It is asked by ranges, as a person types them, over a connection that is open, and answers whole: every JobRun with its
inputs and the reason for it.
"""

from pathlib import Path

import msgspec

from benchmarks.one import NotBuilt
from benchmarks.posting import post
from benchmarks.programs import program
from benchmarks.rows import Case, Row
from benchmarks.workloads import workload, write_application
from orchestrator.api.server import serve
from orchestrator.daemon import Application, open_engine
from orchestrator.exporters import Metrics


class _Plan(msgspec.Struct):
    runs: list[msgspec.Raw]


async def plan(case: Case, folder: Path) -> list[Row]:
    """Ask twice; the second time counts, of a daemon that is warm."""
    work = workload(case.shape, case.n)
    application = Application.load(write_application(folder, work, case.job))
    metrics = Metrics(application.layout)
    wish = msgspec.json.encode({"refs": work.typed})
    async with open_engine(application, meter=metrics.meter) as engine, serve(engine, metrics):
        posted = await post(application.layout.socket, "/api/v1/plan", 1, wish)
        if engine.log.head.seq:
            raise NotBuilt("a look at what would be done did something")
    runs = len(msgspec.json.decode(posted.answer, type=_Plan).runs)
    if runs != len(work.refs):
        raise NotBuilt(f"the plan has {runs} JobRuns for {len(work.refs)} refs: {bytes(posted.answer)[:200]!r}")
    return [Row("wantd", case, "plan", posted.seconds[0], runs)]


if __name__ == "__main__":
    program({"plan": plan})
