"""The log: every entry, newest first, of one kind or about one entity where that is asked."""

from collections.abc import Mapping
from typing import get_args

import msgspec

from orchestrator.console.happenings import Happening, happenings
from orchestrator.console.visits import Visit
from statemachines.events import AnyEvent

ENTRIES_SHOWN = 100

KINDS = tuple(sorted(kind.__name__ for kind in get_args(AnyEvent)))


class Log(msgspec.Struct, frozen=True):
    """A page of entries. ``older`` is the seq before which the next page begins."""

    kind: str
    entity: str
    kinds: tuple[str, ...]
    entries: list[Happening]
    older: int | None


async def log(visit: Visit) -> Log:
    """Take a page of entries. Raises DoorError."""
    kind, entity = visit.text("kind"), visit.text("entity").strip()
    before = visit.number("before", visit.upto + 1)
    found = await happenings(visit, before=before, kind=kind, entity=entity, limit=ENTRIES_SHOWN)
    return Log(kind, entity, KINDS, found.items, found.older)


def payload(event: Mapping[str, object]) -> str:
    """What an entry says beside what its row tells, as JSON."""
    rest = {name: value for name, value in event.items() if name not in {"at", "id", "event", "type", "kind"}}
    return msgspec.json.encode(rest).decode()
