"""An environment for each peer, with the packages of ``peers.toml``, made when it is first asked for.

They lie in ``.venv/peers``, which git ignores and ``make clean`` removes with everything else that was installed.
"""

import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from benchmarks.rows import Peer
from benchmarks.sides import ROOT

ENVIRONMENTS = ROOT / ".venv" / "peers"
_TOLD = Path(__file__).with_name("peers.toml")
_SAID_CHARS = 500


class NotInstalled(Exception):
    """The packages of a peer could not be installed."""


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is measured of a peer: its packages, how it is run, and what a task that is done is worth."""

    packages: tuple[str, ...]
    how: str
    done: str
    """Begins with yes or no."""

    @property
    def is_durable(self) -> bool:
        """Whether a task that is done is still done when the power goes right then."""
        return self.done.startswith("yes")


@cache
def about_peers() -> dict[str, About]:
    """Everything that is said about the peers, by name."""
    return msgspec.convert(tomllib.loads(_TOLD.read_text(encoding="utf-8")), dict[str, About])


def python_of(peer: Peer) -> Path:
    """The Python of a peer's environment, made anew where other packages are asked for. Raises NotInstalled."""
    folder, packages = ENVIRONMENTS / peer, about_peers()[peer].packages
    asked, made = "\n".join(packages), folder / "made-of"
    if not made.is_file() or made.read_text() != asked:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *packages)
        made.write_text(asked)
    return folder / "bin" / "python"


def _run(*command: str) -> None:
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if finished.returncode:
        # Its last line: those before it name folders and hosts, which do not belong into a table.
        said = finished.stderr.strip().rpartition("\n")[2][:_SAID_CHARS]
        raise NotInstalled(f"{Path(command[0]).name} {command[1]} ended with {finished.returncode}: {said}")
