"""A small application with something to see: days and months, a job that can be broken, one that takes its time.

While there is a file ``broken``, the day that it names fails. While there is a file ``hold``, JobRuns of ``slow`` wait.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrator.api.local import LocalDoor
from orchestrator.api.server import serve
from orchestrator.api.tokens import Role
from orchestrator.console.codes import create_code
from orchestrator.console.routes import console_routes
from orchestrator.daemon import Application, Engine, open_engine
from tests.api.tcp import free_port

CONFIG = """
[application]
name = "harbour"

[pools]
default = 4
scale = 1

[api]
listen = "127.0.0.1:{port}"

[[external]]
name = "tides"
description = "High and low water, from the observatory"
outputs = ["tides/date={{date:date}}"]

[[job]]
name = "ships"
description = "The ships that called on one day"
outputs = ["ships/raw/date={{date:date}}"]
python = "wantd_console_test_jobs:ships"
executor = "inline"

[[job]]
name = "daily"
description = "What was landed on one day, by ship"
outputs = ["landed/daily/date={{date:date}}"]
inputs = ["ships/raw/date={{date}}", "scale/calibration"]
command = ["sh", "daily.sh"]

[[job]]
name = "monthly"
description = "The days of a month, added up"
outputs = ["landed/monthly/month={{month:month}}"]
inputs = ["landed/daily/date={{days(month)}}"]
python = "wantd_console_test_jobs:monthly"
executor = "inline"

[[job]]
name = "calibration"
description = "How far the scale is off"
outputs = ["scale/calibration"]
python = "wantd_console_test_jobs:ships"
executor = "inline"
pool = "scale"

[[job]]
name = "forecast"
description = "When the next ships can enter"
outputs = ["forecast/date={{date:date}}"]
inputs = ["tides/date={{date}}"]
python = "wantd_console_test_jobs:ships"
executor = "inline"

[[job]]
name = "slow"
description = "A survey of the bottom: takes its time"
outputs = ["survey/{{n:int}}"]
command = ["sh", "slow.sh"]
pool = "scale"
"""

JOBS = """
def ships(ctx):
    for ref, location in ctx.outputs:
        location.parent.mkdir(parents=True, exist_ok=True)
        location.write_text("ships of " + ref + "\\n")

def monthly(ctx):
    for ref, location in ctx.outputs:
        location.parent.mkdir(parents=True, exist_ok=True)
        location.write_text("".join(one.location.read_text() for one in ctx.inputs))
"""

DAILY = """
ref=$1
echo "reading the manifests of $ref"
python3 - "$ref" <<'END'
import json, os, pathlib, sys
context = json.load(open(os.environ["WANTD_CONTEXT"]))
print(f"{len(context['inputs'])} inputs are there")
broken = pathlib.Path("broken")
if broken.exists() and broken.read_text().strip() in sys.argv[1]:
    print("ship 'Anna Rickmers': the manifest has no line 'total'", file=sys.stderr)
    sys.exit("cannot add up what is not there <b>at all</b>")
for output in context["outputs"]:
    path = pathlib.Path(output["location"])
    path.write_text(f"landed at {output['ref']}\\n")
    print(f"wrote {path.stat().st_size} bytes")
END
"""

SLOW = """
echo "lowering the lead"
while [ -e hold ]; do sleep 0.05; done
python3 -c '
import json, os, pathlib
for output in json.load(open(os.environ["WANTD_CONTEXT"]))["outputs"]:
    pathlib.Path(output["location"]).write_text("mud")
'
echo "seven fathoms"
"""


class Harbour(NamedTuple):
    """A running daemon of the application, which listens for browsers."""

    folder: Path
    told: Application
    engine: Engine
    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}"

    @property
    def door(self) -> LocalDoor:
        """What somebody else does meanwhile."""
        return LocalDoor(self.engine, "cli:harbourmaster")

    def code(self, name: str = "anna", role: Role = "operate") -> str:
        """A code to log in with."""
        return create_code(self.told.layout.codes, name, role)

    def break_day(self, day: str) -> None:
        (self.folder / "broken").write_text(day)

    def mend(self) -> None:
        (self.folder / "broken").unlink()

    def hold(self) -> None:
        (self.folder / "hold").touch()

    def release(self) -> None:
        (self.folder / "hold").unlink()


def application(folder: Path, port: int) -> Application:
    """Write the application into a folder and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "wantd.toml").write_text(CONFIG.format(port=port))
    (folder / "wantd_console_test_jobs.py").write_text(JOBS)
    (folder / "daily.sh").write_text(DAILY)
    (folder / "slow.sh").write_text(SLOW)
    return Application.load(folder / "wantd.toml")


@asynccontextmanager
async def harbour(folder: Path) -> AsyncGenerator[Harbour]:
    """The daemon, with its console."""
    port = free_port()
    told = application(folder, port)
    async with open_engine(told) as engine, serve(engine, pages=console_routes(told.config, told.layout)):
        yield Harbour(folder, told, engine, port)
