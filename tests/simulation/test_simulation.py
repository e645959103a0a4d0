"""The whole orchestrator in simulation: many histories, each of one seed; and that a history can be played again."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.house.source import ROOT
from tests.simulation.simulation import Simulation

SEEDS = 1_000
SEEDS_LONG = 50_000
SEEDS_A_TEST = 50
"""Histories that one test plays: about five seconds."""
COUNTED: Counter[str] = Counter()
"""What happened in all histories of this test run."""


def play(seed: int) -> Simulation:
    """Play a history; what fails says how to play it again."""
    with TemporaryDirectory() as folder:
        simulation = Simulation(seed, Path(folder))
        try:
            simulation.play()
        except Exception as error:
            error.add_note(f"seed {seed}; play it again with: .venv/bin/python -m tests.simulation {seed}")
            raise
    return simulation


def play_all(seeds: range) -> None:
    for seed in seeds:
        COUNTED.update(play(seed).counted)


def never_happened(counted: Counter[str]) -> list[str]:
    with TemporaryDirectory() as folder:
        return [kind for kind in Simulation(0, Path(folder)).kinds if not counted[kind]]


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_A_TEST))
def test_every_history_keeps_the_laws_and_comes_to_its_end(first: int) -> None:
    """If this fails, some order of faults loses, doubles or strands something. The note names the seed."""
    play_all(range(first, first + SEEDS_A_TEST))


def test_everything_that_can_happen_happens() -> None:
    """If this fails, a kind of fault is no longer simulated, and nobody would notice."""
    if not COUNTED:
        play_all(range(4 * SEEDS_A_TEST))
    assert never_happened(COUNTED) == [], f"{COUNTED}"


@pytest.mark.long
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + SEEDS_LONG, 1_000))
def test_every_history_keeps_the_laws_at_length(first: int) -> None:
    """If this fails, something that happens rarely breaks a law."""
    play_all(range(first, first + 1_000))


def test_a_kind_that_never_happens_is_found() -> None:
    """If this fails, the search is blind, and the test above cannot fail."""
    assert never_happened(Counter({"the power fails": 1}))[0] == "the log is full"


@pytest.mark.parametrize("seed", [638, 639])
def test_the_same_seed_gives_the_same_log_whatever_the_hashes_and_the_zone(seed: int) -> None:
    """If this fails, a seed that failed once may never fail again: a set is walked, or local time decides something."""
    one, another = _log_of(seed, "1", "UTC"), _log_of(seed, "2", "CET-1CEST,M3.5.0,M10.5.0/3")
    assert one == another
    assert one.count(b'"kind":') > 100, "too little happened to tell"


def _log_of(seed: int, hashes: str, zone: str) -> bytes:
    """The log of a history, with its hashes, as another process plays it."""
    command = [sys.executable, "-m", "tests.simulation", str(seed)]
    environ = {**os.environ, "PYTHONHASHSEED": hashes, "TZ": zone}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True).stdout
