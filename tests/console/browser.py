"""Debian's Chromium, driven by Playwright: pages that note whatever goes wrong in them, and what they ask for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, async_playwright

from tests.console.story import Harbour

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
PATIENCE_MS = 60_000

Scheme = Literal["light", "dark"]


class Watched:
    """What a page did that it should not, and how many bytes came in."""

    def __init__(self, page: Page, host: str) -> None:
        self.complaints: list[str] = []
        self.sizes: dict[str, int] = {}
        self._host = host
        page.on("console", lambda said: self._complain(said.type, said.text) if said.type != "log" else None)
        page.on("pageerror", lambda error: self._complain("error", str(error)))
        page.on("request", lambda request: self._see(request.url))

    def _complain(self, kind: str, text: str) -> None:
        self.complaints.append(f"{kind}: {text}")

    def _see(self, url: str) -> None:
        if not url.startswith((f"http://{self._host}/", "data:", "about:")):
            self._complain("request", url)


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, scheme: Scheme = "light", width: int = 1360, height: int = 860) -> Page:
    """A page of a browser that nobody has used before."""
    context = await browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


async def log_in(page: Page, harbour: Harbour, name: str = "anna") -> None:
    """Log in as a person does: open what `wantd console` printed, and press the button."""
    await page.goto(f"{harbour.address}/console/login?code={harbour.code(name)}")
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"{harbour.address}/console/")
