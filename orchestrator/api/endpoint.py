"""One path of the application: what answers each method, and what is said of errors.

Every method is answered, by a refusal where there is nothing to do: a framework that adds some by itself (HEAD beside
GET) would answer what nobody has thought of.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from orchestrator.api.access import Asked

Handle = Callable[[Asked], Awaitable[Response]]
OnErrors = Mapping[type[Exception], Callable[[Asked, Any], Response]]
"""What is said of an error: by the class that is nearest to its own."""


class Endpoint:
    """Answers what is asked at one path. As an instance it gets all methods; a function would get some."""

    def __init__(self, by_method: Mapping[str, Handle], on_errors: OnErrors) -> None:
        self._by_method = by_method
        self._on_errors = on_errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        response = await self._answer(Asked(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Asked) -> Response:
        try:
            handle = self._by_method.get(request.method)
            if handle is None:
                raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._by_method))})
            return await handle(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked is told
            return told(request, error, self._on_errors)


def told(request: Asked, error: Exception, on_errors: OnErrors) -> Response:
    """What is said of an error. One for which there is nothing to say is raised."""
    for kind in type(error).__mro__:
        if kind in on_errors:
            return on_errors[kind](request, error)
    raise error
