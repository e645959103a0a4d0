"""The desk: who is logged in, and how each request becomes a visit. One for each listener.

The cookie has the port in its name, since browsers send the cookies of a host to all its ports.
"""

import re
from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from orchestrator.api.access import Asked, Caller, path_of
from orchestrator.api.local import LocalDoor
from orchestrator.api.ports import Engine
from orchestrator.api.refusals import refusal
from orchestrator.console.codes import redeem_code
from orchestrator.console.recent import Entries, Launches, Recent
from orchestrator.console.sessions import Session, Sessions
from orchestrator.console.visits import BASE, Asking, Visit
from orchestrator.runtime.layout import Layout

LOGIN = f"{BASE}/login"


class Desk:
    """Lets people in, and sees them to their pages."""

    def __init__(self, layout: Layout, *, is_secure: bool) -> None:
        """``is_secure``: browsers reach the listener over TLS only."""
        self._codes = layout.codes
        self._is_secure = is_secure
        self._recent = Recent(Entries(), Launches())
        self.sessions = Sessions()

    def known(self, request: Asked) -> Session | None:
        """The session of a request, if there is one."""
        return self.sessions.find(request.cookies.get(_cookie_name(request), ""))

    def session(self, request: Asked) -> Session:
        """The session of a request. Raises DoorError where nobody is logged in."""
        found = self.known(request)
        if found is None:
            raise refusal("not_authenticated", "nobody is logged in", "log in with a code: wantd console")
        return found

    def sender(self, request: Asked, fields: Mapping[str, str]) -> Session:
        """The session of who sent a form of his own. Raises DoorError."""
        session = self.session(request)
        if not session.owns(fields.get("token", "")):
            raise refusal("wrong_origin", "this form is not of your session", "load the page anew and try again")
        return session

    async def visit(self, request: Asked) -> Visit:
        """What somebody asks for, at the moment that he names. Raises DoorError."""
        session = self.session(request)
        visit = Visit(_asking(request), session, self.door(request, session), await _head(request), self._recent)
        await visit.look_for_failures()
        if at := visit.text("at"):
            await visit.look_back(at)
        return visit

    def door(self, request: Asked, session: Session) -> LocalDoor:
        """The door, for who is logged in."""
        engine: Engine = request.app.state.engine
        return LocalDoor(engine, session.caller.actor)

    def let_in(self, request: Asked, code: str) -> Response:
        """Begin a session with a one-time code, and lead to the overview. Raises DoorError."""
        found = redeem_code(self._codes, code.strip())
        if found is None:
            raise refusal("not_authenticated", "this code is not known, or no longer", "make one: wantd console")
        cookie = self.sessions.open(Caller(f"console:{found.name}", found.role))
        answer = led_to(f"{BASE}/")
        answer.set_cookie(
            _cookie_name(request), cookie, path=BASE, httponly=True, samesite="strict", secure=self._is_secure
        )
        return answer

    def let_out(self, request: Asked) -> Response:
        """End the session of a request."""
        self.sessions.close(request.cookies.get(_cookie_name(request), ""))
        answer = led_to(LOGIN)
        answer.delete_cookie(_cookie_name(request), path=BASE)
        return answer


def led_to(address: str) -> Response:
    """Lead the browser to a page, whatever it has sent."""
    return RedirectResponse(address, status_code=303)


async def _head(request: Asked) -> int:
    engine: Engine = request.app.state.engine
    return (await engine.board()).world.seq


def _asking(request: Asked) -> Asking:
    params = {name: request.query_params.getlist(name) for name in request.query_params}
    parts = {name: str(value) for name, value in request.path_params.items()}
    return Asking(path_of(request).removeprefix(BASE) or "/", parts, params)


def _cookie_name(request: Asked) -> str:
    port = re.search("[0-9]+$", request.headers.get("host", ""))
    return f"wantd_console_{port[0] if port else 'default'}"
