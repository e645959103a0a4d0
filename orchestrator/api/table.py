"""The table of operations: one declaration of each, from which routing, decoding and the document come.

An operation is an async function, declared with ``Routes.get`` or ``Routes.post``. What its parameters are follows from
their types: the door of whoever asks, the reads of a moment that the request may name or that moment as it is named,
the engine behind it, the document, a part of the path (by its name), a header, and at most one struct, which is the
query of a GET and the body of a POST. It returns what is sent, or raises DoorError; it is declared with the codes that
it may raise beside those of every operation of its kind.

Source: design section 10 (HTTP).
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from http import HTTPStatus
from inspect import getdoc
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from orchestrator.api.access import Right
from orchestrator.api.local import LocalDoor
from orchestrator.api.ports import Engine
from orchestrator.api.reads import Reads
from orchestrator.api.requests import BASE
from orchestrator.errors import ErrorCode

Method = Literal["GET", "POST"]
Handle = Callable[..., Awaitable[object]]
H = TypeVar("H", bound=Handle)
T = TypeVar("T")

Document = NewType("Document", dict[str, object])
"""The OpenAPI document of the application that answers."""


class When(NamedTuple):
    """Which moment a request names, in its own words; None for the present."""

    text: str | None


class Ready(NamedTuple, Generic[T]):
    """An answer of this type that is JSON already."""

    body: bytes


UNREADABLE: tuple[ErrorCode, ...] = (
    "chain_broken",
    "log_damaged",
    "log_unreadable",
    "tail_missing",
    "undecodable",
    "unknown_kind",
)
"""What reading the log may find."""

_OF_ALL: tuple[ErrorCode, ...] = ("internal", "bad_request")
_OF_DOORS: tuple[ErrorCode, ...] = ("no_answer", "log_closed")
_OF_THE_PAST: tuple[ErrorCode, ...] = ("bad_time", "no_such_seq", *UNREADABLE)
_OF_GATES: dict[Right, tuple[ErrorCode, ...]] = {
    "anyone": ("not_authenticated", "wrong_host"),
    "read": ("not_authenticated", "wrong_host"),
    "operate": ("not_authenticated", "not_allowed", "wrong_host", "wrong_origin"),
    "admin": ("not_authenticated", "not_allowed", "wrong_host", "wrong_origin"),
}
_OF_METHODS: dict[Method, tuple[ErrorCode, ...]] = {"GET": (), "POST": ("wrong_media_type",)}
_OF_COMMANDS: tuple[ErrorCode, ...] = ("busy", "log_full")


class Given(NamedTuple):
    """What the server itself brings: ``LocalDoor``, ``Reads`` (as of ``at``), ``When``, ``Engine`` or ``Document``."""

    kind: object


class Path(NamedTuple):
    """A part of the path."""

    name: str


class Header(NamedTuple):
    """A header: its name, what it is for, and which texts it may be."""

    name: str
    about: str
    pattern: str = ""


class Query(NamedTuple):
    """The parameters after the question mark, as one struct."""

    shape: type[msgspec.Struct]


class Body(NamedTuple):
    """The JSON that is sent."""

    shape: type[msgspec.Struct]


Argument = Given | Path | Header | Query | Body


class Operation(NamedTuple):
    """One thing that can be asked. ``path`` has its parameters in braces; ``refuses`` lists all codes it may raise."""

    method: Method
    path: str
    subject: str
    status: HTTPStatus
    handle: Handle
    arguments: dict[str, Argument]
    answer: Any
    refuses: tuple[ErrorCode, ...]
    right: Right

    @property
    def name(self) -> str:
        """Its name in the document, which stays the same for ever."""
        return self.handle.__name__

    @property
    def about(self) -> str:
        """What it does."""
        return " ".join((getdoc(self.handle) or "").split())

    @property
    def streamed(self) -> Any:
        """The type of what its events hold, or None where it gives one answer."""
        if get_origin(self.answer) is not AsyncGenerator:
            return None
        return get_args(get_args(self.answer)[0])[0]

    @property
    def looks_back(self) -> bool:
        """Whether it can be asked about a past moment: then it has one more parameter, ``at``."""
        return not {Given(Reads), Given(When)}.isdisjoint(self.arguments.values())

    @property
    def query(self) -> Query | None:
        """Its parameters, if it has any."""
        return next((argument for argument in self.arguments.values() if isinstance(argument, Query)), None)

    @property
    def body(self) -> Body | None:
        """Its body, if it has one."""
        return next((argument for argument in self.arguments.values() if isinstance(argument, Body)), None)


class Routes:
    """The operations of one subject, in the order of the document."""

    def __init__(self, subject: str, base: str = BASE) -> None:
        self.operations: list[Operation] = []
        self._subject = subject
        self._base = base

    def get(self, path: str, *refuses: ErrorCode, right: Right = "read") -> Callable[[H], H]:
        """Declare a read."""
        return self._declared("GET", path, HTTPStatus.OK, refuses, right)

    def post(self, path: str, *refuses: ErrorCode, status: HTTPStatus = HTTPStatus.OK) -> Callable[[H], H]:
        """Declare a command."""
        return self._declared("POST", path, status, (*refuses, *_OF_COMMANDS), "operate")

    def ask(self, path: str, *refuses: ErrorCode) -> Callable[[H], H]:
        """Declare a read whose question is too long for a query: it is sent as a body, and changes nothing."""
        return self._declared("POST", path, HTTPStatus.OK, refuses, "read")

    def _declared(
        self, method: Method, path: str, status: HTTPStatus, refuses: tuple[ErrorCode, ...], right: Right
    ) -> Callable[[H], H]:
        def declare(handle: H) -> H:
            hints = get_type_hints(handle, include_extras=True)
            answer = hints.pop("return")
            if get_origin(answer) is Ready:
                (answer,) = get_args(answer)
            arguments = {name: _argument(name, hint, method, path) for name, hint in hints.items()}
            codes = tuple(dict.fromkeys((*refuses, *_OF_METHODS[method], *_usual(arguments), *_OF_GATES[right])))
            where = self._base + path
            made = Operation(method, where, self._subject, status, handle, arguments, answer, codes, right)
            self.operations.append(made)
            return handle

        return declare


def _argument(name: str, hint: Any, method: Method, path: str) -> Argument:
    if hint in {LocalDoor, Reads, When, Engine, Document}:
        return Given(hint)
    if get_origin(hint) is Annotated:
        return next(found for found in get_args(hint) if isinstance(found, Header))
    if f"{{{name}}}" in path:
        return Path(name)
    return Query(hint) if method == "GET" else Body(hint)


def _usual(arguments: dict[str, Argument]) -> tuple[ErrorCode, ...]:
    """The codes that follow from what an operation takes."""
    codes = list(_OF_ALL)
    if any(isinstance(argument, Body) for argument in arguments.values()):
        codes.append("too_large")
    if {Given(LocalDoor), Given(Reads)} & {*arguments.values()}:
        codes.extend(_OF_DOORS)
    if {Given(Reads), Given(When)} & {*arguments.values()}:
        codes.extend(_OF_THE_PAST)
    return tuple(codes)
