"""A small application, daemons that serve it as processes of their own, and what they are asked over their socket.

Its jobs are shell scripts that note with the time since boot when they begin, outside the state directory. ``slow``
ends when the file ``go`` is there, ``flaky`` fails the first time, ``batch`` collects refs.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.api.requests import BASE
from tests.acceptance.commands import ENVIRON
from tests.acceptance.waiting import wait_until
from tests.executors.rigs import keeper_folders, keeper_pid
from tests.security.wire import Answer, ask

BACKOFF_S, BATCH_WAIT_S, TIMEOUT_S = 3.0, 3.0, 3.0

CONFIG = f"""
[application]
name = "hurt"
state = "state"
[[job]]
name = "quick"
outputs = ["quick/{{n:int}}"]
command = ["sh", "quick.sh"]
[[job]]
name = "slow"
outputs = ["slow/{{n:int}}"]
command = ["sh", "slow.sh"]
[[job]]
name = "timed"
outputs = ["timed/{{n:int}}"]
command = ["sh", "slow.sh"]
timeout = "{TIMEOUT_S:g}s"
retry = {{ tries = 1 }}
[[job]]
name = "flaky"
outputs = ["flaky/{{n:int}}"]
command = ["sh", "flaky.sh"]
retry = {{ tries = 3, backoff = "{BACKOFF_S:g}s" }}
[[job]]
name = "batch"
outputs = ["batch/{{n:int}}"]
command = ["sh", "quick.sh"]
batch = {{ max = 10, wait = "{BATCH_WAIT_S:g}s" }}
[[job]]
name = "large"
outputs = ["large/{{n:int}}"]
command = ["sh", "large.sh"]
"""

_NOTE = 'read since_boot rest </proc/uptime; echo "$1 $since_boot" >>noted\n'
_MAKE = """
grep -o '"location":"[^"]*"' "$WANTD_CONTEXT" | cut -d'"' -f4 | while read -r location; do
    echo "$1" >"$location" || exit 1
done
"""
SCRIPTS = {
    "quick.sh": _NOTE + _MAKE,
    "slow.sh": _NOTE + _MAKE + "until [ -e go ]; do sleep 0.05; done",
    "flaky.sh": _NOTE + 'mark=tried-$(basename "$1")\n[ -e "$mark" ] || { : >"$mark"; exit 1; }' + _MAKE,
    "large.sh": _NOTE
    + """
location=$(grep -o '"location":"[^"]*"' "$WANTD_CONTEXT" | cut -d'"' -f4)
head -c 2000000 /dev/zero >"$location"
""",
}

_OPEN = {"Idle", "Building", "UpstreamBuilding"}

_begun: list[subprocess.Popen[bytes]] = []


class Note(NamedTuple):
    """A job began for this ref; seconds since boot."""

    ref: str
    at: float


class House:
    """The application in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.socket = self.state / "socket"
        folder.mkdir(exist_ok=True)
        (folder / "wantd.toml").write_text(CONFIG)
        for name, script in SCRIPTS.items():
            (folder / name).write_text(script)

    def begin(self, *command: str, under: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> "Daemon":
        """Begin a command of ours, ``serve`` where none is named, maybe under another that wraps it."""
        argv = [
            *under,
            sys.executable,
            "-m",
            "wantd",
            "--config",
            str(self.folder / "wantd.toml"),
            *(command or ["serve"]),
        ]
        said = self.folder.parent / f"said-{len(_begun)}"
        with said.open("wb") as stderr:
            process = subprocess.Popen(
                argv,
                env={**ENVIRON, **(environ or {})},
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        _begun.append(process)
        return Daemon(self, process, said)

    def noted(self) -> list[Note]:
        """What the jobs noted, in their order."""
        path = self.folder / "noted"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Note(ref, float(at)) for ref, at in (line.split() for line in lines)]

    def begun(self, ref: str) -> list[float]:
        """When jobs began for a ref."""
        return [note.at for note in self.noted() if note.ref == ref]

    def let_go(self) -> None:
        """Let the slow jobs end."""
        (self.folder / "go").touch()

    # -- asking ---------------------------------------------------------------------------------------------------

    def ask(self, method: str, target: str, body: object = None) -> Answer:
        return ask(self.socket, method, target, body)

    def want(self, *refs: str, **more: object) -> str:
        """Want refs, which must be accepted; give the id of the want."""
        answer = self.ask("POST", f"{BASE}/wants", {"refs": refs, **more})
        assert answer.status == 201, answer
        return str(answer.json()["id"])

    def state_of(self, want: str) -> str:
        return str(self.ask("GET", f"{BASE}/wants/{want}").json()["state"])

    def becomes(self, want: str, state: str) -> None:
        """Wait until a want is in a state."""

        def is_so() -> bool:
            found = self.ask("GET", f"{BASE}/wants/{want}").json()
            assert found["state"] in {state, *_OPEN}, found
            return bool(found["state"] == state)

        wait_until(is_so, f"{want} is {state}")

    def runs(self, ref: str) -> list[dict[str, Any]]:
        """The JobRuns of a ref, as the daemon shows them."""
        items: list[dict[str, Any]] = self.ask("GET", f"{BASE}/jobruns").json()["items"]
        return [item for item in items if item["first_output"] == ref]

    def keepers(self) -> list[int]:
        return [keeper_pid(folder) for folder in keeper_folders(self.state / "runs" / "keepers")]


class Daemon:
    """A command that goes on until it ends, and what it said."""

    def __init__(self, house: House, process: subprocess.Popen[bytes], said: Path) -> None:
        self.process = process
        self._house = house
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text(errors="replace")

    def ready(self) -> "Daemon":
        """Wait until it says that it is ready."""
        wait_until(lambda: self.must_live() and '"event": "ready"' in self.said, "the daemon is ready")
        return self

    def must_live(self) -> bool:
        assert self.process.poll() is None, f"it ended by itself with {self.process.returncode}: {self.said[-2000:]}"
        return True

    def ends(self, code: int, patience_s: float = 60.0) -> str:
        """Wait until it ends, which must be with this code; give what it said."""
        assert self.process.wait(patience_s) == code, self.said[-2000:]
        return self.said

    def end(self) -> None:
        """Ask it to end in good order."""
        self.process.send_signal(signal.SIGTERM)
        self.ends(0)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.must_live()
        self.process.kill()
        self.process.wait()


def end_all() -> None:
    """Kill what was begun and has not ended, with all that it began."""
    while _begun:
        process = _begun.pop()
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
