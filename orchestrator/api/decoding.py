"""From a request to the arguments of an operation. All of it is hostile; what does not fit is refused (400).

A parameter may be repeated where its field is a list; otherwise the last one counts. The limit of a page is set here.
"""

from typing import Any, TypeVar, cast, get_origin, get_type_hints
from urllib.parse import parse_qs

import msgspec
from litestar import Request
from litestar.datastructures import State

from orchestrator.api.local import LocalDoor
from orchestrator.api.ports import Engine
from orchestrator.api.refusals import refusal
from orchestrator.api.requests import Filter
from orchestrator.api.table import Body, Document, Given, Header, Operation, Path, Query
from orchestrator.views.shapes import PAGE_MAX

Asked = Request[Any, Any, State]
S = TypeVar("S", bound=msgspec.Struct)


async def arguments_of(operation: Operation, request: Asked) -> dict[str, object]:
    """The arguments of an operation. Raises DoorError."""
    found: dict[str, object] = {}
    for name, argument in operation.arguments.items():
        match argument:
            case Given(kind):
                found[name] = _given(kind, request)
            case Path(part):
                found[name] = request.path_params[part]
            case Header(title):
                found[name] = request.headers.get(title)
            case Query(shape):
                found[name] = _with_limit(_query(request, shape))
            case Body(shape):
                found[name] = await _body(request, shape)
    return found


def is_list(shape: type[msgspec.Struct], field: str) -> bool:
    """Whether a parameter may be repeated."""
    return get_origin(get_type_hints(shape)[field]) is tuple


def _given(kind: object, request: Asked) -> object:
    engine: Engine = request.app.state.engine
    if kind is LocalDoor:
        assert request.client is not None, "the server says who is at the other end"
        return LocalDoor(engine, f"cli:{request.client.host}")
    return engine if kind is Engine else cast("Document", request.app.state.document)


def _query(request: Asked, shape: type[S]) -> S:
    names = [field.name for field in msgspec.structs.fields(shape)]
    try:
        given = parse_qs(request.scope["query_string"].decode(), keep_blank_values=True, errors="strict")
        lists = {name for name in names if is_list(shape, name)}
        values = {key: texts if key in lists else texts[-1] for key, texts in given.items()}
        return msgspec.convert(values, shape, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        hint = f"parameters: {', '.join(names) or 'none'}"
        raise refusal("bad_request", f"the parameters of {request.url.path} are not right: {error}", hint) from None


def _with_limit(chosen: S) -> S:
    """The same, with the limit that a page has."""
    if not isinstance(chosen, Filter):
        return chosen
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
