"""What can be done, said once; and how each door is told to do it.

A deed names an operation of the table, what stands in its path and its body, and which version of the thing was seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from getpass import getuser
from typing import Any, NamedTuple, cast

import msgspec

from orchestrator.api.operations import OPERATIONS
from orchestrator.views.shapes import Wish
from tests.cli.kit import here, wantd
from tests.parity.house import House
from wantd.client import Client

BY_NAME = {operation.name: operation for operation in OPERATIONS}


class Deed(NamedTuple):
    """Something to be done."""

    operation: str
    body: Mapping[str, Any]
    parts: Mapping[str, str] = {}
    seen: int | None = None


class Way(NamedTuple):
    """A door: how it is told, who stands in the log then, and where a want is said to come from."""

    do: Callable[[House, Deed], Awaitable[None]]
    actor: str
    source: str


async def by_http(house: House, deed: Deed) -> None:
    """The API, as anybody would speak to it."""
    body = dict(deed.body)
    headers = {} if deed.seen is None else {"If-Match": f'"{deed.seen}"'}
    if (key := body.pop("idempotency_key", None)) is not None:
        headers["Idempotency-Key"] = key
    target = BY_NAME[deed.operation].path.format(**deed.parts)
    answer = await house.listener.ask("operate", "POST", target, body, **headers)
    assert answer.status in {200, 201}, answer


def _tainted(body: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    return tuple(body["refs"]), body["reason"]


CALLS: Mapping[str, Callable[[Client, Deed], object]] = {
    "create_want": lambda client, deed: client.create_want(msgspec.convert(dict(deed.body), Wish)),
    "cancel_want": lambda client, deed: client.cancel_want(deed.parts["want"], **deed.body, expected=deed.seen),
    "pause_want": lambda client, deed: client.pause_want(deed.parts["want"], **deed.body, expected=deed.seen),
    "resume_want": lambda client, deed: client.resume_want(deed.parts["want"], expected=deed.seen),
    "retry_want": lambda client, deed: client.retry_want(deed.parts["want"], expected=deed.seen),
    "taint": lambda client, deed: client.taint(*_tainted(deed.body), downstream=deed.body.get("downstream", False)),
    "report": lambda client, deed: client.report(**deed.body),
    "cancel_jobrun": lambda client, deed: client.cancel_jobrun(deed.parts["run"], **deed.body, expected=deed.seen),
}


async def by_client(house: House, deed: Deed) -> None:
    """``wantd.Client``."""
    client = Client(f"http://{house.listener.host}", house.listener.tokens["operate"])
    await asyncio.to_thread(CALLS[deed.operation], client, deed)


WORDS: Mapping[str, tuple[str, ...]] = {
    "create_want": ("want", "create"),
    "cancel_want": ("want", "cancel"),
    "pause_want": ("want", "pause"),
    "resume_want": ("want", "resume"),
    "retry_want": ("want", "retry"),
    "taint": ("partition", "taint"),
    "report": ("partition", "report"),
    "cancel_jobrun": ("jobrun", "cancel"),
}
SHORT = {"ttl_s": "ttl", "sla_s": "sla"}
"""Durations have a unit where people write them."""


def arguments_of(deed: Deed) -> list[str]:
    """What is typed behind the words of a command."""
    body = dict(deed.body)
    named = [*deed.parts.values(), *body.pop("refs", ()), *([body.pop("ref")] if "ref" in body else [])]
    typed: list[str] = []
    for name, value in body.items():
        option = f"--{SHORT.get(name, name).replace('_', '-')}"
        if value is True:
            typed += [option]
        elif isinstance(value, dict):
            facts = cast("dict[str, str]", value)
            typed += [word for fact in facts.items() for word in (option, "=".join(fact))]
        else:
            typed += [option, f"{value}s" if name in SHORT else str(value)]
    return [*typed, *named]


async def by_command(house: House, deed: Deed) -> None:
    """The command line, which finds the socket."""
    done = await asyncio.to_thread(here, house.folder, *WORDS[deed.operation], *arguments_of(deed))
    assert done.returncode == 0, (deed, done.stderr)


async def by_build(house: House, deed: Deed) -> None:
    """``wantd build``, which makes a want and waits for it; a process of its own, since it listens to Ctrl-C."""
    done = await asyncio.to_thread(wantd, house.folder, "build", *arguments_of(deed))
    assert done.returncode == 0, (deed, done.stderr)


async def by_console(house: House, deed: Deed) -> None:
    """The form on a page."""
    body = {name: " ".join(value) if name == "refs" else value for name, value in deed.body.items()}
    fields = {SHORT.get(name, name): _filled(name, value) for name, value in body.items()}
    if deed.seen is not None:
        fields["seen"] = str(deed.seen)
    path = BY_NAME[deed.operation].path.removeprefix("/api/v1").format(**deed.parts)
    answer = await house.anna.press(path, **fields)
    assert answer.status == 303, answer.words


def _filled(name: str, value: object) -> str:
    if value is True:
        return "yes"
    return f"{value}s" if name in SHORT else str(value)


WAYS: Mapping[str, Way] = {
    "http": Way(by_http, "api:op", "api"),
    "client": Way(by_client, "api:op", "api"),
    "command": Way(by_command, f"cli:{getuser()}", "cli"),
    "build": Way(by_build, f"cli:{getuser()}", "cli"),
    "console": Way(by_console, "console:anna", "console"),
}
