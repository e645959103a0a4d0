"""Several daemons on one state directory, and leaders that die, or stop and go on."""

import asyncio
import signal
from pathlib import Path

import pytest

from bel.driver import open_line
from bel.lock import read_holder
from tests.acceptance.waiting import wait_until
from tests.hurt.house import Daemon, House

ROUNDS = 10
LONG_ROUNDS = 300
OTHERS = (2, 1, 1, 7, 1, 3, 1, 1, 2, 1, 1, 4, 5, 6)
"""How many daemons come to the leader, round by round: seldom many, since each costs a second of work."""
EPOCH_TOO_OLD = "another daemon took over"


class Crowd:
    """A state directory that many want to have."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._leader = house.begin().ready()
        self._built = 0
        self.fates: list[str] = []

    def round(self, number: int) -> None:
        """Two to eight daemons at once, the leader among them; then a build, whoever leads."""
        fate = ("killed", "stopped", "left alone")[number % 3]
        self.fates.append(fate)
        if fate == "stopped":
            self._leader.send(signal.SIGSTOP)
        others = [self._house.begin() for _ in range(OTHERS[number % len(OTHERS)])]
        if fate == "killed":
            self._leader.kill()
            self._leader = self._won(others)
            others.remove(self._leader)
        for other in others:
            assert f"is held by process {self._leader.process.pid} (epoch " in other.ends(75)
        self._leader.send(signal.SIGCONT)
        self._leader.must_live()
        self._built += 1
        self._house.begin("build", f"quick/{self._built}").ends(0)

    def end(self) -> None:
        self._leader.end()

    def _won(self, contenders: list[Daemon]) -> Daemon:
        def leaders() -> list[Daemon]:
            return [one for one in contenders if '"event": "ready"' in one.said]

        wait_until(lambda: leaders() or all(one.process.poll() is not None for one in contenders), "one leads")
        assert len(leaders()) == 1, [one.said[-1000:] for one in contenders]
        return leaders()[0]


def writers(log: Path) -> list[tuple[int, str]]:
    """Who wrote the log: an epoch and the mark of a start for each run of entries by the same."""

    async def ids() -> list[str]:
        line = await open_line(log, mode="ro", prepare=lambda _: None)
        try:
            return await line.run(
                lambda connection: [row[0] for row in connection.execute("SELECT event_id FROM entry ORDER BY seq")]
            )
        finally:
            await line.close()

    marks = [name[1:].partition("-")[0] for name in asyncio.run(ids())]
    changes = [mark for before, mark in zip(["", *marks], marks, strict=False) if mark != before]
    return [(int(mark[:-4]), mark) for mark in changes]


def play(house: House, rounds: int) -> None:
    crowd = Crowd(house)
    for number in range(rounds):
        crowd.round(number)
    crowd.end()
    assert {"killed", "stopped"} <= {*crowd.fates}
    epochs = [epoch for epoch, _ in writers(house.state / "bel.sqlite")]
    assert epochs == sorted(set(epochs)), "two epochs wrote at the same time, or an old one came back"
    assert len(epochs) > rounds // 4, "no leader ever changed: the test is blind"
    assert sorted(note.ref for note in house.noted()) == sorted(f"quick/{number}" for number in range(1, rounds + 1))
    house.begin("bel", "verify").ends(0)


@pytest.mark.timeout(400)
def test_one_of_many_daemons_leads_and_the_others_say_who(house: House) -> None:
    """Broken: two daemons write one log, or one that has to wait does not say for whom."""
    play(house, ROUNDS)


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_three_hundred_rounds(house: House) -> None:
    """Broken: as above, in an order that is rare."""
    play(house, LONG_ROUNDS)


def test_a_leader_that_was_replaced_while_it_was_stopped_never_writes_again(house: House) -> None:
    """Broken: a daemon that its lock does not protect any more (the file was removed) writes over its successor."""
    stale = house.begin().ready()
    want = house.want("slow/1", ttl_s=4)
    wait_until(lambda: house.begun("slow/1"), "the job runs")
    stale.send(signal.SIGSTOP)
    (house.state / "lock").unlink()
    house.socket.unlink()
    successor = house.begin().ready()
    house.becomes(want, "Expired")
    before = writers(house.state / "bel.sqlite")
    stale.send(signal.SIGCONT)
    said = stale.ends(75)
    assert EPOCH_TOO_OLD in said or "has taken over" in said, said
    successor.must_live()
    house.becomes(house.want("quick/1"), "Successful")
    assert writers(house.state / "bel.sqlite") == before
    holder = read_holder(house.state)
    assert holder is not None
    assert holder.pid == successor.process.pid
