"""What keeps a page of somebody else from using a browser against a TCP listener.

A name that is led to this machine (DNS rebinding) is seen by its Host header; a page of another origin by Origin or
Sec-Fetch-Site, on everything that changes something and on every stream. All is read from the raw headers: what a
framework makes of them, and what proxies add, is not believed. No header allows other origins (CORS).

Source: reliability reference, sections 5.1 and 5.2.
"""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.api.door import DoorError
from orchestrator.api.problems import send_problem
from orchestrator.api.refusals import refusal

_SAFE = {"GET", "HEAD", "OPTIONS"}
_OUR_SITES = {b"same-origin", b"none"}

Headers = Iterable[tuple[bytes, bytes]]


def guarded(app: ASGIApp, hosts: frozenset[str]) -> ASGIApp:
    """The application, for requests that mean one of these hosts and come from no page of another."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            found = refused(scope["method"], scope["path"], scope["headers"], hosts)
            if found is not None:
                await send_problem(send, found)
                return
        await app(scope, receive, send)

    return guard


def refused(method: str, path: str, headers: Headers, hosts: frozenset[str]) -> DoorError | None:
    """Say why a request is not let in, or None."""
    named = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    if len(named) != 1 or named[0] not in hosts:
        shown = ", ".join(named) or "nothing"
        return refusal("wrong_host", f"the Host header names {shown}", "name the listener, or add it to [api] hosts")
    changes = method not in _SAFE or path.endswith("/stream")
    if changes and _is_of_another_page(headers, hosts):
        return refusal("wrong_origin", "a page of another origin asks", "ask from a page of this daemon")
    return None


def _is_of_another_page(headers: Headers, hosts: frozenset[str]) -> bool:
    ours = {f"{scheme}://{host}".encode("latin-1") for scheme in ("http", "https") for host in hosts}
    for name, value in headers:
        if name == b"origin" and value.lower() not in ours:
            return True
        if name == b"sec-fetch-site" and value.lower() not in _OUR_SITES:
            return True
    return False
