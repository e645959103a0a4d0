"""Kill -9 for everything of ours that runs: the daemon, its keeper, the process of a job, a warm worker.

Where there is nothing to be killed, the daemon is seen to run until there is. A daemon that is killed while it
recovers has taken the lock, and no more is known of it; any other has said that it is ready, and when.
"""

import http.client
import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from orchestrator.api.unix import address_of
from tests.acceptance import prey
from tests.acceptance.commands import Life, Wantd
from tests.acceptance.notes import Note, Notes
from tests.acceptance.waiting import wait_until

Kind = Literal["daemon", "keeper", "job", "worker"]
_RECOVERY_S = 0.3
_ASK_AGAIN_S = 2.0


class Victim(NamedTuple):
    """Who was killed. ``at`` is monotonic seconds, a moment before."""

    kind: Kind
    pid: int
    at: float


class Strike(NamedTuple):
    """Kill one of this kind when ``refs`` were made; none: at once after the last."""

    kind: Kind
    refs: int | None


def strikes(weights: dict[Kind, int], refs: int, chance: random.Random) -> Iterator[Strike]:
    """Deal so many kills of each kind all over the making of ``refs``; one in three at once after the one before."""
    kinds: list[Kind] = [kind for kind, weight in weights.items() for _ in range(weight)]
    chance.shuffle(kinds)
    for number, kind in enumerate(kinds):
        at_once = number > 0 and chance.random() < 1 / 3
        yield Strike(kind, None if at_once else int(refs * (number + chance.random()) / len(kinds)))


class Hunter:
    """Kills, begins daemons anew, and remembers whom it killed, and in which times daemons became ready."""

    def __init__(self, wantd: Wantd, chance: random.Random) -> None:
        self.victims: list[Victim] = []
        self.ready_s: list[float] = []
        self._wantd = wantd
        self._chance = chance
        self._notes = Notes(wantd.folder)
        self._read = 0
        self._running: dict[str, Note] = {}
        self._life: Life | None = None

    @property
    def daemon(self) -> int | None:
        """The pid of the daemon, once it has become ready."""
        life = self._life
        return None if life is None else life.process.pid

    def hunt(self, strikes: Iterator[Strike]) -> None:
        """Strike at each of these moments."""
        for kind, refs in strikes:
            if refs is not None:
                life = self.stand()
                self._wait(life, refs)
                self.strike(kind)
            elif kind == "daemon" and self._life is None:
                self._strike_recovering()
            else:
                self.strike(kind)

    def stand(self) -> Life:
        """See that a daemon runs; where none did, wait until a new one says that it is ready."""
        if self._life is None:
            began = time.monotonic()
            life = self._wantd.begin("serve")
            wait_until(lambda: life.must_live() and is_ready(self._wantd.state), "the daemon is ready")
            self.ready_s.append(time.monotonic() - began)
            self._life = life
        return self._life

    def strike(self, kind: Kind) -> None:
        """Kill one of a kind, as soon as there is one."""
        if kind == "daemon":
            self._kill_daemon(self.stand())
            return
        while not self._strike_some(kind):
            self.stand().must_live()
            time.sleep(0.005)

    def _strike_recovering(self) -> None:
        life = self._wantd.begin("serve")
        life.wait_for_lock()
        time.sleep(self._chance.uniform(0, _RECOVERY_S))
        self._kill_daemon(life)

    def _kill_daemon(self, life: Life) -> None:
        self.victims.append(Victim("daemon", life.process.pid, time.monotonic()))
        life.kill()
        self._life = None

    def _strike_some(self, kind: Kind) -> bool:
        candidates = self._candidates(kind)
        if not candidates:
            return False
        victim = Victim(kind, self._chance.choice(candidates), time.monotonic())
        killed = prey.kill(victim.pid, self._wantd.folder)
        self.victims.extend([victim] if killed else [])
        return killed

    def _candidates(self, kind: Kind) -> list[int]:
        match kind:
            case "keeper":
                return prey.keepers(self._wantd.state)
            case "worker":
                return prey.at_work(self._wantd.folder, prey.WORKER)
            case _:
                return self._jobs_at_work()

    def _jobs_at_work(self) -> list[int]:
        """The processes that have noted a start and no end."""
        self._notes.refresh()
        new, self._read = self._notes.all[self._read :], len(self._notes.all)
        for note in new:
            if note.what == "start":
                self._running[note.run] = note
            else:
                self._running.pop(note.run, None)
        folder = self._wantd.folder
        self._running = {run: note for run, note in self._running.items() if prey.works_in(note.pid, folder)}
        return [note.pid for note in self._running.values() if "process/" in note.refs[0]]

    def _wait(self, life: Life, refs: int) -> None:
        wait_until(lambda: life.must_live() and self._notes.progress() >= refs, f"{refs} refs are made")


def is_ready(state: Path) -> bool:
    """Ask /readyz."""
    connection = http.client.HTTPConnection("wantd", timeout=_ASK_AGAIN_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(_ASK_AGAIN_S)
    try:
        with suppress(OSError, http.client.HTTPException):
            with address_of(state / "socket") as address:
                connection.sock.connect(address)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
    finally:
        connection.close()
    return False
