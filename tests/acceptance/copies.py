"""Copies of the flights example in which every job is witnessed, as a process or in a warm worker."""

import re
import shutil
from pathlib import Path
from typing import Literal

HOUSE = Path(__file__).parents[2]
FLIGHTS = HOUSE / "examples" / "flights"
WITNESS = Path(__file__).with_name("witness.py")

KILLED = """
[pools]
default = 4

[retry]
lost = 100
"""
"""Slots for jobs that dawdle; and a keeper may be killed as often as a test likes."""

How = Literal["mixed", "worker", "process"]
"""As the example has it; all jobs in warm workers; all jobs as processes."""


def copy_flights(folder: Path, how: How, batch: int) -> Path:
    """Make a witnessed copy with batches of this size, and say where its configuration is."""
    shutil.copytree(FLIGHTS, folder, ignore=shutil.ignore_patterns("__pycache__", ".wantd"))
    shutil.copy(WITNESS, folder)
    config = folder / "wantd.toml"
    config.write_text("\n[[job]]\n".join(_witnessed(part, how, batch) for part in _jobs(config)))
    return config


def _jobs(config: Path) -> list[str]:
    """Cut the configuration at its jobs; ``worst`` is left out, since the year does not need it."""
    head, *jobs = config.read_text().split("\n[[job]]\n")
    return [f"{head}\n{KILLED}", *(job for job in jobs if 'name        = "worst"' not in job)]


def _witnessed(job: str, how: How, batch: int) -> str:
    found = re.search(r'^name +?= "(\w+)"\ndescription', job, re.MULTILINE)
    if found is None:
        return job
    name = found[1]
    process, worker = f'command = ["python", "witness.py", "{name}"]', f'python = "witness:{name}"'
    job = re.sub(r"^command .*$", worker if how == "worker" else process, job, flags=re.MULTILINE)
    job = re.sub(r"^python .*$", process if how == "process" else worker, job, flags=re.MULTILINE)
    return re.sub(r"max = \d+", f"max = {batch}", job)
