"""An engine with inline jobs, and what a scrape of it says."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from orchestrator.commands import Accepted, CreateWant
from orchestrator.daemon import Application, Engine, open_engine
from orchestrator.exporters import Metrics
from orchestrator.outward.outlets import telling
from orchestrator.runtime.clock import Clock
from statemachines.ids import WantId
from statemachines.want import Movable

Sample = tuple[str, frozenset[tuple[str, str]]]
"""A name and its labels."""

CONFIG = """
[application]
name = "metrics"
[pools]
default = 1000
[[job]]
name = "good"
outputs = ["good/{n:int}"]
python = "metered_jobs:good"
executor = "inline"
[[job]]
name = "bad"
outputs = ["bad/{n:int}"]
python = "metered_jobs:bad"
executor = "inline"
retry = { tries = 2, backoff = "1ms" }
[[job]]
name = "after"
outputs = ["after/{n:int}"]
inputs = ["bad/{n}"]
python = "metered_jobs:good"
executor = "inline"
[[outward.webhook]]
name = "idle"
url = "http://127.0.0.1:9/"
states = ["Superseded"]
"""

JOBS = """
def good(context):
    for output in context.outputs:
        context.done(output.ref, digest=output.ref)

def bad(context):
    raise RuntimeError("as it should")
"""


@asynccontextmanager
async def measured(folder: Path, clock: Clock | None = None) -> "AsyncGenerator[tuple[Engine, Metrics]]":
    """An engine whose loop is measured."""
    (folder / "wantd.toml").write_text(CONFIG)
    (folder / "metered_jobs.py").write_text(JOBS)
    application = Application.load(folder / "wantd.toml")
    metrics = Metrics(application.layout, clock)
    async with open_engine(application, clock, metrics.meter) as engine, telling(engine) as told:
        metrics.outlets = told.facts
        yield engine, metrics


async def build(engine: Engine, *refs: str) -> None:
    """Want the refs, and wait until the want is closed."""
    answer = await engine.submit(CreateWant("test", refs))
    assert isinstance(answer, Accepted), answer
    while isinstance((world := (await engine.board()).world).wants[WantId(answer.entity)], Movable):
        await engine.log.wait_beyond(world.seq)


async def scrape(engine: Engine, metrics: Metrics) -> "dict[Sample, float]":
    """Every sample of one scrape."""
    page = await metrics.render(engine, "text/plain")
    samples = [sample for family in text_string_to_metric_families(page.body.decode()) for sample in family.samples]
    found = Counter((sample.name, frozenset(sample.labels.items())) for sample in samples)
    assert set(found.values()) == {1}, "a sample is given twice"
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def sample(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())
