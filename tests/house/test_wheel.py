"""What an installation puts on somebody's machine: our four packages and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.source import PACKAGES, ROOT, python_files


def record_of(names: list[str]) -> str:
    """Name the folder in which a wheel describes itself."""
    return next(name.split("/")[0] for name in names if name.endswith(".dist-info/METADATA"))


def strangers(names: list[str]) -> list[str]:
    """List what lies in a wheel outside the four packages and its own record."""
    homes = {*PACKAGES, record_of(names)}
    return [name for name in names if name.split("/")[0] not in homes or "/tests/" in name or "/." in name]


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = Path(folder).glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_holds_our_packages_only(contents: list[str]) -> None:
    """Broken: tests, configuration or a stray folder would be installed beside other people's packages."""
    assert strangers(contents) == []


def test_the_wheel_holds_every_module(contents: list[str]) -> None:
    """Broken: a module works in the checkout and is missing after an installation."""
    missing = {str(path.relative_to(ROOT)) for path in python_files(*PACKAGES)} - set(contents)
    assert missing == set()


def test_the_wheel_holds_what_pages_are_made_of(contents: list[str]) -> None:
    """Broken: the console works in the checkout and is a bug after an installation."""
    kinds = {".html", ".css", ".js", ".svg"}
    files = [path for path in (ROOT / "orchestrator" / "console").rglob("*") if path.suffix in kinds]
    assert len(files) > 10
    assert {str(path.relative_to(ROOT)) for path in files} - set(contents) == set()


def test_each_package_says_that_it_is_typed(contents: list[str]) -> None:
    """Broken: a user's type checker ignores our types."""
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(contents)


def test_the_licence_and_the_command_are_in(contents: list[str]) -> None:
    """Broken: the wheel may not be passed on, or installs no `wantd`."""
    assert {f"{record_of(contents)}/licenses/LICENSE", f"{record_of(contents)}/entry_points.txt"} <= set(contents)


def test_a_stranger_is_seen() -> None:
    """Broken: the search is blind, and the tests above cannot fail."""
    planted = ["tests/test_x.py", "config/a.toml", "bel/tests/test_y.py", "orchestrator/.cache/x"]
    assert strangers([*planted, "bel/log.py", "wantd-0.1.0.dist-info/METADATA"]) == planted
