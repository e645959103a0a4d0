"""Where things lie in the state directory.

bel.sqlite          the build event log
lock, socket        one daemon a directory, and how to reach it
tokens/             who may ask over TCP
codes/              who may log in to the console, once
outward/            how far others have been told what happens
store/              the bytes of partition instances, and current/, the link tree
runs/<JobRun>.*     what a JobRun was told (context.json), what it said (report), its output (log); of one that ended
                    well only a log with something in it is kept
runs/keepers/       the journals of keepers
"""

from pathlib import Path

import msgspec

from orchestrator.executors.keeper.files import RunFiles
from statemachines.ids import RunId


class Layout(msgspec.Struct, frozen=True):
    """The places below one state directory, which is absolute."""

    state: Path

    @property
    def log(self) -> Path:
        return self.state / "bel.sqlite"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def socket(self) -> Path:
        return self.state / "socket"

    @property
    def tokens(self) -> Path:
        return self.state / "tokens"

    @property
    def codes(self) -> Path:
        return self.state / "codes"

    @property
    def outward(self) -> Path:
        return self.state / "outward"

    @property
    def store(self) -> Path:
        return self.state / "store"

    @property
    def keepers(self) -> Path:
        return self.state / "runs" / "keepers"

    def run_files(self, run: RunId) -> RunFiles:
        """The files of one JobRun. Its id is our own, so it is a safe name."""
        return RunFiles(f"{self.state}/runs/{run}")
