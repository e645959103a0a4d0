"""Applications of their own for the tests of this folder; whatever their keepers run ends with the test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import commands
from tests.acceptance.commands import Wantd
from tests.executors.rigs import end_all_keepers

GATES = Path(__file__).with_name("gates")


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where an application is going to be."""
    monkeypatch.setenv("PATH", commands.PATH)
    yield tmp_path / "application"
    commands.end_all()
    end_all_keepers(tmp_path / "application" / ".wantd" / "runs" / "keepers")


@pytest.fixture
def gates(application: Path) -> Wantd:
    """The application of gates."""
    shutil.copytree(GATES, application)
    return Wantd(application / "wantd.toml")
