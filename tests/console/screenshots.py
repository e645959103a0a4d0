"""Makes the pictures of docs/images: ``python -m tests.console.screenshots``. Takes half a minute, needs Chromium."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from playwright.async_api import Page

from orchestrator.views.shapes import EntryFilter, JobRunFilter, WantFilter
from tests.console.browser import Scheme, chromium, log_in, open_page
from tests.console.scenes import BROKEN, busy
from tests.console.story import Harbour, harbour

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


async def pages(at: Harbour) -> Mapping[str, str]:
    """The pages to be shown, by the name of their picture."""
    door = at.door
    (failed, *_) = await door.jobruns(JobRunFilter(states=("Failed",)))
    (want, *_) = await door.wants(WantFilter(states=("UpstreamFailed",)))
    (before, *_) = await door.entries(EntryFilter(kind="JobRunFailed"))
    return {
        "overview": "/",
        "want": f"/wants/{want.id}",
        "partition": f"/partition?ref={BROKEN}",
        "jobrun": f"/jobruns/{failed.id}",
        "job": "/jobs/daily",
        "graph": "/graph?ref=landed/daily/date=2013-01-08&depth=2",
        "diff": f"/diff?begin={before.seq - 1}",
        "past": f"/?at={before.seq - 1}",
    }


async def take(page: Page, at: Harbour, folder: Path, scheme: Scheme, only: list[str]) -> None:
    """Take the pictures of one color scheme."""
    await log_in(page, at)
    for name, path in (await pages(at)).items():
        if not only or name in only:
            await page.goto(f"{at.address}/console{path}")
            await page.screenshot(path=folder / f"console-{name}-{scheme}.png")


async def main(folder: Path, only: list[str]) -> None:
    """Make all pictures, or some by name."""
    with tempfile.TemporaryDirectory() as scratch:
        async with harbour(Path(scratch)) as at, chromium() as browser:
            await busy(at)
            for scheme in get_args(Scheme):
                await take(await open_page(browser, scheme), at, folder, scheme, only)
            phone = await open_page(browser, "light", width=400, height=820)
            await log_in(phone, at)
            await phone.screenshot(path=folder / "console-phone-light.png")
            at.release()


if __name__ == "__main__":
    asyncio.run(main(IMAGES, sys.argv[1:]))
