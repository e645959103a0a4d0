"""The page that Prometheus reads, beside the table of operations: it is not JSON and follows conventions of its own.

Who may read may scrape. What is on the page is made a floor higher and comes in as ``Metrics``.
"""

from typing import Protocol

from starlette.responses import Response
from starlette.routing import Route

from orchestrator.api.access import Asked, Gate, authorise
from orchestrator.api.endpoint import Endpoint
from orchestrator.api.ports import Engine
from orchestrator.api.problems import ON_ERRORS

PATH = "/metrics"


class Metrics(Protocol):
    """The numbers of an engine."""

    async def render(self, engine: Engine, accept: str, /) -> tuple[str, bytes]:
        """Give the type of the page and the page, in the form that was asked for."""
        ...


def metrics_route(metrics: Metrics) -> Route:
    """Where the page is."""

    async def scrape(request: Asked) -> Response:
        gate: Gate = request.app.state.gate
        authorise(gate(request), "read")
        content_type, body = await metrics.render(request.app.state.engine, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    return Route(PATH, Endpoint({"GET": scrape}, ON_ERRORS))
