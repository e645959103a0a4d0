"""The newest entries of the log, newest first, looked for in windows from the end: never the whole log.

What happened to one entity lies close together in the log, so looking back from its newest entry finds it soon.
"""

from typing import NamedTuple

from orchestrator.console.visits import Visit
from orchestrator.views.shapes import EntryFilter, EntryView

WINDOW = 2_000
WINDOWS_MAX = 5

_FIRST = frozenset({"WantCreated", "JobRunQueued", "PartitionBuilding"})
"""Nothing is told of an entity before one of these. A JobRun that was Buffering has one more, shortly before."""


class Happenings(NamedTuple):
    """Entries, newest first. ``older`` is the seq before which to go on; None where there is nothing more."""

    entries: list[EntryView]
    older: int | None


async def happenings(visit: Visit, *, before: int, kind: str = "", entity: str = "", limit: int = 50) -> Happenings:
    """The newest entries before a seq, of one kind, about one entity or belonging to it."""
    found: list[EntryView] = []
    upto = min(before - 1, visit.upto)
    for _ in range(WINDOWS_MAX):
        if upto <= 0 or len(found) > limit:
            break
        after = max(0, upto - (WINDOW if kind or entity else limit))
        window = await visit.reads.entries(EntryFilter(after=after, upto=upto, kind=kind, entity=entity))
        found.extend(reversed(window))
        upto = after
    if len(found) > limit:
        return Happenings(found[:limit], found[limit - 1].seq)
    return Happenings(found, upto + 1 if upto > 0 else None)


async def life(visit: Visit, entity: str, newest_seq: int) -> list[EntryView]:
    """What happened to one entity itself, newest first, as far back as it is near."""
    found: list[EntryView] = []
    upto = min(newest_seq, visit.upto)
    for _ in range(WINDOWS_MAX):
        after = max(0, upto - WINDOW)
        window = await visit.reads.entries(EntryFilter(after=after, upto=upto, entity=entity))
        found.extend(entry for entry in reversed(window) if entry.entity == entity)
        upto = after
        if upto == 0 or (found and found[-1].kind in _FIRST):
            break
    return found


def said(entry: EntryView) -> str:
    """What an entry says beside who, when and which: why, what failed, what was missing, what was asked for."""
    event = entry.event
    told = [str(event["reason"])] if event.get("reason") else []
    failure, missing = event.get("failure"), event.get("missing")
    if isinstance(failure, dict):
        told.append(f"{failure.get('kind')}: {failure.get('reason')}")
    if isinstance(missing, (list, tuple)):
        told.append(f"missing {', '.join(map(str, missing[:3]))}")
    return "; ".join(told)
