"""The newest entries of the log, newest first, looked for in windows from the end: never the whole log.

What happened to one entity lies close together in the log, so looking back from its newest entry finds it soon.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from orchestrator.console.visits import Visit
from orchestrator.views.shapes import EntryFilter, EntryView, FailureView
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.traits import head_of
from statemachines.world import World

WINDOW = 2_000
WINDOWS_MAX = 2

_FIRST = frozenset({"WantCreated", "JobRunQueued", "PartitionBuilding"})
"""Nothing is told of an entity before one of these. A JobRun that was Buffering has one more, shortly before."""


class Happening(msgspec.Struct, frozen=True):
    """An entry, and what its entity is about: a ref, or the job of a JobRun; empty where that is gone."""

    entry: EntryView
    about: str
    said: str


class Happenings(NamedTuple):
    """Entries, newest first. ``older`` is the seq before which to go on; None where there is nothing more."""

    items: list[Happening]
    older: int | None


async def happenings(visit: Visit, *, before: int, kind: str = "", entity: str = "", limit: int = 50) -> Happenings:
    """The newest entries before a seq, of one kind, about one entity or belonging to it."""
    found: list[EntryView] = []
    upto = min(before - 1, visit.upto)
    for _ in range(WINDOWS_MAX):
        if upto <= 0 or len(found) > limit:
            break
        after = max(0, upto - (WINDOW if kind or entity else limit + 1))
        found.extend(reversed(await _window(visit, EntryFilter(after=after, upto=upto, kind=kind, entity=entity))))
        upto = after
    world = await visit.world()
    items = [_happening(world, entry) for entry in found[:limit]]
    if len(found) > limit:
        return Happenings(items, found[limit - 1].seq)
    return Happenings(items, upto + 1 if upto > 0 else None)


async def life(visit: Visit, entity: str, newest_seq: int) -> list[Happening]:
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
    world = await visit.world()
    return [_happening(world, entry) for entry in found]


async def _window(visit: Visit, chosen: EntryFilter) -> Sequence[EntryView]:
    if chosen.kind or chosen.entity or chosen.upto is None:
        return await visit.reads.entries(chosen)
    return await visit.recent.entries.between(visit.reads, chosen.after, chosen.upto)


def _happening(world: World, entry: EntryView) -> Happening:
    return Happening(entry, _about(world, entry.entity), _said(entry))


def _about(world: World, entity: str) -> str:
    """The ref or the job of an entity; it is as old as its entry, so it is there."""
    if (instance := world.partitions.get(InstanceId(entity))) is not None:
        return instance.spec.ref
    if (run := world.runs.get(RunId(entity))) is not None:
        return head_of(run).job
    if (want := world.wants.get(WantId(entity))) is not None:
        return want.spec.patterns[0] if want.spec.patterns else want.spec.refs[0]
    return ""


class _Told(msgspec.Struct, frozen=True):
    """What of the payload of an entry is for people."""

    reason: str = ""
    failure: FailureView | None = None
    missing: tuple[str, ...] = ()


def _said(entry: EntryView) -> str:
    """What an entry says beside who, when and which: why, what failed, what was missing."""
    told = msgspec.convert(entry.event, _Told)
    failed = "" if told.failure is None else f"{told.failure.kind}: {told.failure.reason}"
    missing = f"missing {', '.join(told.missing[:3])}" if told.missing else ""
    return "; ".join(text for text in (told.reason, failed, missing) if text)
