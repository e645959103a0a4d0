"""A small application on disk, and the real command line over it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from orchestrator.cli.main import run
from wantd.__main__ import Parts

CONFIG = """\
[application]
name = "kit"

[[job]]
name    = "one"
outputs = ["one/{n:int}"]
python  = "jobs:write"

[[job]]
name    = "sum"
outputs = ["sum"]
inputs  = ["one/1", "one/2"]
python  = "jobs:write"

[[job]]
name    = "broken"
outputs = ["broken"]
command = ["sh", "-c", "echo about to fail; exit 3"]

[[job]]
name    = "above"
outputs = ["above"]
inputs  = ["broken"]
command = ["true"]

[[job]]
name    = "silent"
outputs = ["silent"]
command = ["true"]

[[job]]
name    = "missing"
outputs = ["missing"]
command = ["no-such-program-at-all"]

[[job]]
name    = "slow"
outputs = ["slow"]
command = ["sh", "-c", "echo started; exec sleep 60"]

[[job]]
name    = "loud"
outputs = ["loud"]
command = ["sh", "jobs/loud.sh"]

[[job]]
name      = "asked"
outputs   = ["asked/{n:int}"]
command   = ["sh", "jobs/first.sh"]
configure = ["sh", "jobs/configure.sh"]

[[external]]
name    = "outside"
outputs = ["outside"]

[limits]
grace = "1s"
"""

JOBS = """\
def write(ctx):
    for ref, location in ctx.outputs:
        location.write_text(ref)
"""

FIRST = """\
location=$(sed -n 's/.*"location":"\\([^"]*\\)".*/\\1/p' "$WANTD_CONTEXT")
echo "made $1" | tee "$location"
"""

LOUD = """\
location=$(sed -n 's/.*"location":"\\([^"]*\\)".*/\\1/p' "$WANTD_CONTEXT")
yes "noise" | head -c 100000000
printf 'red \\033[31malert\\n'
echo quiet > "$location"
"""

CONFIGURE = """\
for ref in "$@"; do
    printf '[{"outputs": ["%s"], "inputs": [{"ref": "outside", "type": "query"}], "args": ["hello"]}]' "$ref"
done
"""


def make_application(folder: Path) -> Path:
    """Write the application into a folder."""
    (folder / "jobs").mkdir(parents=True)
    files = {
        "wantd.toml": CONFIG,
        "jobs.py": JOBS,
        "jobs/first.sh": FIRST,
        "jobs/loud.sh": LOUD,
        "jobs/configure.sh": CONFIGURE,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def environment() -> dict[str, str]:
    """The environment of a person at a pipe."""
    return {key: value for key, value in os.environ.items() if key != "WANTD_CONFIG"}


def start(folder: Path, *arguments: str, terminal: int | None = None) -> subprocess.Popen[str]:
    """Start the real command, with pipes or on a terminal of its own."""
    reads = subprocess.DEVNULL if terminal is None else terminal
    writes = subprocess.PIPE if terminal is None else terminal
    return subprocess.Popen(
        [sys.executable, "-m", "wantd", *arguments],
        cwd=folder,
        env=environment(),
        text=True,
        stdin=reads,
        stdout=writes,
        stderr=writes,
        start_new_session=terminal is not None,
    )


def wantd(folder: Path, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run the real command to its end."""
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=seconds)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def here(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which is faster; what it says is the same."""
    out, err = StringIO(), StringIO()
    with contextlib.chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = run(arguments, Parts())
    return subprocess.CompletedProcess(arguments, int(code), out.getvalue(), err.getvalue())


def as_json(folder: Path, *arguments: str) -> Any:
    """Run a read with --json, which must succeed."""
    done = here(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """Read what a process says until a line holds a text."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"it ended without saying {text!r}")


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Ask a process to end, and give its exit code."""
    process.send_signal(number)
    process.communicate(timeout=30)
    return process.returncode
