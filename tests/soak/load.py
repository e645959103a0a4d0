"""A steady load: the same refs are tainted and wanted again and again, at a rate, whoever is killed meanwhile.

A round taints ten processes with the workers made from them, and wants these workers: twenty JobRuns. Rounds that could
not begin in time are caught up with, but never so that much more than some seconds' work is open.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

from orchestrator.api.client import HttpDoor
from orchestrator.api.door import DoorError
from orchestrator.views.shapes import WantFilter, WantStateName, Wish
from tests.acceptance.commands import Wantd
from tests.acceptance.notes import Notes

PAIRS = 300
"""Pairs of a process and the worker that reads it."""
PAIRS_A_ROUND = 10
_OPEN_MAX = 100
_PAUSE_S = 0.02
_UNANSWERED = ("no_daemon", "no_answer")
_OPEN: tuple[WantStateName, ...] = ("Idle", "Building", "UpstreamBuilding", "Paused")

Step = Callable[[], Awaitable[object]]


class Load:
    """Asks from a thread of its own until it is told to stop."""

    def __init__(self, wantd: Wantd, refs_a_second: float) -> None:
        self.asked = 0
        self.made = 0
        self._door = HttpDoor(wantd.state / "socket")
        self._notes = Notes(wantd.folder)
        self._round_s = 2 * PAIRS_A_ROUND / refs_a_second
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name="load")

    def begin(self) -> None:
        """Ask for everything once, then round after round."""
        self._thread.start()

    def end(self) -> None:
        """Ask for nothing more."""
        self._over.set()
        self._thread.join()

    def is_served(self) -> bool:
        """Tell if every want is closed."""
        return not asyncio.run(self._door.wants(WantFilter(states=_OPEN, limit=1)))

    def _ask_on(self) -> None:
        everything = Wish(tuple(f"worker/{n}" for n in range(PAIRS)), idempotency_key="everything")
        self._ask(lambda: self._door.create_want(everything))
        self.asked = 2 * PAIRS
        while not self._is_open_below(1) and not self._over.is_set():
            self._over.wait(_PAUSE_S)
        due, number = time.monotonic(), 0
        while not self._over.is_set():
            if time.monotonic() >= due and self._is_open_below(_OPEN_MAX):
                self._ask_round(number)
                due, number = due + self._round_s, number + 1
            self._over.wait(_PAUSE_S)

    def _is_open_below(self, limit: int) -> bool:
        self.made += sum(note.what == "end" for note in self._notes.refresh())
        return self.asked - self.made < limit

    def _ask_round(self, number: int) -> None:
        first = number * PAIRS_A_ROUND % PAIRS
        pairs, key = range(first, first + PAIRS_A_ROUND), f"round {number}"
        wish = Wish(tuple(f"worker/{n}" for n in pairs), idempotency_key=key)
        self._ask(lambda: self._door.taint(tuple(f"process/{n}" for n in pairs), key, downstream=True))
        self._ask(lambda: self._door.create_want(wish))
        self.asked += 2 * PAIRS_A_ROUND

    def _ask(self, step: Step) -> None:
        """Ask until it is answered."""
        while not self._over.is_set():
            try:
                asyncio.run(_awaited(step))
            except DoorError as error:
                if error.code not in _UNANSWERED:
                    raise
                self._over.wait(_PAUSE_S)
            else:
                return


async def _awaited(step: Step) -> object:
    return await step()
