"""An application small enough to run in a moment, and doors to an engine of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.api.client import HttpDoor
from orchestrator.api.door import Door
from orchestrator.api.local import LocalDoor
from orchestrator.api.server import serve
from orchestrator.daemon import Application, open_engine

KINDS = ("local", "http")
ACTOR = "cli:test"

CONFIG = """
[application]
name = "small"
[[external]]
name = "outside"
outputs = ["outside"]
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
python = "wantd_api_test_jobs:raw"
executor = "inline"
[[job]]
name = "top"
outputs = ["top/{n:int}"]
inputs = ["raw/{n}"]
python = "wantd_api_test_jobs:raw"
executor = "inline"
[[job]]
name = "inside"
outputs = ["inside"]
inputs = ["outside"]
python = "wantd_api_test_jobs:raw"
executor = "inline"
[[job]]
name = "bad"
outputs = ["bad/{n:int}"]
python = "wantd_api_test_jobs:bad"
executor = "inline"
[[job]]
name = "slow"
outputs = ["slow"]
command = ["sh", "-c", "echo 'as slow as can be'; exec sleep 600"]
"""

JOBS = """
def raw(ctx):
    for ref, location in ctx.outputs:
        location.parent.mkdir(parents=True, exist_ok=True)
        location.write_text(ref)

def bad(ctx):
    raise ValueError("it is bad")
"""


def application(folder: Path, more: str = "") -> Application:
    """Write the application into a folder, with more at the end of its configuration, and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wantd.toml").write_text(CONFIG + more)
    (folder / "wantd_api_test_jobs.py").write_text(JOBS)
    return Application.load(folder / "wantd.toml")


@asynccontextmanager
async def open_door(kind: str, folder: Path) -> AsyncGenerator[Door]:
    """A door of one kind to a running engine."""
    told = application(folder)
    async with open_engine(told) as engine:
        if kind == "local":
            yield LocalDoor(engine, ACTOR)
            return
        async with serve(engine):
            yield HttpDoor(told.layout.socket)
