"""Identifiers, moments, and where new identifiers come from.

An id is minted once, by the loop, and says nothing but who it is: ``r3k9f2-17`` is the 17th id that the daemon
start ``3k9f2`` handed out, for a JobRun. The part before the dash is drawn anew at each start, so an id that was
handed out and lost with an uncommitted batch, or by recovering an older log, is never handed out again.

Source: design section 3, law 6 (ids come in by parameter); reference on reliability, section 3 (never reuse an id).
"""

from typing import NewType

WantId = NewType("WantId", str)
InstanceId = NewType("InstanceId", str)
RunId = NewType("RunId", str)

Timestamp = NewType("Timestamp", int)
"""Microseconds since the Unix epoch, UTC."""

SECOND_US = 1_000_000

LOCAL = "local"
"""The environment that exists before anyone deploys."""


class Ids:
    """Mints the ids of one daemon start. ``salt`` must differ between any two starts on one state directory."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self._minted = 0
        self._events = 0

    def want(self) -> WantId:
        return WantId(self._mint("w"))

    def instance(self) -> InstanceId:
        return InstanceId(self._mint("p"))

    def run(self) -> RunId:
        return RunId(self._mint("r"))

    def event(self) -> str:
        """An event id. Those of one start grow as text grows, so that the log's index grows at its end."""
        self._events += 1
        return f"e{self._salt}-{self._events:08x}"

    def _mint(self, kind: str) -> str:
        self._minted += 1
        return f"{kind}{self._salt}-{self._minted}"
