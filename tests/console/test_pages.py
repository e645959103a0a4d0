"""Every page over a real engine: of now, of then, of nothing; and what hostile texts do there."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from orchestrator.api.local import LocalDoor
from orchestrator.console.recent import LAUNCHES_LOOKED_AT
from orchestrator.console.rendering import assets
from orchestrator.console.routes import PAGES
from orchestrator.views.shapes import EntryFilter, JobRunFilter, PartitionFilter, WantFilter
from tests.console.scenes import BROKEN, MONTH
from tests.console.story import Harbour
from tests.console.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="package")

LISTS = [path for path in PAGES if "{" not in path and path != "/partition"]
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "../../etc/passwd",
    "a" * 5_000,
    "\x00",
    "ä/ü\u202e",
)
PAGE_BYTES_MAX = 250_000


async def addresses(at: Harbour) -> list[str]:
    """One address of each page."""
    run = (await at.door.jobruns(JobRunFilter(states=("Failed",))))[0]
    want = (await at.door.wants(WantFilter()))[0]
    refs = [BROKEN, MONTH, "forecast/date=2013-03-01", "tides/date=2013-03-01", "nobody/makes/this", "survey/99"]
    return [
        *LISTS,
        f"/wants/{want.id}",
        f"/jobruns/{run.id}",
        "/jobs/daily",
        "/jobs/tides",
        f"/graph?ref={MONTH}",
        f"/graph?ref={BROKEN}&depth=1",
        f"/wants/new?refs={BROKEN}",
        "/wants/new?refs=nobody/makes/this",
        "/diff?begin=1",
        "/diff?begin=-1000d",
        *(f"/partition?ref={ref}" for ref in refs),
    ]


async def before_the_failure(at: Harbour) -> int:
    """A moment at which the JobRun that failed was not over yet."""
    (failed, *_) = await at.door.entries(EntryFilter(kind="JobRunFailed"))
    return failed.seq - 1


async def test_each_page_shows_now_and_then_and_loads_nothing_from_elsewhere(at: Harbour, anna: Visitor) -> None:
    """Broken: a page fails, now or in the past; holds a script, a style, something of another host; or is heavy."""
    then = await before_the_failure(at)
    files = sum(path.stat().st_size for path in assets().values())
    for address in await addresses(at):
        for moment in ("", f"at={then}", "at=0"):
            answer = await anna.get(f"{address}{'&' if '?' in address else '?'}{moment}")
            gone = moment == "at=0" and re.match("/(wants|jobruns)/[wr]", address)
            assert answer.status == (404 if gone else 200), (address, moment, answer.words)
            assert not re.search(r"<script(?! src=)|<style| style=| on[a-z]+=", answer.text), address
            assert not re.search(r'(src|href|action)="(?!/console/|#)', answer.text), address
            assert ("The past." in answer.text) is (moment != "" and not gone), (address, moment)
            assert len(answer.text.encode()) + files < PAGE_BYTES_MAX, address


@pytest.mark.asyncio
async def test_each_page_shows_that_there_is_nothing(quiet: Harbour) -> None:
    """Broken: who opens the console before anything happened sees an error."""
    visitor = Visitor(quiet)
    await visitor.log_in()
    for path in [*LISTS, "/jobs/daily", f"/partition?ref={BROKEN}", "/graph?ref=survey/1", "/diff?begin=0", "/?at=0"]:
        answer = await visitor.get(path)
        assert answer.status == 200, (path, answer.words)
    assert "never_built" in (await visitor.get(f"/partition?ref={BROKEN}")).words


async def test_a_want_says_why_it_is_not_done_down_to_the_root(at: Harbour, anna: Visitor) -> None:
    """Broken: the page of a want that failed does not lead to the JobRun that failed."""
    (want, *_) = await at.door.wants(WantFilter(states=("UpstreamFailed",)))
    (run, *_) = await at.door.jobruns(JobRunFilter(states=("Failed",)))
    words = await anna.get(f"/wants/{want.id}")
    assert "Why is this not done?" in words.words
    assert BROKEN in words.words
    assert f"/console/jobruns/{run.id}" in words.text
    assert "wantd want retry" in words.words


async def test_a_want_that_is_open_says_what_it_waits_for(at: Harbour, anna: Visitor) -> None:
    """Broken: an open want does not say whom it waits for."""
    (late, *_) = await at.door.wants(WantFilter(states=("UpstreamBuilding",)))
    words = (await anna.get(f"/wants/{late.id}")).words
    assert "external_awaited" in words
    assert "tides/date=2013-03-02" in words
    assert "late" in words


async def test_a_jobrun_shows_what_it_printed_and_was_given(at: Harbour, anna: Visitor) -> None:
    """Broken: the log of a JobRun is missing, or what it holds is taken for HTML."""
    (run, *_) = await at.door.jobruns(JobRunFilter(states=("Failed",)))
    answer = await anna.get(f"/jobruns/{run.id}")
    assert "cannot add up what is not there &lt;b&gt;at all&lt;/b&gt;" in answer.text
    assert "exit_code" in answer.words
    assert "scale/calibration" in answer.words
    assert "Took" in answer.words


async def test_the_past_is_as_it_was(at: Harbour, anna: Visitor) -> None:
    """Broken: a page of the past shows what came later, or offers to change what is past."""
    then = await before_the_failure(at)
    (run, *_) = await at.door.jobruns(JobRunFilter(states=("Failed",)))
    now, past = await anna.get(f"/jobruns/{run.id}"), await anna.get(f"/jobruns/{run.id}?at={then}")
    assert ("Failed" in now.words, "Failed" in past.words) == (True, False)
    assert "it ended with exit code 1" not in past.words
    assert 'method="post" action="/console/jobruns' not in past.text
    overview = await anna.get(f"/?at={then}")
    assert "JobRuns that failed" not in overview.words
    assert f"at={(await at.door.moment(str(then))).at_seq}" in overview.text, "links keep the moment"
    assert "New want" not in overview.words


async def test_moments_that_are_none_are_refused_in_words(anna: Visitor) -> None:
    """Broken: a slip in the address of a page of the past is a bug."""
    for moment, status in (
        ("99999999", 404),
        ("nonsense", 422),
        ("-9999d", 404),
        ("2200-01-01", 404),
        ("x" * 400, 422),
    ):
        answer = await anna.get(f"/?at={moment}")
        assert answer.status == status, (moment, answer.words)
        assert "That does not work" in answer.words


async def test_a_state_that_is_none_is_refused_in_words(anna: Visitor) -> None:
    """Broken: a list says that there is nothing, since no state is called so."""
    for page in ("wants", "partitions", "jobruns"):
        answer = await anna.get(f"/{page}?state=Nowhere")
        assert answer.status == 400
        assert "Nowhere" in answer.words


async def test_hostile_texts_are_words_and_nothing_else(anna: Visitor) -> None:
    """Broken: what somebody puts into a ref, an id or a parameter becomes part of the page, or a bug."""
    for text in map(quote, HOSTILE):
        for path in (
            *(f"/partition?ref={text}", f"/graph?ref={text}", f"/partitions?q={text}", f"/partitions?q=*{text}"),
            *(f"/partitions?state={text}", f"/wants?ref={text}", f"/wants?state={text}", f"/wants/{text}"),
            *(f"/jobruns/{text}", f"/jobruns?job={text}", f"/jobs/{text}", f"/log?entity={text}", f"/log?kind={text}"),
            *(
                f"/log?before={text}",
                f"/graph?depth={text}",
                f"/diff?begin={text}&end={text}",
                f"/wants/new?refs={text}",
            ),
            *(f"/go?q={text}", f"/wants?before={text}", f"/partitions?after={text}", f"/{text}", f"/static/{text}"),
        ):
            answer = await anna.get(path)
            assert answer.status in {200, 303, 400, 404, 422}, (path, answer.status, answer.words[:300])
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert "<script>alert" not in answer.text
                assert "<img" not in answer.text
                assert "default-src 'self'" in answer.headers["content-security-policy"]
            else:
                assert answer.place or answer.headers["content-type"] == "application/problem+json", path


async def test_what_is_not_there_is_not_found(anna: Visitor) -> None:
    """Broken: a wrong address answers with something else than a page that says so."""
    for path in ("/wants/w0-0", "/jobruns/r0-0", "/jobs/nobody", "/nothing/here", "/static/console.js"):
        answer = await anna.get(path)
        assert answer.status == 404, path
        assert "Overview" in answer.words


async def test_one_finds_what_one_types(at: Harbour, anna: Visitor) -> None:
    """Broken: the search leads to the wrong page."""
    (want, *_) = await at.door.wants(WantFilter())
    (run, *_) = await at.door.jobruns(JobRunFilter())
    found = {
        typed: (await anna.get(f"/go?q={quote(typed)}")).place
        for typed in (want.id, run.id, "daily", "7", BROKEN, "landed/")
    }
    assert found == {
        want.id: f"/console/wants/{want.id}",
        run.id: f"/console/jobruns/{run.id}",
        "daily": "/console/jobs/daily",
        "7": "/console/log?before=8",
        BROKEN: f"/console/partition?ref={quote(BROKEN, safe='')}",
        "landed/": "/console/partitions?q=landed%2F",
    }


async def test_lists_are_walked_through_page_by_page(at: Harbour, anna: Visitor) -> None:
    """Broken: a list leaves something out or shows it twice, or a page holds everything."""
    runs = {run.id for run in await at.door.jobruns(JobRunFilter())}
    refs = {one.ref for one in await at.door.partitions(PartitionFilter())}
    seqs = {entry.seq for entry in await at.door.entries(EntryFilter())}
    assert await walked(anna, "/jobruns", r'data-row="/console/jobruns/([^"?]+)"') == sorted(runs)
    assert await walked(anna, "/partitions", r'data-row="/console/partition\?ref=([^"&]+)"') == sorted(
        quote(r, "") for r in refs
    )
    assert await walked(anna, "/log", r'<tr id="e(\d+)"') == sorted(map(str, seqs))


async def walked(anna: Visitor, path: str, row: str) -> list[str]:
    """What the pages of a list show, from the first on."""
    found: list[str] = []
    pages = 0
    while path:
        text = (await anna.get(path)).text
        shown = re.findall(row, text)
        assert len(shown) <= 100
        found += shown
        following = re.search(r'href="/console([^"]+)" rel="next"', text)
        path = following[1].replace("&amp;", "&") if following else ""
        pages += 1
    assert pages > 1
    return sorted(found)


async def test_no_page_asks_for_everything(at: Harbour, anna: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a page takes longer the more there is."""
    asked: list[WantFilter | PartitionFilter | JobRunFilter | EntryFilter] = []

    def noted(name: str) -> None:
        read = getattr(LocalDoor, name)

        async def noting(door: LocalDoor, chosen: WantFilter | PartitionFilter | JobRunFilter | EntryFilter) -> object:
            asked.append(chosen)
            return await read(door, chosen)

        monkeypatch.setattr(LocalDoor, name, noting)

    shown = await addresses(at)
    for name in ("wants", "partitions", "jobruns", "entries"):
        noted(name)
    for address in shown:
        await anna.get(address)
    assert len(asked) > len(shown)
    for chosen in asked:
        if isinstance(chosen, EntryFilter):
            assert chosen.upto is not None
            assert chosen.upto - chosen.after <= LAUNCHES_LOOKED_AT
        else:
            assert chosen.limit is not None
            assert chosen.limit <= 100
