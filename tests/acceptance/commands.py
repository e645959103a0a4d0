"""Our commands as a user would run them, on one application, in processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bel.lock import read_holder
from tests.acceptance.copies import HOUSE
from tests.acceptance.waiting import PATIENCE_S, wait_until

PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
ENVIRON = {**os.environ, "PATH": PATH, "PYTHONPATH": str(HOUSE)}

_begun: list[subprocess.Popen[bytes]] = []


class Wantd:
    """The command line, about one application. What is begun prints into ``answers`` and complains into ``said``."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.folder = config.parent
        self.state = config.parent / ".wantd"
        self.answers = config.with_name("answers")
        self.said = config.with_name("said")

    def run(self, *command: str, code: int = 0, patience_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which must have this exit code."""
        done = self._run(command, patience_s)
        assert done.returncode == code, f"wantd {' '.join(command)} ended with {done.returncode}: {done.stderr}"
        return done

    def begin(self, *command: str) -> "Life":
        """Begin a command that goes on."""
        argv = self._argv(*command)
        with self.answers.open("ab") as answers, self.said.open("ab") as said:
            process = subprocess.Popen(argv, env=ENVIRON, cwd=self.folder, stdout=answers, stderr=said)
        _begun.append(process)
        return Life(self, process)

    def serve(self) -> "Life":
        """Begin a daemon, and wait until it says that it is ready."""
        life = self.begin("serve")
        ready = f'{{"pid": {life.process.pid}, '
        wait_until(lambda: life.must_live() and ready in self.said.read_text(), "the daemon is ready")
        return life

    def _run(self, command: Sequence[str], patience_s: float) -> subprocess.CompletedProcess[str]:
        argv = self._argv(*command)
        return subprocess.run(
            argv, env=ENVIRON, cwd=self.folder, capture_output=True, text=True, timeout=patience_s, check=False
        )

    def _argv(self, *command: str) -> list[str]:
        return [sys.executable, "-m", "wantd", "--config", str(self.config), *command]


class Life:
    """A command that goes on until it ends, or is killed."""

    def __init__(self, wantd: Wantd, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._wantd = wantd

    def wait_for_lock(self) -> None:
        """Wait until it has the state directory: from here on it recovers what the last life left."""
        wait_until(lambda: self.must_live() and self._has_lock(), "the lock is taken")

    def kill(self) -> None:
        """Kill it, which it must have lived to see."""
        self.must_live()
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to end, and say with which exit code it did."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def must_live(self) -> bool:
        """Give its last words where it has ended by itself."""
        words = self._wantd.said.read_text()[-3000:] if self.process.poll() is not None else ""
        assert self.process.poll() is None, f"it ended by itself with {self.process.returncode}: {words}"
        return True

    def _has_lock(self) -> bool:
        holder = read_holder(self._wantd.state)
        return holder is not None and holder.pid == self.process.pid


def end_all() -> None:
    """Kill what was begun and has not ended."""
    while _begun:
        process = _begun.pop()
        process.kill()
        process.wait()
