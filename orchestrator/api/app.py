"""The HTTP application: the table of operations, served over an engine.

Every answer is the shape that its operation returns, as JSON; every error is a problem. Who asks is found out by the
server, not read from the request.

Source: design section 10 (HTTP).
"""

from collections.abc import Sequence
from typing import cast

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from orchestrator.api.access import Asked, Caller, Gate, authorise
from orchestrator.api.decoding import arguments_of
from orchestrator.api.endpoint import Endpoint, Handle
from orchestrator.api.metrics import Metrics, metrics_route
from orchestrator.api.openapi import document_of
from orchestrator.api.operations import OPERATIONS
from orchestrator.api.ports import Engine
from orchestrator.api.problems import ON_ERRORS
from orchestrator.api.streams import Events, Streams
from orchestrator.api.table import Operation, Ready
from orchestrator.api.tags import headers_of

Pages = Sequence[BaseRoute]
"""Routes beside the table of operations, made a floor higher."""


def create_app(engine: Engine, gate: Gate, metrics: Metrics | None = None, pages: Pages = ()) -> Starlette:
    """The application over an engine; the gate says who asks. With ``metrics`` it can be scraped.

    ``pages`` are for people and bring a gate of their own.
    """
    routes = [_route(path, by_method) for path, by_method in _by_path().items()]
    app = Starlette(
        routes=[*routes, *([] if metrics is None else [metrics_route(metrics)]), *pages],
        exception_handlers={HTTPException: ON_ERRORS[HTTPException]},
    )
    app.router.redirect_slashes = False
    app.state.engine, app.state.gate = engine, gate
    app.state.streams, app.state.document = Streams(), document_of(OPERATIONS)
    return app


def _by_path() -> dict[str, dict[str, Operation]]:
    """The operations of each path by method: a word stands before a parameter in its place, which would take it too."""
    found: dict[str, dict[str, Operation]] = {}
    for operation in sorted(OPERATIONS, key=lambda one: one.path.replace("{", "~")):
        found.setdefault(operation.path, {})[operation.method] = operation
    return found


def _route(path: str, by_method: dict[str, Operation]) -> Route:
    return Route(path, Endpoint({method: _handle(one) for method, one in by_method.items()}, ON_ERRORS))


def _handle(operation: Operation) -> Handle:
    async def handle(request: Asked) -> Response:
        gate: Gate = request.app.state.gate
        caller = gate(request)
        authorise(caller, operation.right)
        if operation.streamed:
            return await _streamed(operation, request, caller)
        answer = await operation.handle(**await arguments_of(operation, request, caller))
        return Response(
            _written(answer),
            status_code=operation.status,
            media_type="application/json",
            headers=headers_of(answer),
        )

    return handle


def _written(answer: object) -> bytes:
    return answer.body if isinstance(answer, Ready) else msgspec.json.encode(answer)


async def _streamed(operation: Operation, request: Asked, caller: Caller) -> Response:
    streams: Streams = request.app.state.streams
    streams.check_room()
    arguments = await arguments_of(operation, request, caller)
    events = cast("Events[msgspec.Struct]", await operation.handle(**arguments))
    return streams.sent(events)
