"""What two moments differ in."""

import msgspec

from orchestrator.api.door import DoorError
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import Diff

CHANGES_SHOWN = 100


class DiffPage(msgspec.Struct, frozen=True):
    """A difference, or the form that asks for one. ``refused`` says why there is none."""

    begin: str
    end: str
    diff: Diff | None
    refused: DoorError | None
    shown: int = CHANGES_SHOWN


async def diff(visit: Visit) -> DiffPage:
    """Take the difference between two moments; without an end, up to the moment that is shown."""
    begin, end = visit.text("begin").strip(), visit.text("end").strip()
    if not begin:
        return DiffPage(begin, end, None, None)
    upto = end or (str(visit.upto) if visit.moment is not None else None)
    try:
        return DiffPage(begin, end, await visit.door.diff(begin, upto), None)
    except DoorError as error:
        return DiffPage(begin, end, None, error)
