"""Somebody who asks for refs, whoever is killed meanwhile: again with the same key, until it is answered.

Asks ahead of what is made, but not far, so that wants are created during the whole hunt.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from orchestrator.api.client import HttpDoor
from orchestrator.api.door import DoorError
from orchestrator.views.shapes import WantFilter, WantStateName, Wish
from tests.acceptance.commands import Wantd
from tests.acceptance.crowding import is_hopeless
from tests.acceptance.notes import Notes

REFS_A_WANT = 10
_AHEAD = 80
_PAUSE_S = 0.05
_UNANSWERED = ("no_daemon", "no_answer")
_OPEN: tuple[WantStateName, ...] = ("Idle", "Building", "UpstreamBuilding", "Paused")


class Asker:
    """Asks for all refs, ten a want, from a thread of its own, which ends with the context at the latest."""

    def __init__(self, wantd: Wantd, refs: Sequence[str]) -> None:
        self.answered: dict[str, str] = {}
        self._door = HttpDoor(wantd.state / "socket")
        self._notes = Notes(wantd.folder)
        self._refs = refs
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask_all, name="asker")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def is_served(self) -> bool:
        """Tell if everything was asked for, and every want is closed."""
        return not self._thread.is_alive() and not asyncio.run(self._door.wants(WantFilter(states=_OPEN, limit=1)))

    def _ask_all(self) -> None:
        hopeful = 0
        for number, refs in enumerate(_batches(self._refs)):
            while hopeful > self._notes.progress() + _AHEAD and not self._over.wait(_PAUSE_S):
                pass
            hopeful += sum(not is_hopeless(ref) for ref in refs)
            key = f"want {number}"
            while key not in self.answered and not self._over.is_set():
                self._ask(key, refs)

    def _ask(self, key: str, refs: tuple[str, ...]) -> None:
        try:
            self.answered[key] = asyncio.run(self._door.create_want(Wish(refs, idempotency_key=key))).id
        except DoorError as error:
            if error.code not in _UNANSWERED:
                raise
            time.sleep(_PAUSE_S)


def _batches(refs: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(refs[start : start + REFS_A_WANT]) for start in range(0, len(refs), REFS_A_WANT))
