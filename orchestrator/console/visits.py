"""A visit: one request for a page, by somebody who is logged in, about the present or a past moment.

It knows the way to the door, and how to write links: each keeps the moment, so that whoever walks through the past
stays there until he says otherwise.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from orchestrator.api.access import RIGHTS, Right
from orchestrator.api.local import LocalDoor
from orchestrator.api.reads import Reads
from orchestrator.api.refusals import refusal
from orchestrator.console.recent import Recent
from orchestrator.console.sessions import Session
from orchestrator.views.shapes import JobRunFilter, Moment
from statemachines.world import World

BASE = "/console"
FAILURES_MARKED = 40

T = TypeVar("T")

Param = str | int | tuple[str, ...] | list[str] | None


class Asking(msgspec.Struct, frozen=True):
    """What was asked for: the page's path below BASE, the parts that vary of it, and the parameters."""

    path: str
    parts: Mapping[str, str]
    params: Mapping[str, list[str]]


class Visit:
    """One visit. ``head`` is where the log ends now; ``moment`` the past moment that is shown, None for the present."""

    def __init__(self, asking: Asking, session: Session, door: LocalDoor, head: int, recent: Recent) -> None:
        self.asking = asking
        self.recent = recent
        self.session = session
        self.door = door
        self.reads: Reads = door
        self.head = head
        self.moment: Moment | None = None
        self.failures: tuple[int, ...] = ()
        """Where in the log the newest JobRuns failed, for the marks at the slider."""
        self.now = datetime.now(UTC).isoformat()

    async def look_for_failures(self) -> None:
        """Note where JobRuns failed lately, whatever moment is shown."""
        chosen = JobRunFilter(states=("Failed", "Lost"), order="newest", limit=FAILURES_MARKED)
        self.failures = tuple(run.seq for run in await self.door.jobruns(chosen))

    async def look_back(self, at: str) -> None:
        """Show how everything stood at a moment. Raises DoorError."""
        past = await self.door.at(at)
        self.reads, self.moment = past, past.moment
        self.now = past.moment.at_time or self.now

    @property
    def upto(self) -> int:
        """The last entry that the page knows of."""
        return self.head if self.moment is None else self.moment.at_seq

    @property
    def section(self) -> str:
        """The page of the navigation below which this page stands."""
        first = f"/{self.asking.path.split('/')[1]}"
        return "/partitions" if first == "/partition" else first

    async def world(self) -> World:
        """All entities as of the moment. Look at it before the next await."""
        return (await self.reads.board()).world

    def may(self, right: Right) -> bool:
        """Whether who looks may do such things."""
        return right in RIGHTS[self.session.caller.role]

    # -- what was asked -------------------------------------------------------------------------------------------

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.asking.parts[name]

    def text(self, name: str, default: str = "") -> str:
        """A parameter; the last one counts."""
        return self.asking.params.get(name, [default])[-1]

    def texts(self, name: str) -> tuple[str, ...]:
        """All that was given for a parameter, without what is empty."""
        return tuple(text for text in self.asking.params.get(name, []) if text)

    def states(self, kind: type[T]) -> T:
        """The states that a list is narrowed to. Raises DoorError."""
        try:
            return msgspec.convert(self.texts("state"), kind)
        except msgspec.ValidationError as error:
            raise refusal("bad_request", f"there is no such state: {error}", "choose one that the page shows") from None

    def number(self, name: str, default: int) -> int:
        """A parameter that is a number. Raises DoorError."""
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise refusal("bad_request", f"{name} is {text[:40]!r}", "write a number")
        return int(text)

    # -- links ----------------------------------------------------------------------------------------------------

    def link(self, path: str, **params: Param) -> str:
        """The address of a page at the moment that is shown; ``at=None`` leads to the present."""
        if self.moment is not None:
            params = {"at": self.moment.at_seq, **params}
        return link_to(path, params)

    def here(self, **params: Param) -> str:
        """The address of this page with some parameters changed; None takes one away."""
        given: dict[str, Param] = {name: tuple(texts) for name, texts in self.asking.params.items()}
        return link_to(self.asking.path, {**given, **params})


def link_to(path: str, params: Mapping[str, Param]) -> str:
    """The address of a page. Parameters that are None or empty are left out."""
    pairs = [(name, text) for name, value in params.items() for text in _texts(value)]
    return f"{BASE}{path}" + (f"?{urlencode(pairs)}" if pairs else "")


def _texts(value: Param) -> list[str]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str) else [str(value)] if isinstance(value, int) else list(value)
