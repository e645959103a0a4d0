"""Where each page, form, stream and file of the console is found, and what becomes of errors.

A read is answered to who is logged in and may read; who is not is led to the login. An error is a page that says what,
why and what to do.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bel.errors import BelError
from orchestrator.api.access import Asked, authorise, path_of
from orchestrator.api.door import DoorError
from orchestrator.api.endpoint import Endpoint, Handle
from orchestrator.api.refusals import of_log, refusal, status_of
from orchestrator.config import Config
from orchestrator.console import live
from orchestrator.console.actions import DEEDS, done, fields_of
from orchestrator.console.desk import LOGIN, Desk, led_to
from orchestrator.console.pages.diff import diff
from orchestrator.console.pages.graph import graph
from orchestrator.console.pages.job import job
from orchestrator.console.pages.jobrun import jobrun
from orchestrator.console.pages.jobruns import jobruns
from orchestrator.console.pages.jobs import jobs
from orchestrator.console.pages.log import log
from orchestrator.console.pages.new_want import new_want
from orchestrator.console.pages.overview import overview
from orchestrator.console.pages.partition import partition
from orchestrator.console.pages.partitions import partitions
from orchestrator.console.pages.want import want
from orchestrator.console.pages.wants import wants
from orchestrator.console.rendering import MEDIA_TYPES, answer, assets, page
from orchestrator.console.search import found_at
from orchestrator.console.visits import BASE, Visit
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.mailbox import NoAnswer

_LOG = logging.getLogger(__name__)

KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
"""A file is asked for under a name that changes with what is in it."""


Handles = dict[str, Handle]
"""What answers one method, by path."""


class Page(NamedTuple):
    """A page: its template, and how its view-model is taken."""

    template: str
    view: Callable[[Visit], Awaitable[object]]


PAGES: Mapping[str, Page] = {
    "/": Page("overview", overview),
    "/wants": Page("wants", wants),
    "/wants/new": Page("new_want", new_want),
    "/wants/{want}": Page("want", want),
    "/partitions": Page("partitions", partitions),
    "/partition": Page("partition", partition),
    "/jobruns": Page("jobruns", jobruns),
    "/jobruns/{run}": Page("jobrun", jobrun),
    "/jobs": Page("jobs", jobs),
    "/jobs/{job}": Page("job", job),
    "/graph": Page("graph", graph),
    "/log": Page("log", log),
    "/diff": Page("diff", diff),
}


def console_routes(config: Config, layout: Layout) -> list[BaseRoute]:
    """All of the console, for one listener of an application."""
    desk = Desk(layout, is_secure=config.api.certificate is not None or config.api.behind_proxy)
    shown: Handles = {path: partial(_shown, desk, shown) for path, shown in PAGES.items()}
    read: Handles = {
        **shown,
        "/login": _login,
        "/go": partial(_gone, desk),
        "/stream": partial(_moved, desk),
        "/jobruns/{run}/log/stream": partial(_printed, desk),
        "/static/{name}": _file,
        "/{rest:path}": partial(_nothing, desk),
    }
    done_by: Handles = {
        **{path: partial(done, desk, deed) for path, deed in DEEDS.items()},
        "/login": partial(_let_in, desk),
        "/logout": partial(_let_out, desk),
    }
    on_errors = {kind: partial(_refused, desk, tell) for kind, tell in _ERRORS.items()}
    routes = [
        Route(BASE + path, Endpoint(_methods(GET=read.get(path), POST=done_by.get(path)), on_errors))
        for path in dict.fromkeys((*done_by, *read))
    ]
    return [*routes, *(Route(path, Endpoint({"GET": _to_console}, on_errors)) for path in ("/", BASE))]


def _methods(**handles: Handle | None) -> dict[str, Handle]:
    return {method: handle for method, handle in handles.items() if handle is not None}


# -- what is answered -------------------------------------------------------------------------------------------------


async def _shown(desk: Desk, shown: Page, request: Asked) -> Response:
    visit = await desk.visit(request)
    authorise(visit.session.caller, "read")
    return page(shown.template, visit, await shown.view(visit))


async def _gone(desk: Desk, request: Asked) -> Response:
    return led_to(await found_at(await desk.visit(request)))


async def _login(request: Asked) -> Response:
    return answer("login", {"code": request.query_params.get("code", ""), "refused": None})


async def _let_in(desk: Desk, request: Asked) -> Response:
    fields = await fields_of(request)
    try:
        return desk.let_in(request, fields.get("code", ""))
    except DoorError as error:
        return answer("login", {"code": "", "refused": error}, status_of(error.code))


async def _let_out(desk: Desk, request: Asked) -> Response:
    desk.sender(request, await fields_of(request))
    return desk.let_out(request)


async def _moved(desk: Desk, request: Asked) -> Response:
    visit = await desk.visit(request)
    return live.moves(desk, request, visit.number("after", visit.head))


async def _printed(desk: Desk, request: Asked) -> Response:
    visit = await desk.visit(request)
    return await live.prints(desk, request, visit.part("run"), visit.number("offset", 0))


async def _file(request: Asked) -> Response:
    path = assets().get(request.path_params["name"])
    if path is None:
        raise refusal("no_such_page", "there is no such file", "load the page anew")
    return Response(path.read_bytes(), headers={**KEPT, "Content-Type": MEDIA_TYPES[path.suffix]})


async def _nothing(desk: Desk, request: Asked) -> Response:
    desk.session(request)
    raise refusal("no_such_page", f"there is no page {path_of(request)}", "begin at the overview")


async def _to_console(_: Asked) -> Response:
    return led_to(f"{BASE}/")


# -- errors -----------------------------------------------------------------------------------------------------------

Tell = Callable[[Any], DoorError]


def _bug(error: Exception) -> DoorError:
    _LOG.error("a page ran into a bug", exc_info=error)
    return refusal("internal", f"this page ran into a bug: {type(error).__name__}: {error}", "please report it")


_ERRORS: Mapping[type[Exception], Tell] = {
    DoorError: lambda error: error,
    BelError: of_log,
    NoAnswer: lambda error: refusal("no_answer", str(error)),
    HTTPException: lambda error: refusal("bad_request", str(error.detail)),
    ClientDisconnect: lambda _: refusal("bad_request", "the connection ended before the form did"),
    Exception: _bug,
}


def _refused(desk: Desk, tell: Tell, request: Asked, error: Exception) -> Response:
    """Say on a page what is wrong, and lead to the login who is not logged in and only looks."""
    told = tell(error)
    session = desk.known(request)
    if session is None and request.method == "GET":
        return led_to(LOGIN)
    return answer("refused", {"error": told, "session": session}, status_of(told.code))
