"""A person at the console, in a real browser: from the login to a failure, back before it, and to what came of it."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Page, expect

from orchestrator.views.shapes import EntryFilter, JobRunFilter, WantFilter, Wish
from tests.console.browser import CHROMIUM, PATIENCE_MS, Watched, chromium, log_in, open_page
from tests.console.scenes import BROKEN, FEW, MONTH, busy
from tests.console.story import Harbour, harbour

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
    pytest.mark.timeout(300),  # a browser on a machine that does other things too
]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
DAY = "landed/daily/date=2013-06-03"


@pytest.mark.asyncio
async def test_a_person_works_at_the_console(tmp_path: Path) -> None:
    """Broken: what a person does at the console does not work in a browser, or it complains, or asks elsewhere."""
    expect.set_options(timeout=PATIENCE_MS)
    async with harbour(tmp_path) as at, chromium() as browser:
        page = await open_page(browser)
        watched = Watched(page, at.host)
        await log_in(page, at)
        at.break_day("2013-06-03")
        await make_a_want(page)
        run = await see_it_fail(page, at)
        at.mend()
        await try_it_again(page)
        await taint_it(page)
        await look_at_the_graph(page)
        await go_back_before_the_failure(page, at, run)
        await compare(page, at)
        assert watched.complaints == []


async def make_a_want(page: Page) -> None:
    await page.get_by_role("link", name="New want").click()
    await page.get_by_label("Refs that should exist").fill(DAY)
    await page.get_by_role("button", name="Plan it").click()
    await expect(page.locator("main")).to_contain_text("3 JobRuns")
    await page.get_by_label("Comment").fill("the fair")
    await page.get_by_role("button", name="Create the want").click()
    await expect(page.locator("h1")).to_contain_text("Want w")


async def see_it_fail(page: Page, at: Harbour) -> str:
    """The page of the want follows what happens without being asked; the log of the JobRun says why."""
    await expect(page.locator("#state")).to_contain_text("Failed")
    (run,) = await at.door.jobruns(JobRunFilter(states=("Failed",)))
    await page.locator("#why").get_by_role("link", name=run.id).first.click()
    await expect(page.locator("#log")).to_contain_text("cannot add up what is not there <b>at all</b>")
    await expect(page.locator("#tries")).to_contain_text("exit_code")
    await page.go_back()
    return run.id


async def try_it_again(page: Page) -> None:
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator("#state")).to_contain_text("Successful")
    await expect(page.locator("#why")).to_have_text("")


async def taint_it(page: Page) -> None:
    await page.get_by_role("searchbox").fill(DAY)
    await page.keyboard.press("Enter")
    await expect(page.locator("#state")).to_contain_text("Live")
    await page.get_by_label("Reason to taint", exact=True).fill("short weight")
    await page.get_by_role("button", name="Taint", exact=True).click()
    await expect(page.locator("#state")).to_contain_text("Tainted")
    await expect(page.locator("#why")).to_contain_text("short weight")


async def look_at_the_graph(page: Page) -> None:
    await page.get_by_role("link", name="Graph", exact=True).last.click()
    await expect(page.locator("svg.graph .tone-warn .name")).to_have_text(DAY)
    await page.locator("svg.graph a", has_text="scale/calibration").click()
    await expect(page.locator("h1")).to_contain_text("scale/calibration")


async def go_back_before_the_failure(page: Page, at: Harbour, run: str) -> None:
    """The slider moves the page through the past and forward again; play runs to the present by itself."""
    (failed,) = await at.door.entries(EntryFilter(kind="JobRunFailed"))
    head = (await at.door.status()).seq
    await page.goto(f"{at.address}/console/jobruns/{run}")
    await expect(page.locator("#state")).to_contain_text("Failed")
    slider = page.get_by_role("slider")
    await slider.fill(str(failed.seq - 1))
    await expect(page.locator("#banner")).to_contain_text("The past.")
    await expect(page.locator("#state")).not_to_contain_text("Failed")
    assert "at=" in page.url
    await slider.fill(str(failed.seq + 5))
    await expect(page.locator("#state")).to_contain_text("Failed")
    await slider.fill(str(head))
    await expect(page.locator("#banner")).to_be_hidden()
    assert "at=" not in page.url
    await page.get_by_role("link", name="Overview").click()
    await page.get_by_role("button", name="Play").click()
    await expect(page.locator("#banner")).to_contain_text("The past.")
    await expect(page.locator("#banner")).to_be_hidden()
    await expect(page.locator("#numbers")).to_contain_text("Tainted")


async def compare(page: Page, at: Harbour) -> None:
    (failed,) = await at.door.entries(EntryFilter(kind="JobRunFailed"))
    await page.get_by_role("link", name="Diff").click()
    await page.get_by_label("From").fill(str(failed.seq))
    await page.get_by_role("button", name="Compare").click()
    await expect(page.locator("main")).to_contain_text("partitions tainted")
    await expect(page.locator("main table").first).to_be_visible()


@pytest.mark.asyncio
async def test_a_page_follows_what_happens_and_what_a_jobrun_prints(tmp_path: Path) -> None:
    """Broken: an open page shows what was, not what is; or moves away what somebody types; or outlives its session."""
    expect.set_options(timeout=PATIENCE_MS)
    async with harbour(tmp_path) as at, chromium() as browser:
        page = await open_page(browser)
        watched = Watched(page, at.host)
        await log_in(page, at)
        at.hold()
        await page.get_by_role("searchbox").fill("half typed")
        want = await at.door.create_want(Wish(("survey/1",)))
        await expect(page.locator("#running")).to_contain_text("survey/1")
        await expect(page.get_by_role("searchbox")).to_have_value("half typed")
        await page.locator("#running").get_by_role("link", name=re.compile("^r")).click()
        await expect(page.locator("#log")).to_contain_text("lowering the lead")
        at.release()
        await expect(page.locator("#log")).to_contain_text("seven fathoms")
        await expect(page.locator("#state")).to_contain_text("Succeeded")
        assert (await at.door.wait_want(want.id, 60)).state == "Successful"
        assert watched.complaints == []
        other = await page.context.new_page()
        await other.goto(f"{at.address}/console/")
        await other.get_by_role("button", name="Log out").click()
        await expect(page).to_have_url(f"{at.address}/console/login")


@pytest.mark.asyncio
async def test_the_keyboard_is_enough(tmp_path: Path) -> None:
    """Broken: a key does nothing, or writes into a field."""
    expect.set_options(timeout=PATIENCE_MS)
    async with harbour(tmp_path) as at, chromium() as browser:
        await busy(at, *FEW)
        page = await open_page(browser)
        watched = Watched(page, at.host)
        await log_in(page, at)
        await page.goto(f"{at.address}/console/wants")
        for key in ("j", "j", "k"):
            await page.keyboard.press(key)
        await expect(page.locator("tr.selected")).to_have_count(1)
        place = await page.locator("tr.selected").get_attribute("data-row")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{at.address}{place}")
        await page.keyboard.press("/")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        await page.keyboard.type("j?")
        await expect(page.get_by_role("searchbox")).to_have_value("j?")
        await page.keyboard.press("Escape")
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press(",")
        await expect(page.locator("#banner")).to_contain_text("The past.")
        await page.keyboard.press("n")
        await expect(page.locator("#banner")).to_be_hidden()
        at.release()
        assert watched.complaints == []


@pytest.mark.asyncio
async def test_nobody_is_kept_out(tmp_path: Path) -> None:
    """Broken: a page has a serious fault for a screen reader, a keyboard or weak eyes; or is too wide for a phone."""
    async with harbour(tmp_path) as at, chromium() as browser:
        await busy(at, *FEW)
        shown = await paths(at)
        light = await faults_of(await open_page(browser, "light"), at, shown)
        dark = await faults_of(await open_page(browser, "dark"), at, ["/?at=30", shown[-4]])
        wide = await wider_than_a_phone(await open_page(browser, width=400), at, shown)
        at.release()
    assert light + dark == []
    assert wide == []


async def faults_of(page: Page, at: Harbour, paths: list[str]) -> list[str]:
    """What is wrong with some pages."""
    await log_in(page, at)
    found: list[str] = []
    for path in paths:
        await page.goto(f"{at.address}/console{path}")
        found += [f"{path}: {fault}" for fault in await faults(page)]
    return found


async def wider_than_a_phone(page: Page, at: Harbour, paths: list[str]) -> list[str]:
    """The pages that have to be moved sideways on a phone."""
    await log_in(page, at)
    found: list[str] = []
    for path in paths:
        await page.goto(f"{at.address}/console{path}")
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(path)
    return found


async def paths(at: Harbour) -> list[str]:
    """One address of each page, short ones: what axe takes grows with a page."""
    (failed, *_) = await at.door.jobruns(JobRunFilter(states=("Failed",)))
    wants = await at.door.wants(WantFilter())
    head = (await at.door.status()).seq
    return [
        *("/", "/wants", "/partitions?q=forecast", "/jobruns?state=Failed", "/jobs", "/jobs/daily", "/?at=30"),
        *("/log?kind=JobRunFailed", f"/diff?begin={head - 20}", f"/wants/new?refs={BROKEN}"),
        *(f"/wants/{wants[1].id}", f"/wants/{wants[-1].id}", f"/jobruns/{failed.id}", f"/partition?ref={BROKEN}"),
        *("/graph", f"/graph?ref={MONTH}", f"/graph?ref={BROKEN}"),
    ]


class Element(msgspec.Struct):
    """Where axe found something."""

    html: str
    failureSummary: str  # noqa: N815 - a name of axe


class Violation(msgspec.Struct):
    """A rule of axe that a page breaks."""

    id: str
    impact: str | None
    nodes: list[Element]


async def faults(page: Page) -> list[str]:
    """What axe finds on a page that is serious or worse."""
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)")
    return [
        f"{one.id}: {node.html[:200]}: {node.failureSummary[:200]}"
        for one in msgspec.convert(found, list[Violation])
        for node in one.nodes[:3]
        if one.impact in {"serious", "critical"}
    ]
