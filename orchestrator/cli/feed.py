"""The JobRuns of a want, as they end, read from the entries that belong to it."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from orchestrator.views.shapes import EntryFilter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.api.door import Door
    from orchestrator.views.shapes import EntryView

HOW = {"Succeeded": "built", "DepMiss": "waits for", "Failed": "failed", "Lost": "was lost", "Canceled": "canceled"}
MISSING_SHOWN = 5


class _Spec(msgspec.Struct):
    job: str
    outputs: list[tuple[str, str]]


class _Queued(msgspec.Struct):
    """What is read of the payload of JobRunQueued."""

    spec: _Spec


class _Failure(msgspec.Struct):
    kind: str
    reason: str


class _Ended(msgspec.Struct):
    """What is read of the payload of an entry that ends a JobRun."""

    failure: _Failure | None = None
    missing: list[str] = []
    reason: str = ""


class Ended(NamedTuple):
    """A JobRun of the want that has ended."""

    run: str
    job: str
    outputs: tuple[str, ...]
    how: str
    seconds: float
    why: str

    @property
    def is_bad(self) -> bool:
        return self.how in {"Failed", "Lost"}


class Feed:
    """Follows the entries that belong to a want, and gives the JobRuns that have ended since the last look."""

    def __init__(self, door: "Door", want: str, after: int) -> None:
        self._door = door
        self._want = want
        self._after = after
        self._queued: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._launched: dict[str, str] = {}
        self.ended = 0
        self.bad = 0

    async def news(self) -> list[Ended]:
        """Read what is new."""
        head = (await self._door.status()).seq
        if head == self._after:
            return []
        entries = await self._door.entries(EntryFilter(after=self._after, upto=head, entity=self._want))
        self._after = head
        found = list(self._read(entries))
        self.ended += len(found)
        self.bad += sum(one.is_bad for one in found)
        return found

    def _read(self, entries: "tuple[EntryView, ...]") -> "Iterator[Ended]":
        for entry in entries:
            match entry.kind.removeprefix("JobRun"):
                case "Queued":
                    self._queued[entry.entity] = _queued(entry.event)
                case "Launching":
                    self._launched[entry.entity] = entry.at
                case "Succeeded" | "Failed" | "Lost" | "DepMiss" | "Canceled" as how if entry.entity in self._queued:
                    job, outputs = self._queued.pop(entry.entity)
                    begun = self._launched.pop(entry.entity, entry.at)
                    yield Ended(entry.entity, job, outputs, how, seconds_between(begun, entry.at), _why(entry.event))
                case _:
                    pass


def told(run: Ended) -> str:
    """One line about a JobRun that has ended."""
    more = len(run.outputs) - 1
    what = run.outputs[0] if more < 1 else f"{run.outputs[0]} and {more} more"
    words = {
        "Succeeded": "built",
        "DepMiss": "waits for",
        "Failed": "failed",
        "Lost": "was lost",
        "Canceled": "canceled",
    }
    return f"{run.job:<12} {what}  {words[run.how]}{f' {run.why}' if run.why else ''} ({run.seconds:.1f} s, {run.run})"


def seconds_between(begin: str, end: str) -> float:
    """The time between two moments of the log."""
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())


def _queued(event: "Mapping[str, object]") -> tuple[str, tuple[str, ...]]:
    spec = msgspec.convert(event, _Queued).spec
    return spec.job, tuple(ref for ref, _ in spec.outputs)


def _why(event: "Mapping[str, object]") -> str:
    ended = msgspec.convert(event, _Ended)
    if ended.failure is not None:
        return f"({ended.failure.kind}): {ended.failure.reason}"
    if ended.missing:
        more = len(ended.missing) - MISSING_SHOWN
        return " ".join(ended.missing[:MISSING_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return ended.reason
