"""The HTTP application: the table of operations, served over an engine.

Every answer is the shape that its operation returns, as JSON; every error is a problem. Who asks is found out by the
server, not read from the request.

Source: design section 10 (HTTP).
"""

from collections.abc import Sequence
from typing import cast

import msgspec
from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from orchestrator.api.access import Asked, Caller, Gate, authorise
from orchestrator.api.decoding import arguments_of
from orchestrator.api.metrics import Metrics, metrics_handler
from orchestrator.api.openapi import document_of
from orchestrator.api.operations import OPERATIONS
from orchestrator.api.ports import Engine
from orchestrator.api.problems import ON_ERRORS
from orchestrator.api.requests import BODY_BYTES_MAX
from orchestrator.api.streams import MEDIA_TYPE, Events, Streams
from orchestrator.api.table import Method, Operation, Ready
from orchestrator.api.tags import headers_of

Pages = Sequence[ControllerRouterHandler]
"""Handlers beside the table of operations, made a floor higher."""


def create_app(engine: Engine, gate: Gate, metrics: Metrics | None = None, pages: Pages = ()) -> Litestar:
    """The application over an engine; the gate says who asks. With ``metrics`` it can be scraped.

    ``pages`` are for people and bring a gate of their own.
    """
    handlers = [_handler(path, by_method) for path, by_method in _by_path().items()]
    return Litestar(
        route_handlers=[*handlers, *([] if metrics is None else [metrics_handler(metrics)]), *pages],
        state=State({"engine": engine, "gate": gate, "streams": Streams(), "document": document_of(OPERATIONS)}),
        request_max_body_size=BODY_BYTES_MAX,
        exception_handlers=ON_ERRORS,
        openapi_config=None,
        logging_config=None,
    )


def _by_path() -> dict[str, dict[str, Operation]]:
    """The operations of each path by method: only one handler a path can tell which methods there are."""
    found: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.path, {})[operation.method] = operation
    return found


def _handler(path: str, by_method: dict[str, Operation]) -> HTTPRouteHandler:
    async def handle(request: Asked) -> Response[bytes] | Stream:
        operation = by_method[request.method]
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

    methods: list[Method] = [operation.method for operation in by_method.values()]
    return HTTPRouteHandler(path.replace("}", ":str}"), http_method=methods)(handle)


def _written(answer: object) -> bytes:
    return answer.body if isinstance(answer, Ready) else msgspec.json.encode(answer)


async def _streamed(operation: Operation, request: Asked, caller: Caller) -> Stream:
    streams: Streams = request.app.state.streams
    streams.check_room()
    arguments = await arguments_of(operation, request, caller)
    events = cast("Events[msgspec.Struct]", await operation.handle(**arguments))
    return Stream(streams.sent(events), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
