"""The disk of a real daemon is full, and has room again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.api.requests import BASE
from tests.acceptance.waiting import wait_until
from tests.executors.rigs import end_all_keepers
from tests.hurt import house as houses
from tests.hurt.house import House

DISK_BYTES = 12 << 20
SOON_S = 20.0
"""Within seconds, on a machine that is busy with other things."""


def fill(state: Path, name: str = "filler") -> Path:
    """Leave no byte on the disk of a folder."""
    filler = state / name
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


@pytest.fixture
def small(house: House) -> Iterator[House]:
    """A house whose state lies on a small disk of its own."""
    house.state.mkdir(mode=0o700)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(house.state)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    yield house
    house.let_go()
    houses.end_all()
    end_all_keepers(house.state / "runs" / "keepers")
    subprocess.run(["umount", "--lazy", str(house.state)], check=True)


def is_read_only(house: House) -> bool:
    """Not ready, for want of room, and it says what to do."""
    answer = house.ask("GET", "/readyz")
    if answer.status == 200:
        return False
    problem = answer.json()
    assert (answer.status, problem["code"]) == (503, "log_full")
    assert "free some space" in str(problem)
    return True


def is_ready(house: House) -> bool:
    return house.ask("GET", "/readyz").status == 200


def test_a_daemon_without_room_can_be_read_and_goes_on_when_there_is_some(small: House) -> None:
    """Broken: a full disk ends the daemon, loses what it had acknowledged, or needs somebody to start it again."""
    daemon = small.begin().ready()
    done = small.want("quick/1")
    small.becomes(done, "Successful")
    running = small.want("slow/1")
    wait_until(lambda: small.begun("slow/1"), "a job runs")
    filler = fill(small.state)

    accepted: list[str] = []
    for number in range(2, 2_000):
        answer = small.ask("POST", f"{BASE}/wants", {"refs": [f"quick/{number}"], "comment": "x" * 4_000})
        if answer.status != 201:
            assert (answer.status, answer.json()["code"]) == (503, "log_full")
            break
        accepted.append(str(answer.json()["id"]))
    wait_until(lambda: is_read_only(small), "it is read-only")
    assert small.state_of(done) == "Successful"
    small.let_go()
    wait_until(lambda: daemon.must_live() and small.state_of(running) == "Building", "it can still be read")
    assert small.ask("POST", f"{BASE}/wants", {"refs": ["quick/1"]}).status == 503

    filler.unlink()
    wait_until(lambda: is_ready(small), "it takes commands again, without being asked", SOON_S)
    for want in [running, *accepted]:
        small.becomes(want, "Successful")
    for run in small.runs("slow/1"):
        assert run["state"] == "Succeeded"
    assert len(small.begun("slow/1")) == 1
    noted = [note.ref for note in small.noted()]
    assert len(noted) == len(set(noted)) == 2 + len(accepted), "something was started twice"
    small.begin("bel", "verify").ends(0)
    daemon.end()


def test_what_finds_no_room_for_its_run_folder_starts_later_and_costs_no_try(small: House) -> None:
    """Broken: a full disk uses up the tries of jobs that were never started."""
    daemon = small.begin().ready()
    small.becomes(small.want("quick/1"), "Successful")
    # The log has room in its WAL that was there before; run folders have none.
    want = small.want("flaky/1")
    wait_until(lambda: small.begun("flaky/1"), "the first try began")
    wait_until(lambda: small.runs("flaky/1")[0]["state"] == "Failed", "the first try failed")
    filler = fill(small.state)
    wait_until(lambda: is_read_only(small), "the second try finds no room")
    assert len(small.begun("flaky/1")) == 1
    filler.unlink()
    small.becomes(want, "Successful")
    assert [run["state"] for run in small.runs("flaky/1")] == ["Failed", "Succeeded"]
    assert len(small.begun("flaky/1")) == 2
    daemon.end()


def test_a_daemon_without_room_ends_and_starts_in_good_order(small: House) -> None:
    """Broken: a full disk keeps the daemon from ending, or its next start loses something or gives no reason."""
    daemon = small.begin().ready()
    done = small.want("quick/1")
    small.becomes(done, "Successful")
    filler = fill(small.state)
    daemon.end()
    more = fill(small.state, "more")
    assert "free some space and try again" in small.begin().ends(75)
    filler.unlink()
    more.unlink()
    small.begin().ready()
    assert small.state_of(done) == "Successful"
