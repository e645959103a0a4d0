"""The page that Prometheus reads, beside the table of operations: it is not JSON and follows conventions of its own.

Who may read may scrape. What is on the page is made a floor higher and comes in as ``Metrics``.
"""

from typing import Protocol

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from orchestrator.api.access import Asked, Gate, authorise
from orchestrator.api.ports import Engine

PATH = "/metrics"


class Metrics(Protocol):
    """The numbers of an engine."""

    async def render(self, engine: Engine, accept: str, /) -> tuple[str, bytes]:
        """Give the type of the page and the page, in the form that was asked for."""
        ...


def metrics_handler(metrics: Metrics) -> HTTPRouteHandler:
    """The handler of the page."""

    async def scrape(request: Asked) -> Response[bytes]:
        gate: Gate = request.app.state.gate
        authorise(gate(request), "read")
        content_type, body = await metrics.render(request.app.state.engine, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    return HTTPRouteHandler(PATH, http_method="GET")(scrape)
