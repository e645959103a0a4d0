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
UNMADE = ("PartitionFailed", "PartitionUpForRetry")
"""What becomes of an output that was not made; in the log it stands in one batch with the end of the JobRun."""
MISSING_SHOWN = 5


class _Spec(msgspec.Struct):
    job: str
    outputs: list[tuple[str, str]]


class _Queued(msgspec.Struct):
    """What is read of the payload of JobRunQueued."""

    spec: _Spec


class _Failure(msgspec.Struct):
    kind: str = ""
    reason: str = ""


class _Unmade(msgspec.Struct):
    """What is read of the payload of PartitionFailed and PartitionUpForRetry. Moments are microseconds since 1970."""

    at: int
    failure: _Failure | None = None
    after: _Failure | None = None
    not_before: int = 0


class _Ended(msgspec.Struct):
    """What is read of the payload of an entry that ends a JobRun."""

    failure: _Failure | None = None
    missing: list[str] = []
    reason: str = ""


class Ended(NamedTuple):
    """A JobRun of the want that has ended. ``unmade`` are outputs that failed though it succeeded: ref and reason."""

    run: str
    job: str
    outputs: tuple[str, ...]
    how: str
    seconds: float
    why: str
    unmade: tuple[tuple[str, str], ...]
    again_in_s: float | None

    @property
    def is_bad(self) -> bool:
        """It came to nothing."""
        return self.how in {"Failed", "Lost"}

    @property
    def is_news(self) -> bool:
        """It is worth a line even where the rest is only counted."""
        return self.is_bad or bool(self.unmade)


class Feed:
    """Follows the entries that belong to a want, and gives the JobRuns that have ended since the last look."""

    def __init__(self, door: "Door", want: str, after: int) -> None:
        self._door = door
        self._want = want
        self._after = after
        self._queued: dict[str, _Spec] = {}
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
        unmade = {entry.entity: entry for entry in entries if entry.kind in UNMADE}
        for entry in entries:
            match entry.kind.removeprefix("JobRun"):
                case "Queued":
                    self._queued[entry.entity] = msgspec.convert(entry.event, _Queued).spec
                case "Launching":
                    self._launched[entry.entity] = entry.at
                case "Succeeded" | "Failed" | "Lost" | "DepMiss" | "Canceled" as how if entry.entity in self._queued:
                    spec, begun = self._queued.pop(entry.entity), self._launched.pop(entry.entity, entry.at)
                    yield _ended(entry, how, spec, seconds_between(begun, entry.at), unmade)
                case _:
                    pass


def told(run: Ended) -> str:
    """One line about a JobRun that has ended."""
    more = len(run.outputs) - 1
    what = run.outputs[0] if more < 1 else f"{run.outputs[0]} and {more} more"
    return f"{run.job:<12} {what}  {HOW[run.how]}{''.join(_more(run))} ({run.seconds:.1f} s, {run.run})"


def _more(run: Ended) -> "Iterator[str]":
    if run.why:
        yield f" {run.why}"
    if run.unmade:
        ref, reason = run.unmade[0]
        more = len(run.unmade) - 1
        yield f" but for {ref}{f' and {more} more' if more else ''}: {reason}"
    if run.again_in_s is not None:
        yield f"; next try in {run.again_in_s:.0f} s"


def seconds_between(begin: str, end: str) -> float:
    """The time between two moments of the log."""
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())


def _ended(entry: "EntryView", how: str, spec: _Spec, seconds: float, unmade: "Mapping[str, EntryView]") -> Ended:
    fates = {} if how == "DepMiss" else {ref: unmade[one].event for ref, one in spec.outputs if one in unmade}
    found = {ref: msgspec.convert(event, _Unmade) for ref, event in fates.items()}
    waits = [(fate.not_before - fate.at) / 1_000_000 for fate in found.values() if fate.not_before]
    failures = ((ref, fate.failure or fate.after) for ref, fate in found.items() if how == "Succeeded")
    return Ended(
        entry.entity,
        spec.job,
        tuple(ref for ref, _ in spec.outputs),
        how,
        seconds,
        _why(entry.event),
        tuple((ref, failure.reason) for ref, failure in failures if failure is not None),
        min(waits, default=None),
    )


def _why(event: "Mapping[str, object]") -> str:
    ended = msgspec.convert(event, _Ended)
    if ended.failure is not None:
        return f"({ended.failure.kind}): {ended.failure.reason}"
    if ended.missing:
        more = len(ended.missing) - MISSING_SHOWN
        return " ".join(ended.missing[:MISSING_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return ended.reason
