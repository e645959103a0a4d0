"""Notes that it has begun, waits until the file ``go`` is there, and ends with the exit code that it holds."""

import os
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


if __name__ == "__main__":
    build.main()
