"""A want can be bound to a plan: it does what was shown, or it is not made."""

from pathlib import Path

import pytest

from orchestrator.api.door import DoorError
from orchestrator.views.shapes import WantFilter, Wish
from tests.api.rigs import KINDS, open_door

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("kind", KINDS)]


async def test_a_want_does_what_its_plan_said_or_is_refused(kind: str, tmp_path: Path) -> None:
    """Broken: somebody agrees to one piece of work, and another is done."""
    async with open_door(kind, tmp_path) as door:
        early = await door.plan(("top/1",))
        want = await door.create_want(Wish(("top/1",), plan=early.digest, idempotency_key="k"))
        assert (await door.wait_want(want.id, 20)).state == "Successful"
        assert (await door.create_want(Wish(("top/1",), plan=early.digest, idempotency_key="k"))).id == want.id
        await door.taint(("raw/1",), "bad")
        for stale in (early.digest, "lunch"):
            with pytest.raises(DoorError) as refused:
                await door.create_want(Wish(("top/1",), plan=stale))
            assert (refused.value.code, refused.value.exit_code) == ("stale_plan", 1)
        assert len(await door.wants(WantFilter())) == 1
        late = await door.plan(("top/1",))
        again = await door.create_want(Wish(("top/1",), plan=late.digest))
        assert (await door.wait_want(again.id, 20)).state == "Successful"


async def test_what_does_not_matter_makes_no_plan_stale(kind: str, tmp_path: Path) -> None:
    """Broken: a plan is stale as soon as anything happens anywhere."""
    async with open_door(kind, tmp_path) as door:
        found = await door.plan(("top/1", "raw/2"))
        await door.wait_want((await door.create_want(Wish(("raw/7",)))).id, 20)
        want = await door.create_want(Wish(("top/1", "raw/2"), plan=found.digest))
        assert (await door.wait_want(want.id, 20)).state == "Successful"
