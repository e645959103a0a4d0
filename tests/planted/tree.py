"""A copy of the project in which something is broken on purpose, and its tests are run.

The copy holds what git holds, at one commit or as it lies here. It has a ``.venv`` of its own: one that finds the
packages of this environment, but ours in the copy. So whatever a test starts (a daemon, a keeper, a worker) is the
broken one too.
"""

import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

_PYTEST = (
    "-P",
    str(Path(__file__).with_name("running.py")),
    "-q",
    "-x",
    "--no-header",
    "--tb=line",
    "--hypothesis-seed=0",
)


class Ended(NamedTuple):
    """How a run of tests ended. ``code`` is pytest's, None when its time was over."""

    code: int | None
    said: str


class Tree:
    """A copy of the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / ".venv" / "bin" / "python"

    @classmethod
    def copy(cls, folder: Path, commit: str | None = None) -> "Tree":
        """Copy what git holds to a new folder: of a commit, or as it lies in the work tree."""
        folder.mkdir(parents=True)
        if commit is None:
            listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
            packed = subprocess.run(
                ["tar", "c", "--null", "--ignore-failed-read", "-T", "-"], cwd=ROOT, input=listed, check=True,
                capture_output=True,
            )  # fmt: skip
        else:
            packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "x", "-C", str(folder)], input=packed.stdout, check=True)
        tree = cls(folder)
        tree._make_environment()
        return tree

    @contextmanager
    def holding(self, path: str, text: str) -> Generator[None]:
        """Let a file hold another text for a while."""
        file = self.folder / path
        sound, known = file.read_bytes(), file.stat()
        file.write_text(text)
        try:
            yield
        finally:
            file.write_bytes(sound)
            # What was compiled of it is known by its time.
            os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))

    def pytest(self, arguments: Sequence[str], limit_s: float, env: Mapping[str, str] | None = None) -> Ended:
        """Run tests in the copy until the first fails; whatever they started ends with them."""
        process = subprocess.Popen(
            [str(self.python), *_PYTEST, *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | dict(env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=limit_s)
            return Ended(process.returncode, said)
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Ended(None, (late.stdout or b"").decode(errors="replace"))
        finally:
            self._end_what_is_left()

    def _make_environment(self) -> None:
        site = self.folder / ".venv" / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
        site.mkdir(parents=True)
        (site / "here.pth").write_text(f"{self.folder}\n{sysconfig.get_path('purelib')}\n")
        self.python.parent.mkdir()
        self.python.symlink_to(Path(sys.executable).resolve())
        wantd = self.python.parent / "wantd"
        wantd.write_text(f"#!{self.python}\nimport sys\nfrom wantd.__main__ import main\nsys.exit(main())\n")
        wantd.chmod(0o755)
        (self.folder / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")

    def _end_what_is_left(self) -> None:
        """End what runs out of the copy: keepers and their jobs have sessions of their own."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._runs_here(entry):
                try:
                    os.kill(int(entry.name), signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def _runs_here(self, entry: Path) -> bool:
        try:
            return str(self.python).encode() in (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
