"""A run's time is counted by a clock that nobody can set."""

import time
from pathlib import Path
from typing import cast

import pytest

from orchestrator.executors.keeper.launch import Leader
from orchestrator.executors.keeper.run import Run
from tests.executors.rigs import request

HOUR_S = 3600.0


class Asked:
    """A leader that only remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask_group(self) -> None:
        self.asked.append("end")

    def kill_session(self) -> None:
        self.asked.append("die")


def test_a_clock_that_is_set_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: an administrator who corrects the clock kills what runs, or lets it run for ever."""
    leader = Asked()
    asked_for = request("r", place=str(tmp_path / "r"))._replace(timeout_s=60.0, grace_s=1000.0)
    run = Run(asked_for)
    run.begin(cast("Leader", leader))
    began, wall, wall_ns = time.monotonic(), time.time, time.time_ns
    for jump_s in (HOUR_S, -HOUR_S):
        monkeypatch.setattr(time, "time", lambda by=jump_s: wall() + by)
        monkeypatch.setattr(time, "time_ns", lambda by=jump_s: wall_ns() + int(by * 1e9))
        run.look_after(began + 1)
        assert (run.why_ended, leader.asked) == ("", [])
    run.look_after(began + 61)
    assert (run.why_ended, leader.asked) == ("timeout", ["end"])
    run.look_after(began + HOUR_S)
    assert leader.asked[-1] == "die"
