"""Errors as they are sent: problem details (RFC 9457) of type ``urn:wantd:problem:<code>``, with what to do."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Send

from bel.errors import BelError
from orchestrator.api.access import Asked, path_of
from orchestrator.api.door import DoorError
from orchestrator.api.endpoint import OnErrors
from orchestrator.api.refusals import of_log, refusal, status_of
from orchestrator.errors import ErrorCode
from orchestrator.runtime.mailbox import NoAnswer
from orchestrator.views.shapes import Problem

PROBLEM_TYPE = "application/problem+json"

_LOG = logging.getLogger(__name__)
_OF_THE_FRAMEWORK: dict[int, ErrorCode] = {404: "no_such_page", 405: "no_such_method"}


def problem(error: DoorError, status: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells an error."""
    status = status or status_of(error.code)
    return Response(
        _body(error, status), status_code=status, media_type=PROBLEM_TYPE, headers=headers or _headers(error)
    )


async def send_problem(send: Send, error: DoorError) -> None:
    """Tell an error where no framework is at hand yet."""
    status = status_of(error.code)
    body = _body(error, status)
    headers = [(b"content-type", PROBLEM_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers(error: DoorError) -> Mapping[str, str]:
    return {"WWW-Authenticate": "Bearer"} if error.code == "not_authenticated" else {}


def _body(error: DoorError, status: int) -> bytes:
    told = Problem(
        type=f"urn:wantd:problem:{error.code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=error.why,
        code=error.code,
        hint=error.hint,
        exit_code=error.exit_code,
    )
    return msgspec.json.encode(told)


def _on_door_error(_: Asked, error: DoorError) -> Response:
    return problem(error)


def _on_log_error(_: Asked, error: BelError) -> Response:
    return problem(of_log(error))


def _on_no_answer(_: Asked, error: NoAnswer) -> Response:
    return problem(refusal("no_answer", str(error)))


def _on_http_error(request: Asked, error: HTTPException) -> Response:
    """What the framework refuses by itself."""
    code = _OF_THE_FRAMEWORK.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    return problem(
        refusal(code, f"{request.method} {path_of(request)}: {error.detail}"), error.status_code, error.headers
    )


def _on_bug(request: Asked, error: Exception) -> Response:
    """A bug answers like everything else; where it is, is for whoever runs the daemon."""
    _LOG.error("a request ran into a bug", exc_info=error)
    why = f"{request.method} {path_of(request)} ran into a bug: {type(error).__name__}: {error}"
    return problem(refusal("internal", why, "please report it"))


def _on_silence(_: Asked, __: ClientDisconnect) -> Response:
    """Who asked has gone before all was said: nobody reads this."""
    return problem(refusal("bad_request", "the connection ended before the request did"))


ON_ERRORS: OnErrors = {
    ClientDisconnect: _on_silence,
    DoorError: _on_door_error,
    BelError: _on_log_error,
    NoAnswer: _on_no_answer,
    HTTPException: _on_http_error,
    Exception: _on_bug,
}
