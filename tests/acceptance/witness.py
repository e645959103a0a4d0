"""The witness: every job of the flights example, noting each start and each end outside the state directory.

It is copied beside ``wantd.toml`` and stands between the engine and the jobs, for processes (``python witness.py
NAME``) and for warm workers (``witness:NAME``) alike. A line is one write to a file opened for appending, so none is
torn and none is lost with the process. A start without an end is a job that was killed.

Where daemons are killed (``lives`` grows with each kill), one run in eight, chosen by its first ref, dawdles until the
next daemon is killed too, so that there is something to adopt.
"""

import importlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from wantd import Context, job

NOTES = Path(__file__).with_name("witnessed")
LIVES = Path(__file__).with_name("lives")
DAWDLE_S = 4.0


def witnessed(name: str) -> Callable[[Context], None]:
    """Make the function of a job that does its work between two notes."""

    def build(ctx: Context) -> None:
        with noted(ctx):
            work(name, ctx)

    return build


@contextmanager
def noted(ctx: Context) -> Generator[None]:
    """Note a start, and how it ended."""
    note(ctx, "start")
    try:
        yield
    except BaseException:
        note(ctx, "failed")
        raise
    note(ctx, "end")


def note(ctx: Context, what: str) -> None:
    refs = [output.ref for output in ctx.outputs]
    said = {"what": what, "run": ctx.run, "pid": os.getpid(), "at": time.monotonic(), "refs": refs}
    handle = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, json.dumps(said).encode() + b"\n")
    os.close(handle)


def work(name: str, ctx: Context) -> None:
    """Do what the example does for this job."""
    if crc32(ctx.outputs[0].ref.encode()) % 8 == 0:
        dawdle()
    if name == "weather":
        subprocess.run(["sh", "jobs/weather.sh", *(output.ref for output in ctx.outputs)], check=True)
        return
    importlib.import_module(f"jobs.{'raw' if name == 'flights' else name}").build(ctx)


def dawdle() -> None:
    """Wait until the next daemon has lived too; not for ever, since it may wait for this job."""
    until, give_up_at = lives() + 2, time.monotonic() + DAWDLE_S
    while lives() < until and time.monotonic() < give_up_at:
        time.sleep(0.02)


def lives() -> float:
    return LIVES.stat().st_size if LIVES.exists() else math.inf


source, flights, weather, daily, monthly, yearly = map(
    witnessed, ("source", "flights", "weather", "daily", "monthly", "yearly")
)

if __name__ == "__main__":
    job(witnessed(sys.argv[1])).main()
