"""The same action by the command line, the API, the client and the console gives the same entries of the log.

Times, ids and actors aside, whole entries are compared: kinds, entities, payloads, causes, in their order. What has to
be done this way is told by the table of operations, so that a new command without a scene fails here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from itertools import count

import msgspec
import pytest
import pytest_asyncio

from orchestrator.api.operations import OPERATIONS
from orchestrator.api.table import Header, Operation
from orchestrator.console.actions import DEEDS
from tests.parity.deeds import BY_NAME, CALLS, WAYS, WORDS, Deed
from tests.parity.house import House, parity_house
from tests.parity.scenes import SCENES, Scene
from tests.parity.telling import Told, turn_after

COMMANDS = {operation.name for operation in OPERATIONS if operation.method == "POST" and operation.right == "operate"}

NOT_SAID = {"environment", "source"}
"""There is one environment; and where a want comes from, each door says by itself."""

_numbers = count(1_001)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    async with parity_house(tmp_path_factory.mktemp("parity")) as found:
        yield found


async def played(house: House, scene: Scene, name: str) -> tuple[Deed, list[Told]]:
    """Play a scene through one door, and tell the turn in which it was done."""
    n, way = next(_numbers), WAYS[name]
    deed = await scene.before(house, n)
    before = await house.settled()
    await way.do(house, deed)
    turn = await turn_after(house, before, n, way)
    await house.settled()
    return deed, turn


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name.replace(" ", "_"))
async def test_every_door_does_the_same(house: House, scene: Scene) -> None:
    """Broken: what somebody did depends on where he did it."""
    _, first = await played(house, scene, scene.ways[0])
    kinds = [told.kind for told in first]
    for kind in set(scene.follows):
        assert kinds.count(kind) >= scene.follows.count(kind), kinds
    assert first[0].actor == "SOMEBODY"
    for name in scene.ways[1:]:
        _, turn = await played(house, scene, name)
        assert turn == first, name


@pytest.mark.asyncio(loop_scope="module")
async def test_every_command_has_a_scene_in_which_everything_is_said(house: House) -> None:
    """Broken: a command was added, or something that can be said with one, and nobody holds the doors to it."""
    said: dict[str, set[str]] = {}
    for scene in SCENES:
        deed = await scene.before(house, next(_numbers))
        said.setdefault(deed.operation, set()).update(deed.body, {"If-Match"} if deed.seen is not None else ())
    assert said.keys() == COMMANDS
    for name in COMMANDS:
        assert said[name] == fields_of(BY_NAME[name]), name


def fields_of(operation: Operation) -> set[str]:
    """Everything that can be said with a command."""
    assert operation.body is not None, "every command has a body, if nothing is in it"
    fields = {field.name for field in msgspec.structs.fields(operation.body.shape)} - NOT_SAID
    headers = {one.name for one in operation.arguments.values() if isinstance(one, Header)} - {"Idempotency-Key"}
    return fields | headers


def test_every_door_knows_every_command() -> None:
    """Broken: something can be done through one door only."""
    paths = {BY_NAME[name].path.removeprefix("/api/v1") for name in COMMANDS}
    assert set(CALLS) == set(WORDS) == COMMANDS
    assert set(DEEDS) == paths
