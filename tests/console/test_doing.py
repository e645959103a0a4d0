"""What the buttons do: the same as the API and the command line, in the name of who pressed them, and only his."""

from __future__ import annotations

import asyncio
import re
import shlex
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from orchestrator.cli.tree import walk, wantd
from orchestrator.console.actions import DEEDS
from orchestrator.views.shapes import EntryFilter, JobRunFilter, Wish
from tests.console.story import Harbour, harbour
from tests.console.visitor import Answer, Visitor

DAY = "landed/daily/date=2013-05-01"


async def entries(at: Harbour, kind: str) -> list[str]:
    """Who did what, of one kind."""
    return [entry.actor for entry in await at.door.entries(EntryFilter(kind=kind))]


def tried(path: str) -> str:
    """An address at which a form is sent, about things that are not there."""
    return path.replace("{want:str}", "w0-0").replace("{run:str}", "r0-0")


@pytest.mark.asyncio
async def test_a_want_goes_through_all_that_can_be_done_with_it(quiet: Harbour) -> None:
    """Broken: a button does something else than it says, or somebody else stands in the log."""
    anna = Visitor(quiet)
    await anna.log_in(name="anna")
    quiet.break_day("2013-05-01")
    made = await anna.press(
        "/wants", refs=f"{DAY}\nforecast/date=2013-05-01", comment="for the fair", sla="2h", priority="3"
    )
    assert (made.status, made.place.startswith("/console/wants/w")) == (303, True)
    place = made.place.removeprefix("/console")
    for verb in ("pause", "resume", "cancel"):
        assert f"{place}/{verb}" in (await anna.get(place)).text or verb == "resume"
        assert (await anna.press(f"{place}/{verb}", reason="because")).place == made.place
    want = await quiet.door.want(place.rsplit("/", 1)[1])
    assert (want.state, want.want.source, want.want.comment, want.want.priority) == (
        "Canceled",
        "console",
        "for the fair",
        3,
    )
    assert (await anna.press(f"{place}/cancel")).status == 409
    for kind in ("WantCreated", "WantPaused", "WantResumed", "WantCanceled"):
        assert await entries(quiet, kind) == ["console:anna"], kind


@pytest.mark.asyncio
async def test_what_failed_is_tried_again_and_what_is_wrong_is_tainted(quiet: Harbour) -> None:
    """Broken: retry, taint, report or cancel of a JobRun do not reach the engine."""
    anna = Visitor(quiet)
    await anna.log_in()
    quiet.break_day("2013-05-01")
    place = (await anna.press("/wants", refs=DAY)).place.removeprefix("/console")
    want = place.rsplit("/", 1)[1]
    assert (await quiet.door.wait_want(want, 60)).state == "Failed"
    quiet.mend()
    assert (await anna.press(f"{place}/retry")).status == 303
    assert (await quiet.door.wait_want(want, 60)).state == "Successful"
    assert (await anna.press("/partitions/taint", refs=DAY, reason="short weight")).status == 303
    assert "short weight" in (await anna.get(f"/partition?ref={DAY}")).words
    assert (await anna.press("/partitions/report", ref="tides/date=2013-05-01")).status == 303
    assert "reported by console:anna" in (await anna.get("/partition?ref=tides/date=2013-05-01")).words
    quiet.hold()
    await quiet.door.create_want(Wish(("survey/1",)))
    (run,) = await quiet.door.jobruns(JobRunFilter(job="slow"))
    assert (await anna.press(f"/jobruns/{run.id}/cancel", reason="not now")).place == f"/console/jobruns/{run.id}"
    quiet.release()
    assert await entries(quiet, "PartitionTainted") == ["console:anna"]
    assert await entries(quiet, "JobRunCanceling") or await entries(quiet, "JobRunCanceled")


@pytest.mark.asyncio
async def test_a_want_that_was_planned_is_made_as_planned_or_not_at_all(quiet: Harbour) -> None:
    """Broken: the plan on the page is no promise."""
    anna = Visitor(quiet)
    await anna.log_in()
    page = await anna.get(f"/wants/new?refs={DAY}")
    plan = re.search('name="plan" value="([0-9a-f]+)"', page.text)
    assert plan is not None
    assert "3 JobRuns" in page.words
    await quiet.door.wait_want((await quiet.door.create_want(Wish((DAY,)))).id, 60)
    refused = await anna.press("/wants", refs=DAY, plan=plan[1])
    assert (refused.status, "stale_plan" in refused.words) == (409, True)


@pytest.mark.asyncio
async def test_what_somebody_did_not_see_is_not_changed_by_him(quiet: Harbour) -> None:
    """Broken: a button pressed on an old page acts on something that has changed since."""
    anna = Visitor(quiet)
    await anna.log_in()
    want = await quiet.door.create_want(Wish(("forecast/date=2013-05-01",)))
    await quiet.door.pause_want(want.id)
    refused = await anna.press(f"/wants/{want.id}/cancel", seen=str(want.seq))
    assert (refused.status, "changed_meanwhile" in refused.words) == (412, True)


@pytest.mark.asyncio
async def test_forms_that_are_wrong_are_refused_in_words(quiet: Harbour) -> None:
    """Broken: a slip in a form is a bug, or is taken for something else."""
    anna = Visitor(quiet)
    await anna.log_in()
    wrong = ({"refs": ""}, {"refs": "no/body"}, {"refs": DAY, "sla": "soon"}, {"refs": DAY, "priority": "high"})
    statuses = [(await anna.press("/wants", **fields)).status for fields in wrong]
    assert statuses == [422, 404, 422, 400]
    assert (await anna.press("/partitions/taint", refs="", reason="x")).status == 422
    assert (await anna.press("/partitions/report", ref=DAY)).status == 422
    assert (await quiet.door.status()).seq == 0


@pytest.mark.asyncio
async def test_nobody_acts_without_a_session_a_token_a_role_and_our_origin(quiet: Harbour) -> None:
    """Broken: a page of somebody else, or who may only look, changes something."""
    stranger, reader, anna = Visitor(quiet), Visitor(quiet), Visitor(quiet)
    await reader.log_in("read", "ben")
    await anna.log_in()
    for path in map(tried, DEEDS):
        assert (await stranger.press(path, refs=DAY)).status == 401, path
        assert (await anna.send(path, refs=DAY)).status == 403, path
        assert (await anna.send(path, refs=DAY, token=reader.token)).status == 403, path
        assert (await reader.press(path, refs=DAY)).status == 403, path
        for other in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await foreign(anna, path, other)).status == 403, (path, other)
    assert (await quiet.door.status()).seq == 0
    assert "may look, and change nothing" in (await reader.get(f"/wants/new?refs={DAY}")).words


async def foreign(visitor: Visitor, path: str, headers: dict[str, str]) -> Answer:
    """Send a form as a page of another origin would that has got hold of the token."""
    body = urlencode({"token": visitor.token, "refs": DAY}).encode()
    return await asyncio.to_thread(visitor.ask, "POST", path, body, headers)


@pytest.mark.asyncio
async def test_the_commands_that_are_shown_can_be_typed(tmp_path: Path) -> None:
    """Broken: the command beside a button does not exist, or takes something else."""
    async with harbour(tmp_path) as at:
        anna = Visitor(at)
        await anna.log_in()
        want = await at.door.create_want(Wish((DAY, "forecast/date=2013-05-01")))
        await at.door.report("tides/date=2013-05-02")
        at.hold()
        await at.door.create_want(Wish(("survey/1",)))
        (run,) = await at.door.jobruns(JobRunFilter(job="slow"))
        shown: set[str] = set()
        for path in (
            *(f"/wants/{want.id}", f"/partition?ref={DAY}", "/partition?ref=tides/date=2013-05-02", "/diff?begin=1"),
            *(f"/jobruns/{run.id}", f"/wants/new?refs={DAY}"),
        ):
            text = (await anna.get(path)).text
            shown.update(unescape(line) for line in re.findall('<code class="line">([^<]+)</code>', text))
        at.release()
    assert len(shown) >= 8, shown
    commands = dict(walk(wantd))
    for line in shown:
        name, *words = shlex.split(line)
        assert name == "wantd"
        command = next(tuple(words[:length]) for length in (2, 1) if tuple(words[:length]) in commands)
        commands[command].make_context(
            line, words[len(command) :], obj=SimpleNamespace()
        )  # raises for what it does not take
