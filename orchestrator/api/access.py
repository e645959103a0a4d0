"""Who asks, and what he may: the one place where that is decided.

The right that an operation needs stands in the table of operations. On the unix socket the kernel says who asks, and
only the owner gets that far: he may do everything. On a TCP listener a bearer token says so; without one, only what
anyone may know is answered. Each role may what the one before may: read, operate, admin.

Source: reliability reference, section 5.2.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from starlette.requests import Request

from orchestrator.api.refusals import refusal
from orchestrator.api.tokens import Role, find_token

Asked = Request
Right = Literal["anyone", "read", "operate", "admin"]

RIGHTS: Mapping[Role | None, frozenset[Right]] = {
    None: frozenset({"anyone"}),
    "read": frozenset({"anyone", "read"}),
    "operate": frozenset({"anyone", "read", "operate"}),
    "admin": frozenset({"anyone", "read", "operate", "admin"}),
}
"""What each role may, and who has none."""


class Caller(NamedTuple):
    """Who asks, as it will stand in the log, and his role; None for nobody that is known."""

    actor: str
    role: Role | None


Gate = Callable[[Asked], Caller]
"""Finds out who asks. Raises DoorError for who says who he is, and is not."""


def path_of(request: Asked) -> str:
    """What is asked for, as the server read it; a framework's own address is also made of the Host header."""
    path: str = request.scope["path"]
    return path


def owner(request: Asked) -> Caller:
    """The owner of the state directory, at the other end of its socket: nobody else could open it."""
    assert request.client is not None, "the protocol asks the kernel who is at the other end"
    return Caller(f"cli:{request.client.host}", "admin")


def holder_of_token(folder: Path) -> Gate:
    """The gate of a TCP listener: who has one of the tokens kept in ``folder``."""

    def gate(request: Asked) -> Caller:
        given = request.headers.getlist("authorization")
        if not given:
            return Caller("api", None)
        scheme, _, text = given[0].partition(" ")
        token = find_token(folder, text.strip()) if len(given) == 1 and scheme.lower() == "bearer" else None
        if token is None:
            raise refusal("not_authenticated", "this is no token of this daemon", "make one with: wantd token create")
        return Caller(f"api:{token.name}", token.role)

    return gate


def authorise(caller: Caller, right: Right) -> None:
    """Let only those through who have a right. Raises DoorError."""
    if right in RIGHTS[caller.role]:
        return
    if caller.role is None:
        raise refusal("not_authenticated", "who asks must say so", "send: Authorization: Bearer TOKEN")
    why = f"{caller.actor} has the role {caller.role}, and this needs {right}"
    raise refusal("not_allowed", why, "ask who runs the daemon for a token with that role")
