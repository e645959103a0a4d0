"""What was shown is not read again."""

from __future__ import annotations

import pytest

from orchestrator.console import recent
from orchestrator.console.recent import Entries, Launches
from orchestrator.views.shapes import EntryFilter, EntryView, Wish
from tests.console.story import Harbour


@pytest.mark.asyncio
async def test_a_page_that_follows_the_log_reads_only_what_is_new(
    quiet: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: each look at the newest entries decodes all of them, also the want of a million refs."""
    door = quiet.door
    await door.wait_want((await door.create_want(Wish(("landed/daily/date=2013-05-01",)))).id, 60)
    head = (await door.status()).seq
    read: list[tuple[int, int | None]] = []
    entries = door.entries

    async def counting(chosen: EntryFilter) -> tuple[EntryView, ...]:
        read.append((chosen.after, chosen.upto))
        return await entries(chosen)

    monkeypatch.setattr(door, "entries", counting)
    shown = Entries()
    for upto in (head - 3, head - 3, head):
        found = await shown.between(door, head - 8, upto)
        assert [entry.seq for entry in found] == list(range(head - 7, upto + 1))
    assert read == [(head - 8, head - 3), (head - 3, head)]
    monkeypatch.setattr(recent, "KEPT", 2)
    await shown.between(door, 0, 1)
    assert len(shown._entries) == 2


@pytest.mark.asyncio
async def test_launches_are_looked_for_once(quiet: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: the page of a job reads thousands of entries again for each look, or forgets a launch."""
    door = quiet.door
    await door.wait_want((await door.create_want(Wish(("landed/daily/date=2013-05-01..2013-05-03",)))).id, 60)
    launched = {entry.entity: entry.seq for entry in await door.entries(EntryFilter(kind="JobRunLaunching"))}
    head = (await door.status()).seq
    for looked_at in (10_000, 3, 1):
        monkeypatch.setattr(recent, "LAUNCHES_LOOKED_AT", looked_at)
        launches = Launches()
        for upto in (*range(head + 1), head, 2, head - 1):
            found = await launches.before(door, upto)
            near = {run for run, seq in launched.items() if upto - looked_at < seq <= upto}
            assert near <= found.keys() <= launched.keys()
