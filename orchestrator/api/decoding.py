"""From a request to the arguments of an operation. All of it is hostile; what does not fit is refused (400).

A parameter may be repeated where its field is a list; otherwise the last one counts. The limit of a page is set here.
"""

from functools import cache, reduce
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from urllib.parse import parse_qs

import msgspec

from orchestrator.api.access import Asked, Caller, path_of
from orchestrator.api.door import DoorError
from orchestrator.api.local import LocalDoor
from orchestrator.api.ports import Engine
from orchestrator.api.reads import Reads
from orchestrator.api.refusals import refusal
from orchestrator.api.requests import BODY_BYTES_MAX, Filter, Nothing
from orchestrator.api.table import Body, Document, Given, Header, Operation, Path, Query, When
from orchestrator.views.shapes import PAGE_MAX

AT = "at"
"""The parameter that names a past moment, of every operation that can look back."""

JSON = "application/json"

S = TypeVar("S", bound=msgspec.Struct)


async def arguments_of(operation: Operation, request: Asked, caller: Caller) -> dict[str, object]:
    """The arguments of an operation that somebody asks for. Raises DoorError."""
    found: dict[str, object] = {}
    if operation.method == "POST":
        _refuse_other_media(request)
    if operation.query is None:
        _query(request, Nothing, looks_back=operation.looks_back)  # there are none, and what is given is refused
    for name, argument in operation.arguments.items():
        match argument:
            case Given(kind):
                found[name] = await _given(kind, request, caller)
            case Path(part):
                found[name] = request.path_params[part]
            case Header(title):
                found[name] = request.headers.get(title)
            case Query(shape):
                found[name] = _with_limit(_query(request, shape, looks_back=operation.looks_back))
            case Body(shape):
                found[name] = await _body(request, shape)
    return found


def is_list(kind: Any) -> bool:
    """Whether a parameter of this type may be repeated."""
    return get_origin(kind) is tuple


@cache
def kinds_of(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """The parameters of a query with their types. What may be None is left out there, never written."""
    hints = get_type_hints(shape, include_extras=True)
    return {name: _without_none(hint) for name, hint in hints.items()}


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in {Union, UnionType}:
        return hint
    return reduce(lambda one, other: one | other, (kind for kind in get_args(hint) if kind is not NoneType))


async def _given(kind: object, request: Asked, caller: Caller) -> object:
    engine: Engine = request.app.state.engine
    door = LocalDoor(engine, caller.actor)
    if kind is LocalDoor:
        return door
    moments = _texts(request).get(AT)
    if kind is When:
        return When(moments[-1] if moments else None)
    if kind is Reads:
        return await door.at(moments[-1]) if moments else door
    return engine if kind is Engine else cast("Document", request.app.state.document)


def _query(request: Asked, shape: type[S], *, looks_back: bool) -> S:
    kinds = kinds_of(shape)
    given = {name: texts for name, texts in _texts(request).items() if name != AT or not looks_back}
    try:
        return msgspec.convert({name: _value(name, texts, kinds) for name, texts in given.items()}, shape)
    except (msgspec.ValidationError, ValueError) as error:
        names = ", ".join([*kinds, AT] if looks_back else kinds)
        raise _wrong_parameters(request, error, f"parameters: {names or 'none'}") from None


def _texts(request: Asked) -> dict[str, list[str]]:
    """The parameters of a request, each with all that was given for it."""
    try:
        return parse_qs(request.scope["query_string"].decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise _wrong_parameters(request, error, "write them as UTF-8, percent-encoded") from None


def _wrong_parameters(request: Asked, error: Exception, hint: str) -> DoorError:
    return refusal("bad_request", f"the parameters of {path_of(request)} are not right: {error}", hint)


def _value(name: str, texts: list[str], kinds: dict[str, Any]) -> object:
    """What the texts of one parameter stand for. One that nobody knows is left to the struct to refuse."""
    kind = kinds.get(name, str)
    try:
        return msgspec.convert(texts if is_list(kind) else texts[-1], kind, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from None


def _with_limit(chosen: S) -> S:
    """The same, with the limit that a page has."""
    if not isinstance(chosen, Filter):
        return chosen
    limit = PAGE_MAX if chosen.limit is None else chosen.limit
    if not 1 <= limit <= PAGE_MAX:
        raise refusal("bad_request", f"the limit is {limit}", f"a page holds 1 to {PAGE_MAX} items")
    return msgspec.structs.replace(chosen, limit=limit)


def _refuse_other_media(request: Asked) -> None:
    """A form on somebody's page can send texts and files without asking first, but no JSON."""
    given = request.headers.getlist("content-type")
    if len(given) != 1 or given[0].partition(";")[0].strip().lower() != JSON:
        shown = ", ".join(given)[:80] or "nothing"
        why = f"the body of {request.method} {path_of(request)} is said to be {shown}"
        raise refusal("wrong_media_type", why, f"send JSON, with Content-Type: {JSON}")


async def body_of(request: Asked) -> bytes:
    """The body of a request, or a refusal as soon as it is said to be, or is, too large."""
    body, said = bytearray(), request.headers.get("content-length", "0")
    if said.isdecimal() and int(said) > BODY_BYTES_MAX:
        raise _too_large(request)
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise _too_large(request)
    return bytes(body)


def _too_large(request: Asked) -> DoorError:
    why = f"the body of {request.method} {path_of(request)} is larger than {BODY_BYTES_MAX:,} bytes"
    return refusal("too_large", why, "ask for less at a time")


async def _body(request: Asked, shape: type[S]) -> S:
    body = await body_of(request)
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.MsgspecError as error:
        why = f"the body of {request.method} {path_of(request)} is not right: {error}"
        raise refusal("bad_request", why, f"send a JSON object: {shape.__doc__}") from None
