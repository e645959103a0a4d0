"""A stand-in for the daemon, run as a process by tests that kill it: ``daemon.py KEEPERS EPOCH COUNT WORKERS FOLDER``.

Starts COUNT runs, each of which appends its name to FOLDER/ran at its beginning and ends once FOLDER/go exists.
"""

import asyncio
import sys
from pathlib import Path

from orchestrator.executors.base import KeptStart
from orchestrator.executors.local import LocalExecutor
from tests.executors.rigs import Maker

SCRIPT = "echo $WANTD_RUN >> ran; while [ ! -e go ]; do sleep 0.02; done; echo $WANTD_RUN >> done; exit 4"
FUNCTION = """
import os, time
def build(ctx):
    run = os.environ["WANTD_RUN"]
    with open("ran", "a") as ran: ran.write(run + "\\n")
    while not os.path.exists("go"): time.sleep(0.02)
    with open("done", "a") as done: done.write(run + "\\n")
    raise SystemExit(4)
"""


def starts(folder: Path, count: int, how: str) -> list[KeptStart]:
    make = Maker(folder)
    if how == "process":
        return [make.shell(f"r{number}", SCRIPT) for number in range(count)]
    (folder / "daemons.py").write_text(FUNCTION)
    return [make.worker(f"r{number}", "daemons:build", width=3) for number in range(count)]


async def main(keepers: Path, epoch: int, count: int, how: str) -> None:
    executor = LocalExecutor(keepers, epoch, linger_s=0.2)
    await executor.open(lambda facts: None)
    executor.start(starts(keepers.parent, count, how))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
