"""CloudEvents: the log in an envelope that the official package takes, over both doors to it."""

from __future__ import annotations

import json
from contextlib import aclosing
from datetime import datetime
from pathlib import Path

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from msgspec.json import decode, encode

from orchestrator.api.local import LocalDoor
from orchestrator.views.shapes import EntryFilter, EntryView, Wish
from tests.api.tcp import listening
from tests.api.test_streams import heard


@pytest.mark.asyncio
async def test_every_entry_is_a_cloudevent_and_says_the_same(tmp_path: Path) -> None:
    """Broken: who reads CloudEvents refuses ours, sees something else, or in another order, or two with one id."""
    async with listening(tmp_path) as listener:
        door = LocalDoor(listener.engine, "cli:test")
        for refs in (("top/1..5",), ("bad/1",)):
            await door.wait_want((await door.create_want(Wish(refs))).id, 20)
        entries = decode(encode(await door.entries(EntryFilter())), type=list[EntryView])
        answer = await listener.ask("read", "GET", "/api/v1/cloudevents?limit=1000")
        page = json.loads(answer.body)["items"]
        async with aclosing(heard(listener, "/api/v1/cloudevents/stream?after=3")) as events:
            streamed = [await anext(events) for _ in entries[3:]]
        async with aclosing(heard(listener, "/api/v1/cloudevents/stream?kind=WantFailed", 1)) as events:
            failed = await anext(events)
    assert [event.data for event in streamed] == page[3:]
    assert [(event.id, event.kind) for event in streamed] == [(entry.seq, entry.kind) for entry in entries[3:]]
    assert failed.data["type"] == "io.wantd.WantFailed.v1"
    taken = [JSONFormat().read(CloudEvent, json.dumps(item)) for item in page]
    assert len({(event.get_source(), event.get_id()) for event in taken}) == len(entries) == len(page)
    assert sorted(taken, key=lambda event: str(event.get_extension("sequence"))) == taken
    for entry, event in zip(entries, taken, strict=True):
        assert event.get_type() == f"io.wantd.{entry.kind}.v1"
        assert (event.get_id(), event.get_source()) == (entry.event_id, "urn:wantd:small")
        assert (event.get_subject(), event.get_data()) == (entry.entity, entry.event)
        assert event.get_time() == datetime.fromisoformat(entry.at)
        assert int(str(event.get_extension("sequence"))) == entry.seq
        assert (event.get_extension("want") or "") == entry.want


@pytest.mark.asyncio
async def test_cloudevents_come_in_pages_and_as_of_a_moment(tmp_path: Path) -> None:
    """Broken: who asks page by page misses some, or the past shows the present."""
    async with listening(tmp_path) as listener:
        door = LocalDoor(listener.engine, "cli:test")
        await door.wait_want((await door.create_want(Wish(("top/1..5",)))).id, 20)
        head = (await door.status()).seq
        seen: list[int] = []
        after: str | None = "0"
        while after is not None:
            body = json.loads((await listener.ask("read", "GET", f"/api/v1/cloudevents?limit=7&after={after}")).body)
            seen += [int(item["sequence"]) for item in body["items"]]
            after = body["next"]
        then = json.loads((await listener.ask("read", "GET", "/api/v1/cloudevents?at=1")).body)
    assert seen == list(range(1, head + 1))
    assert len(then["items"]) == then["at_seq"] < head
