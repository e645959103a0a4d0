"""The wall clock of a real daemon is set while things wait: every wait lasts as long as it was to."""

import os
import time
from pathlib import Path

import pytest

from tests.acceptance.commands import ENVIRON
from tests.acceptance.waiting import wait_until
from tests.hurt.house import BACKOFF_S, BATCH_WAIT_S, TIMEOUT_S, House

SKEWED = Path(__file__).with_name("skewed")
LATE_S = 12.0
"""How late something may be on a machine that is busy with other things."""
TTL_S = 4.0
DAY_S = 86_400
SUMMER_BEGINS = 1_774_746_000
"""29 March 2026, 01:00 UTC: in Berlin the clocks go from two to three."""


class Skew:
    """The wall clock as the daemon sees it."""

    def __init__(self, told: Path) -> None:
        self._told = told
        self._by = 0
        self.set(0)

    def set(self, by_s: int) -> None:
        """Set it forward, or back."""
        self._by += by_s
        fresh = self._told.with_suffix(".new")
        fresh.write_text(str(self._by))
        fresh.replace(self._told)

    def set_to(self, at: float) -> None:
        self.set(int(at - time.time()) - self._by)


def since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Waits:
    """One of each thing that waits."""

    def __init__(self, house: House, number: int) -> None:
        self._house = house
        self._flaky, self._batch, self._timed = f"flaky/{number}", f"batch/{number}", f"timed/{number}"
        self.asked = since_boot()
        self._retried = house.want(self._flaky)
        self._batched = house.want(self._batch)
        self._stopped = house.want(self._timed)
        self._expiring = house.want(f"slow/{number}", ttl_s=TTL_S)
        wait_until(self._have_begun, "everything waits")

    def _have_begun(self) -> bool:
        house = self._house
        failed = [run["state"] for run in house.runs(self._flaky)] == ["Failed"]
        return failed and bool(house.begun(self._timed)) and house.state_of(self._expiring) == "Building"

    def check(self) -> None:
        """See each wait end at its time, by a clock that nobody can set."""
        house, expired, stopped = self._house, 0.0, 0.0
        while not (expired and stopped):
            expired = expired or (since_boot() if house.state_of(self._expiring) == "Expired" else 0.0)
            stopped = stopped or (since_boot() if house.state_of(self._stopped) == "Failed" else 0.0)
            assert since_boot() < self.asked + 60, "a want does not expire, or a job does not time out"
            time.sleep(0.05)
        for want in (self._retried, self._batched):
            house.becomes(want, "Successful")
        first, second = house.begun(self._flaky)
        self._in_time("a retry", second - first, BACKOFF_S)
        self._in_time("a batch", house.begun(self._batch)[0] - self.asked, BATCH_WAIT_S)
        self._in_time("a timeout", stopped - house.begun(self._timed)[0], TIMEOUT_S)
        self._in_time("a ttl", expired - self.asked, TTL_S)

    def _in_time(self, what: str, took_s: float, was_to_take_s: float) -> None:
        # The time since boot that jobs note has two digits.
        assert was_to_take_s - 0.03 <= took_s <= was_to_take_s + LATE_S, f"{what} took {took_s:.2f} s"


@pytest.mark.timeout(400)
def test_waits_last_as_long_as_they_were_to_whatever_becomes_of_the_clock(house: House, tmp_path: Path) -> None:
    """Broken: a clock that is corrected makes retries, batches, timeouts and ttls come early, or never."""
    skew = Skew(tmp_path / "set-by")
    path = os.pathsep.join((str(SKEWED), ENVIRON["PYTHONPATH"]))
    environ = {"PYTHONPATH": path, "WALL_CLOCK_SET_BY": str(tmp_path / "set-by"), "TZ": "Europe/Berlin"}
    daemon = house.begin(environ=environ).ready()
    seen: list[str] = []
    for number, by_s in enumerate((3_600, -3_600, 400 * DAY_S, -400 * DAY_S)):
        waits = Waits(house, number)
        skew.set(by_s)
        waits.check()
        seen.append(house.ask("GET", f"/api/v1/wants/{house.want('quick/1')}").json()["want"]["created_at"])
    skew.set_to(SUMMER_BEGINS - 2)
    waits = Waits(house, 9)
    waits.check()
    assert seen[2] > seen[0] > seen[1], "the daemon did not see that its clock was set: the test is blind"
    assert seen[2][:4] > seen[3][:4]
    daemon.end()
    house.begin("bel", "verify").ends(0)
