"""A text that is no ref goes no further than the door, whatever is asked about it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from orchestrator.api.door import Door, DoorError
from tests.api.rigs import KINDS, open_door

NO_REFS = ("../outside", "out side", "outside\x1b[2J", "out\nside", "-outside", "/outside", "out\\side", "o" * 2_000)

ASKED: dict[str, Callable[[Door, str], Awaitable[object]]] = {
    "report": lambda door, text: door.report(text, digest="1"),
    "why": lambda door, text: door.why(text),
    "graph": lambda door, text: door.graph(text),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_no_ref_is_refused_as_that(kind: str, tmp_path: Path) -> None:
    """Broken: a hostile text is taken for a name, and looked for in paths, patterns and terminals."""
    async with open_door(kind, tmp_path) as door:
        for what, ask in ASKED.items():
            for text in NO_REFS:
                with pytest.raises(DoorError) as refused:
                    await ask(door, text)
                assert refused.value.code == "bad_ref", (what, text, refused.value)
