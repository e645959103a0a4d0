"""A command about what somebody saw is not carried out on what it has become."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.api.local import LocalDoor
from orchestrator.views.shapes import JobRunFilter, Wish
from tests.api.tcp import listening

HELD = [("cancel", {"reason": "x"}), ("pause", {"reason": "x"}), ("resume", None), ("retry", None)]


@pytest.mark.asyncio
async def test_a_want_that_changed_is_left_as_it_is(tmp_path: Path) -> None:
    """Broken: a button that was pressed on an old page cancels what somebody has just resumed."""
    async with listening(tmp_path) as listener:
        door = LocalDoor(listener.engine, "cli:test")
        want = await door.create_want(Wish(("inside",)))
        seen = await listener.ask("read", "GET", f"/api/v1/wants/{want.id}")
        assert seen.headers["etag"] == f'"{json.loads(seen.body)["want"]["seq"]}"'
        await door.pause_want(want.id)
        paused = await door.want(want.id)
        for verb, body in HELD:
            target = f"/api/v1/wants/{want.id}/{verb}"
            answer = await listener.ask("operate", "POST", target, body, If_Match=seen.headers["etag"])
            assert (answer.status, answer.code) == (412, "changed_meanwhile"), verb
            answer = await listener.ask("operate", "POST", target, body, If_Match="yesterday")
            assert (answer.status, answer.code) == (400, "bad_request"), verb
        assert await door.want(want.id) == paused
        target = f"/api/v1/wants/{want.id}/resume"
        resumed = await listener.ask("operate", "POST", target, If_Match=f'"{paused.want.seq}"')
        assert resumed.status == 200
        assert resumed.headers["etag"] == f'"{(await door.want(want.id)).want.seq}"'
        canceled = await listener.ask("operate", "POST", f"/api/v1/wants/{want.id}/cancel", {}, If_Match="*")
        assert canceled.status == 200


@pytest.mark.asyncio
async def test_so_is_a_jobrun_and_a_partition_has_a_weak_tag(tmp_path: Path) -> None:
    """Broken: a JobRun is stopped for what it did earlier, or a look at a partition cannot be told from another."""
    async with listening(tmp_path) as listener:
        door = LocalDoor(listener.engine, "cli:test")
        await door.create_want(Wish(("slow",)))
        (run,) = await door.jobruns(JobRunFilter(job="slow"))
        while (seen := await door.jobrun(run.id)).state != "Running":
            await door.next_entries(seen.run.seq, 0.05)
        target = f"/api/v1/jobruns/{run.id}/cancel"
        assert (await listener.ask("operate", "POST", target, {}, If_Match='"1"')).status == 412
        shown = await listener.ask("read", "GET", f"/api/v1/jobruns/{run.id}")
        assert (await listener.ask("operate", "POST", target, {}, If_Match=shown.headers["etag"])).status == 200
        assert (await listener.ask("read", "GET", "/api/v1/partition?ref=slow")).headers["etag"].startswith('W/"')
