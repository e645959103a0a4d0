"""Planted bugs: the simulation sees each of them. A search that finds nothing is worth something only if it can."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.house.source import ROOT
from tests.simulation.planted import PLANTS
from tests.simulation.simulation import Broken
from tests.simulation.test_simulation import play_all

SEEDS = 400
"""The rarest of the bugs shows in one of thirty histories."""

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_breaks_its_law(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, this bug could be made in earnest and all histories would still be fine."""
    plant(monkeypatch)
    with pytest.raises(Broken, match=PLANTS[plant]) as caught:
        play_all(range(SEEDS))
    assert "play it again with: .venv/bin/python -m tests.simulation" in caught.value.__notes__[0]


def test_a_set_in_a_decision_shows_in_the_log() -> None:
    """If this fails, the order of a set can decide what is done, and no history tells."""
    assert any(_log_of(seed, "1") != _log_of(seed, "2") for seed in range(10))


def _log_of(seed: int, hashes: str) -> bytes:
    """The log of a history with the bug, with its hashes, as another process plays it."""
    code = (
        "import runpy, sys, pytest; from tests.simulation.planted import set_in_a_decision;"
        "set_in_a_decision(pytest.MonkeyPatch()); runpy.run_module('tests.simulation', run_name='__main__')"
    )
    command = [sys.executable, "-c", code, str(seed)]
    environ = {**os.environ, "PYTHONHASHSEED": hashes}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True).stdout
