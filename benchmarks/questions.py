"""``python -m benchmarks.questions [PARTITIONS]``: how long questions in SQL take over a log of so many partitions.

The log is made for it, event by event, and thrown away. Each question is asked three times; the fastest counts.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bel.entry import Entry
from bel.log import Log
from bel.open import open_log
from orchestrator.catalog import build_catalog
from orchestrator.config import read_config
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.snapshots import Snapshots
from orchestrator.sql.process import Queries
from statemachines.events import AnyEvent
from statemachines.ids import LOCAL, SECOND_US, InstanceId, RunId, Timestamp, WantId
from statemachines.jobrun import (
    Activation,
    JobRunLaunching,
    JobRunQueued,
    JobRunRunning,
    JobRunSucceeded,
    Output,
    RunSpec,
)
from statemachines.partition import Attempt, Built, Content, PartitionBuilding, PartitionLive, PartitionSpec
from statemachines.refs import Ref
from statemachines.want import WantBuilding, WantCreated, WantSpec, WantSuccessful

CONFIG = """
[application]
name = "questions"
[[job]]
name = "made"
outputs = ["made/{n:int}"]
command = ["true"]
"""
WANTED = 1_000
"""How many refs each want names."""

TIMES = 3
QUESTIONS = (
    "SELECT count(*) FROM jobs",
    "SELECT kind, count(*) FROM events GROUP BY kind",
    "SELECT * FROM events WHERE entity = 'p500'",
    "SELECT state, count(*) FROM jobruns GROUP BY state",
    "SELECT state, count(*) FROM partitions GROUP BY state",
    "SELECT count(*) FROM partitions p JOIN want_refs w USING (ref) JOIN jobruns r ON r.id = p.run",
)


def wanted(first: int, at: Timestamp) -> Iterator[AnyEvent]:
    """A want and all that was done for it: six entries a partition."""
    want, numbers = WantId(f"w{first}"), range(first, first + WANTED)
    refs = tuple(Ref(f"made/{number}") for number in numbers)
    yield WantCreated(at, WantSpec(want, LOCAL, refs, at, "benchmark"))
    yield WantBuilding(at, want)
    for ref, number in zip(refs, numbers, strict=True):
        run, spec = RunId(f"r{number}"), PartitionSpec(InstanceId(f"p{number}"), ref, LOCAL)
        yield JobRunQueued(at, RunSpec(run, "made", LOCAL, want, (Output(ref, spec.id),)))
        yield PartitionBuilding(at, spec, Attempt(run, spec.id))
        yield JobRunLaunching(at, run, Activation("v", "f"))
        yield JobRunRunning(at, run, number)
        yield JobRunSucceeded(at, run)
        yield PartitionLive(at, spec, Built(run), Content(f"{number:064x}", 1, 1))
    yield WantSuccessful(at, want)


async def write(log: Log[AnyEvent], partitions: int) -> None:
    """Write the log, with a snapshot where a daemon would have its last."""
    seq = 0
    for first in range(0, partitions, WANTED):
        at = Timestamp((first + 1) * SECOND_US)
        events = list(wanted(first, at))
        begin = seq + 1
        await log.append(
            [Entry(n, begin, at, event, f"e{n:08x}", 0, "", "loop") for n, event in enumerate(events, begin)], epoch=0
        )
        seq += len(events)
    snapshots = Snapshots(log)
    await snapshots.save(await snapshots.load())


async def main(partitions: int) -> None:
    """Make the log, ask, and print how long it took."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        config = read_config(place / "wantd.toml", CONFIG, cpus=2)
        log = await open_log(Layout(place).log, CODEC)
        await write(log, partitions)
        entries = log.head.seq
        await log.close()
        queries = Queries(config, build_catalog(config, place, {"made": "f"}), Layout(place))
        print(f"{partitions:,} partitions, {entries:,} entries\n\n| question | seconds |\n|---|---|")
        for question in QUESTIONS:
            print(f"| `{question}` | {min([await asked(queries, question) for _ in range(TIMES)]):.2f} |")


async def asked(queries: Queries, question: str) -> float:
    """How long a question takes."""
    begin = time.perf_counter()
    await queries.ask(question)
    return time.perf_counter() - begin


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
