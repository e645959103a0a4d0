"""The HTTP API: each resource below /api/v1 is one method of a door, its answer the shape of that method as JSON.

Parameters and bodies are hostile: they are decoded into the structs of ``requests`` and the filters of ``shapes``, and
what does not fit is refused (400). Errors are problem details (RFC 9457) of type ``urn:wantd:problem:<code>``. Lists
come in pages of at most PAGE_MAX items. Who asks is found out by the server, not read from the request.

Source: design section 10 (HTTP).
"""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from orchestrator.api.door import DoorError
from orchestrator.api.local import LocalDoor
from orchestrator.api.ports import Engine
from orchestrator.api.refusals import refusal, status_of
from orchestrator.api.requests import (
    BASE,
    BODY_BYTES_MAX,
    AboutGraph,
    AboutLineage,
    AboutRef,
    Because,
    Following,
    Nothing,
    Offset,
    Page,
    Patience,
    Refs,
    Reported,
    Tainted,
)
from orchestrator.views.shapes import (
    PAGE_MAX,
    EntryFilter,
    JobRunFilter,
    PartitionFilter,
    Problem,
    WantFilter,
    Wish,
)

_LOG = logging.getLogger(__name__)

S = TypeVar("S", bound=msgspec.Struct)
Asked = Request[Any, Any, State]
Filter = WantFilter | PartitionFilter | JobRunFilter | EntryFilter
F = TypeVar("F", WantFilter, PartitionFilter, JobRunFilter, EntryFilter)


def create_app(engine: Engine) -> Litestar:
    """The application over an engine."""
    return Litestar(
        route_handlers=HANDLERS,
        state=State({"engine": engine}),
        request_max_body_size=BODY_BYTES_MAX,
        exception_handlers={DoorError: _on_door_error, HTTPException: _on_http_error, Exception: _on_bug},
        openapi_config=None,
        logging_config=None,
    )


# ------------------------------------------------------------------------------------------------------------- wants


@post(f"{BASE}/wants")
async def create_want(request: Asked) -> Response[bytes]:
    """Make a want. The same Idempotency-Key again gives the same want."""
    wish = await _body(request, Wish)
    key = request.headers.get("idempotency-key")
    if key is not None:
        wish = msgspec.structs.replace(wish, idempotency_key=key)
    return _json(await _door(request).create_want(wish), HTTPStatus.CREATED)


@get(f"{BASE}/wants")
async def list_wants(request: Asked) -> Response[bytes]:
    """List wants, oldest first."""
    chosen = _page(request, WantFilter)
    found = await _door(request).wants(chosen)
    return _paged(chosen, found, [want.id for want in found[-1:]])


@get(f"{BASE}/wants/{{want:str}}")
async def show_want(request: Asked, want: FromPath[str]) -> Response[bytes]:
    """Show a want with all its refs."""
    return _json(await _door(request).want(want))


@get(f"{BASE}/wants/{{want:str}}/wait")
async def wait_want(request: Asked, want: FromPath[str]) -> Response[bytes]:
    """Answer when the want has closed, or with its state when the time is over."""
    return _json(await _door(request).wait_want(want, _query(request, Patience).timeout_s))


@get(f"{BASE}/wants/{{want:str}}/progress")
async def show_progress(request: Asked, want: FromPath[str]) -> Response[bytes]:
    """Say how far a want is, in one answer."""
    return _json(await _door(request).progress(want))


@post(f"{BASE}/wants/{{want:str}}/cancel", status_code=HTTPStatus.OK)
async def cancel_want(request: Asked, want: FromPath[str]) -> Response[bytes]:
    """Take a want back."""
    return _json(await _door(request).cancel_want(want, (await _body(request, Because)).reason))


@post(f"{BASE}/wants/{{want:str}}/pause", status_code=HTTPStatus.OK)
async def pause_want(request: Asked, want: FromPath[str]) -> Response[bytes]:
    """Let a want demand nothing for now."""
    return _json(await _door(request).pause_want(want, (await _body(request, Because)).reason))


@post(f"{BASE}/wants/{{want:str}}/resume", status_code=HTTPStatus.OK)
async def resume_want(request: Asked, want: FromPath[str]) -> Response[bytes]:
    """Let a paused want go on."""
    return _json(await _door(request).resume_want(want))


@post(f"{BASE}/wants/{{want:str}}/retry", status_code=HTTPStatus.OK)
async def retry_want(request: Asked, want: FromPath[str]) -> Response[bytes]:
    """Try what failed of a want again."""
    return _json(await _door(request).retry_want(want))


# -------------------------------------------------------------------------------------------------------- partitions


@get(f"{BASE}/partitions")
async def list_partitions(request: Asked) -> Response[bytes]:
    """List one instance of each ref, ordered by ref."""
    chosen = _page(request, PartitionFilter)
    found = await _door(request).partitions(chosen)
    return _paged(chosen, found, [instance.ref for instance in found[-1:]])


@get(f"{BASE}/partition")
async def show_partition(request: Asked) -> Response[bytes]:
    """Show a ref with all its instances, by ref or by the id of an instance."""
    return _json(await _door(request).partition(_query(request, AboutRef).ref))


@get(f"{BASE}/lineage")
async def show_lineage(request: Asked) -> Response[bytes]:
    """Show what an instance was made from, and what was made from it."""
    asked = _query(request, AboutLineage)
    return _json(await _door(request).lineage(asked.ref, asked.direction, asked.depth))


@post(f"{BASE}/partitions/taint", status_code=HTTPStatus.OK)
async def taint(request: Asked) -> Response[bytes]:
    """Say that instances must not be used."""
    told = await _body(request, Tainted)
    return _json(await _door(request).taint(told.refs, told.reason, downstream=told.downstream))


@post(f"{BASE}/partitions/report", status_code=HTTPStatus.OK)
async def report(request: Asked) -> Response[bytes]:
    """Say that data from outside is there."""
    told = await _body(request, Reported)
    door = _door(request)
    return _json(await door.report(told.ref, digest=told.digest, location=told.location, metadata=told.metadata))


# ----------------------------------------------------------------------------------------------------------- JobRuns


@get(f"{BASE}/jobruns")
async def list_jobruns(request: Asked) -> Response[bytes]:
    """List JobRuns, oldest first."""
    chosen = _page(request, JobRunFilter)
    found = await _door(request).jobruns(chosen)
    return _paged(chosen, found, [run.id for run in found[-1:]])


@get(f"{BASE}/jobruns/{{run:str}}")
async def show_jobrun(request: Asked, run: FromPath[str]) -> Response[bytes]:
    """Show a JobRun with what it was given and made."""
    return _json(await _door(request).jobrun(run))


@get(f"{BASE}/jobruns/{{run:str}}/log")
async def show_log(request: Asked, run: FromPath[str]) -> Response[bytes]:
    """Read a piece of what a JobRun printed."""
    return _json(await _door(request).log_text(run, _query(request, Offset).offset))


@post(f"{BASE}/jobruns/{{run:str}}/cancel", status_code=HTTPStatus.OK)
async def cancel_jobrun(request: Asked, run: FromPath[str]) -> Response[bytes]:
    """Stop a JobRun; what it was building fails."""
    return _json(await _door(request).cancel_jobrun(run, (await _body(request, Because)).reason))


# ---------------------------------------------------------------------------------------------- jobs, plans, reasons


@get(f"{BASE}/jobs")
async def list_jobs(request: Asked) -> Response[bytes]:
    """List the jobs and externals of the configuration, all of them."""
    return _json(Page(await _door(request).jobs()))


@get(f"{BASE}/lookup")
async def show_lookup(request: Asked) -> Response[bytes]:
    """Say who makes a ref, and from what."""
    return _json(await _door(request).lookup(_query(request, AboutRef).ref))


@post(f"{BASE}/plan", status_code=HTTPStatus.OK)
async def make_plan(request: Asked) -> Response[bytes]:
    """Say what a want would do, without doing it."""
    return _json(await _door(request).plan((await _body(request, Refs)).refs))


@get(f"{BASE}/why")
async def show_why(request: Asked) -> Response[bytes]:
    """Say why a ref is, or is not, there."""
    return _json(await _door(request).why(_query(request, AboutRef).ref))


@get(f"{BASE}/graph")
async def show_graph(request: Asked) -> Response[bytes]:
    """Show what needs what, around a ref or among the jobs."""
    asked = _query(request, AboutGraph)
    return _json(await _door(request).graph(asked.ref, asked.depth))


# ---------------------------------------------------------------------------------------------------- log and daemon


@get(f"{BASE}/entries")
async def list_entries(request: Asked) -> Response[bytes]:
    """List entries of the log."""
    chosen = _page(request, EntryFilter)
    found = await _door(request).entries(chosen)
    return _paged(chosen, found, [str(entry.seq) for entry in found[-1:]])


@get(f"{BASE}/entries/next")
async def next_entries(request: Asked) -> Response[bytes]:
    """Give the entries after a seq, waiting for the first of them."""
    asked = _query(request, Following)
    return _json(Page(await _door(request).next_entries(asked.after, asked.timeout_s)))


@get(f"{BASE}/status")
async def show_status(request: Asked) -> Response[bytes]:
    """Say who answers."""
    return _json(await _door(request).status())


@get("/livez")
async def livez() -> Response[bytes]:
    """The process answers."""
    return _json(Nothing())


@get("/readyz")
async def readyz(request: Asked) -> Response[bytes]:
    """It takes commands."""
    engine: Engine = request.app.state.engine
    if engine.is_draining:
        raise refusal("no_answer", "the daemon is ending", "ask the next one")
    status = await _door(request).status()
    if status.read_only is not None:
        raise refusal("log_full", status.read_only, "free some space; the daemon goes on by itself")
    return _json(status)


HANDLERS: Sequence[ControllerRouterHandler] = (
    create_want,
    list_wants,
    show_want,
    wait_want,
    show_progress,
    cancel_want,
    pause_want,
    resume_want,
    retry_want,
    list_partitions,
    show_partition,
    show_lineage,
    taint,
    report,
    list_jobruns,
    show_jobrun,
    show_log,
    cancel_jobrun,
    list_jobs,
    show_lookup,
    make_plan,
    show_why,
    show_graph,
    list_entries,
    next_entries,
    show_status,
    livez,
    readyz,
)


# ------------------------------------------------------------------------------------------- requests and responses


def _door(request: Asked) -> LocalDoor:
    """The door of whoever is at the other end of the socket."""
    engine: Engine = request.app.state.engine
    assert request.client is not None, "the server says who is at the other end"
    return LocalDoor(engine, f"cli:{request.client.host}")


def _query(request: Asked, shape: type[S]) -> S:
    """The parameters of a request. What is a list in the shape may be repeated."""
    try:
        given = parse_qs(request.scope["query_string"].decode(), keep_blank_values=True, errors="strict")
        lists = {"states"}
        values = {key: texts if key in lists else texts[-1] for key, texts in given.items()}
        return msgspec.convert(values, shape, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        hint = f"parameters: {', '.join(field.name for field in msgspec.structs.fields(shape)) or 'none'}"
        raise refusal("bad_request", f"the parameters of {request.url.path} are not right: {error}", hint) from None


def _page(request: Asked, shape: type[F]) -> F:
    """A filter, with the limit that a page has."""
    chosen = _query(request, shape)
    limit = PAGE_MAX if chosen.limit is None else chosen.limit
    if not 1 <= limit <= PAGE_MAX:
        raise refusal("bad_request", f"the limit is {limit}", f"a page holds 1 to {PAGE_MAX} items")
    return msgspec.structs.replace(chosen, limit=limit)


async def _body(request: Asked, shape: type[S]) -> S:
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=shape)
    except msgspec.MsgspecError as error:
        why = f"the body of {request.method} {request.url.path} is not right: {error}"
        raise refusal("bad_request", why, f"send a JSON object: {shape.__doc__}") from None


def _paged(chosen: Filter, found: Sequence[msgspec.Struct], last: Sequence[str]) -> Response[bytes]:
    full = len(found) == chosen.limit
    return _json(Page(tuple(found), last[0] if full else None))


def _json(answer: msgspec.Struct, status: int = HTTPStatus.OK, media_type: str = "application/json") -> Response[bytes]:
    return Response(msgspec.json.encode(answer), status_code=status, media_type=media_type)


# ------------------------------------------------------------------------------------------------------------ errors


def _problem(error: DoorError, status: int) -> Response[bytes]:
    problem = Problem(
        type=f"urn:wantd:problem:{error.code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=error.why,
        code=error.code,
        hint=error.hint,
        exit_code=error.exit_code,
    )
    return _json(problem, status, "application/problem+json")


def _on_door_error(_: Asked, error: DoorError) -> Response[bytes]:
    return _problem(error, status_of(error))


def _on_http_error(request: Asked, error: HTTPException) -> Response[bytes]:
    """What the framework refuses by itself."""
    codes = {404: "no_such_page", 405: "no_such_method", 413: "too_large"}
    code = codes.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    found = refusal(code, f"{request.method} {request.url.path}: {error.detail}")
    return _problem(found, error.status_code)


def _on_bug(request: Asked, error: Exception) -> Response[bytes]:
    """A bug answers like everything else; where it is, is for whoever runs the daemon."""
    _LOG.error("a request ran into a bug", exc_info=error)
    why = f"{request.method} {request.url.path} ran into a bug: {type(error).__name__}: {error}"
    return _problem(refusal("internal", why, "please report it"), HTTPStatus.INTERNAL_SERVER_ERROR)
