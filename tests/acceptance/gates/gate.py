"""Notes that it has begun, waits until the file ``go`` is there, and ends with the exit code that it holds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from wantd import Context, job

HERE = Path(__file__).parent


@job
def build(ctx: Context) -> None:
    for ref, location in ctx.outputs:
        with (HERE / "begun").open("a") as begun:
            begun.write(f"{ctx.run} {ref} {os.getpid()}\n")
        location.write_text(ref)
    while not (HERE / "go").exists():
        time.sleep(0.01)
    sys.exit(int((HERE / "go").read_text()))


def go_on(_number: int, _frame: object) -> None:
    """Take a signal and do nothing; unlike SIG_IGN this is not inherited."""


@job
def stubborn(ctx: Context) -> None:
    """Outlast every request to end, together with a process that does the same."""
    ctx.log("not before KILL")
    signal.signal(signal.SIGTERM, go_on)
    subprocess.run(["sh", "stubborn.sh"], check=False)


if __name__ == "__main__":
    build.main()
