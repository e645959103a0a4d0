"""A want that is to be made: what is asked for, and what it would do."""

import msgspec

from orchestrator.api.door import DoorError
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import Plan


class NewWant(msgspec.Struct, frozen=True):
    """A form, filled in or not. ``plan`` says what the want would do, ``refused`` why it cannot be made."""

    refs: tuple[str, ...]
    plan: Plan | None
    refused: DoorError | None


async def new_want(visit: Visit) -> NewWant:
    """Take the form, with a plan where refs are named already."""
    refs = tuple(word for text in visit.texts("refs") for word in text.split())
    if not refs:
        return NewWant(refs, None, None)
    try:
        return NewWant(refs, await visit.reads.plan(refs), None)
    except DoorError as error:
        return NewWant(refs, None, error)
