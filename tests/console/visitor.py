"""Somebody with a browser that keeps cookies and follows nothing: plain HTTP to the console."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlencode

from orchestrator.api.tokens import Role
from tests.console.story import Harbour

PATIENCE_S = 60


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def place(self) -> str:
        """Where the browser is led to."""
        return self.headers.get("location", "")

    @property
    def words(self) -> str:
        """What somebody reads."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text)).split())


class Visitor:
    """A browser, to be logged in or not."""

    def __init__(self, harbour: Harbour) -> None:
        self.harbour = harbour
        self.cookie = ""
        self.token = ""

    async def log_in(self, role: Role = "operate", name: str = "anna") -> None:
        """Log in with a fresh code, and read the token of forms off the first page."""
        answer = await self.send("/login", code=self.harbour.code(name, role))
        assert answer.status == 303, answer
        self.cookie = answer.headers["set-cookie"].split(";")[0]
        found = re.search('name="token" value="([^"]+)"', (await self.get("/")).text)
        assert found is not None, "every page has the form that logs out"
        self.token = found[1]

    async def get(self, path: str, **headers: str) -> Answer:
        """Look at a page."""
        return await asyncio.to_thread(self.ask, "GET", path, b"", headers)

    async def press(self, path: str, **fields: str) -> Answer:
        """Send a form of one's own."""
        return await self.send(path, **{"token": self.token, **fields})

    async def send(self, path: str, **fields: str) -> Answer:
        """Send any form."""
        return await asyncio.to_thread(self.ask, "POST", path, urlencode(fields).encode(), {})

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Ask, with the cookie; the headers stand for those that a browser would send."""
        given = {"Origin": self.harbour.address, "Cookie": self.cookie, **headers}
        if body:
            given["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self.harbour.port, timeout=PATIENCE_S)
        try:
            connection.request(method, f"/console{path}", body or None, given)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            is_stream = found.get("content-type", "").startswith("text/event-stream")
            return Answer(response.status, found, "" if is_stream else response.read().decode())
        finally:
            connection.close()
