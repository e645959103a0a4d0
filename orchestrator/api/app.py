"""The HTTP application: the table of operations, served over an engine.

Every answer is the shape that its operation returns, as JSON; every error is a problem. Who asks is found out by the
server, not read from the request.

Source: design section 10 (HTTP).
"""

import msgspec
from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from orchestrator.api.decoding import Asked, arguments_of
from orchestrator.api.openapi import document_of
from orchestrator.api.operations import OPERATIONS
from orchestrator.api.ports import Engine
from orchestrator.api.problems import ON_ERRORS
from orchestrator.api.requests import BODY_BYTES_MAX
from orchestrator.api.table import Operation


def create_app(engine: Engine) -> Litestar:
    """The application over an engine."""
    return Litestar(
        route_handlers=[_handler(operation) for operation in OPERATIONS],
        state=State({"engine": engine, "document": document_of(OPERATIONS)}),
        request_max_body_size=BODY_BYTES_MAX,
        exception_handlers=ON_ERRORS,
        openapi_config=None,
        logging_config=None,
    )


def _handler(operation: Operation) -> HTTPRouteHandler:
    async def handle(request: Asked) -> Response[bytes]:
        answer = await operation.handle(**await arguments_of(operation, request))
        return Response(msgspec.json.encode(answer), media_type="application/json")

    path = operation.path.replace("}", ":str}")
    return HTTPRouteHandler(path, http_method=operation.method, status_code=operation.status)(handle)
