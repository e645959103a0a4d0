"""What the world itself takes: fold a log from nothing, and say how memory grows with the JobRuns in it.

``python -m tests.soak.world STATE`` prints a JSON list of [JobRuns, bytes]; a process of its own, so that nothing else
is measured. A daemon with a graph, a mailbox and an API over this world takes more; what it takes beyond this for each
JobRun has to be explained.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
from pathlib import Path

from bel.open import open_reader
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.layout import Layout
from statemachines.world import World

POINTS = 20
_HOUSE = Path(__file__).parents[2]


def growth(state: Path) -> list[tuple[int, int]]:
    """Measure in a process of its own."""
    argv = [sys.executable, "-m", "tests.soak.world", str(state)]
    environ = {**os.environ, "PYTHONPATH": str(_HOUSE)}
    told = subprocess.run(argv, env=environ, cwd=_HOUSE, capture_output=True, text=True, check=True).stdout
    return [(runs, rss) for runs, rss in json.loads(told)]


async def _growth(state: Path) -> list[tuple[int, int]]:
    reader = await open_reader(Layout(state).log, CODEC)
    try:
        head, world = reader.head.seq, World()
        found: list[tuple[int, int]] = []
        async for entries in reader.read():
            for entry in entries:
                world.apply(entry.event, entry.seq)
            if world.seq >= head * (len(found) + 1) / POINTS:
                gc.collect()
                found.append((len(world.runs), _rss_bytes()))
        return found
    finally:
        await reader.close()


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_growth(Path(sys.argv[1])))))
