"""The clients for programs ask what the document says may be asked, and understand what it says is answered."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator.api.wire import BlockingWire
from orchestrator.views.shapes import EntryFilter, JobRunFilter, PartitionFilter, WantFilter, Wish
from tests.api.tcp import listening
from tests.house.source import ROOT
from wantd.client import AsyncClient, Client, DoorError

DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
NOT_FOR_CLIENTS = {
    "show_document",
    "livez",
    "readyz",
    "stream_entries",
    "stream_log",
    "list_cloudevents",
    "stream_cloudevents",
    "next_entries",
    "show_moment",
}
"""What describes, what machines look at, and what other calls are made of: ``tail`` and ``at``."""

WISH = Wish(("a",), "e", "console", 1, 2.0, 3.0, "2013-01-01", "k", "c", plan="p")
ASKED: dict[str, Callable[[Client], object]] = {
    "create_want": lambda client: client.create_want(WISH),
    "list_wants": lambda client: client.wants(WantFilter(("Idle",), "a", "newest", "w0-0", 5)),
    "show_want": lambda client: client.want("w/1"),
    "wait_want": lambda client: client.wait_want("w1", 5),
    "show_progress": lambda client: client.progress("w1"),
    "cancel_want": lambda client: client.cancel_want("w1", "x", expected=3),
    "pause_want": lambda client: client.pause_want("w1", "x", expected=3),
    "resume_want": lambda client: client.resume_want("w1", expected=3),
    "retry_want": lambda client: client.retry_want("w1", expected=3),
    "list_partitions": lambda client: client.partitions(PartitionFilter("a", "a", ("Live",), "canonical", "a", 5)),
    "show_partition": lambda client: client.partition("a"),
    "show_lineage": lambda client: client.lineage("a", "up", 3),
    "taint": lambda client: client.taint(("a",), "x", downstream=True),
    "report": lambda client: client.report("a", digest="d", location="l", metadata={"a": 1}),
    "list_jobruns": lambda client: client.jobruns(JobRunFilter("j", ("Queued",), "w1", "newest", "r0-0", 5)),
    "show_jobrun": lambda client: client.jobrun("r1"),
    "cancel_jobrun": lambda client: client.cancel_jobrun("r1", "x", expected=3),
    "show_log": lambda client: client.log_text("r1", 5),
    "list_jobs": lambda client: client.jobs(),
    "show_lookup": lambda client: client.lookup("a"),
    "make_plan": lambda client: client.plan(("a",)),
    "show_why": lambda client: client.why("a"),
    "show_graph": lambda client: client.graph("a", 2),
    "list_entries": lambda client: client.entries(EntryFilter(1, 9, "k", "e", 5)),
    "show_diff": lambda client: client.diff("1", "2"),
    "run_sql": lambda client: client.sql("SELECT 1", 7),
    "show_status": lambda client: client.status(),
}
"""Each operation, with everything that can be said."""


class Sent(Exception):
    """What a client would have sent."""

    def __init__(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(target)
        self.method, self.parts = method, urlsplit(target)
        self.body: dict[str, object] = json.loads(body or b"{}")
        self.headers = headers


class Described(NamedTuple):
    """An operation as the document has it."""

    method: str
    path: str
    told: dict[str, Any]

    def names(self, where: str) -> set[str]:
        return {one["name"] for one in self.told.get("parameters", ()) if one["in"] == where}

    def fields(self) -> set[str]:
        body = self.told.get("requestBody")
        if body is None:
            return set()
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return set(DOCUMENT["components"]["schemas"][name]["properties"])

    def answer(self) -> str:
        good = next(told for status, told in self.told["responses"].items() if status.startswith("2"))
        return str(good["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2])


def described() -> Iterator[tuple[str, Described]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, told in methods.items():
            yield told["operationId"], Described(method.upper(), path, told)


OPERATIONS = dict(described())


def sent_by(ask: Callable[[Client], object], monkeypatch: pytest.MonkeyPatch) -> Sent:
    def exchange(_: object, *said: Any) -> bytes:
        raise Sent(*said)

    monkeypatch.setattr(BlockingWire, "exchange", exchange)
    with pytest.raises(Sent) as caught:
        ask(Client(Path("nowhere")))
    return caught.value


def test_every_operation_can_be_asked_for() -> None:
    """Broken: the API grew, and programs cannot ask for what is new."""
    assert set(ASKED) == set(OPERATIONS) - NOT_FOR_CLIENTS


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_is_what_the_document_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a client sends what is refused, or cannot say something that may be said."""
    operation, sent = OPERATIONS[name], sent_by(ASKED[name], monkeypatch)
    assert sent.method == operation.method
    assert re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", operation.path), sent.parts.path)
    assert set(parse_qs(sent.parts.query)) == operation.names("query") - {"at"}
    assert set(sent.body) == operation.fields()
    assert set(sent.headers) == operation.names("header") - {"Idempotency-Key"}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_answered_is_what_the_document_says(name: str) -> None:
    """Broken: a client takes an answer for something else than it is."""
    method = getattr(Client, re.findall(r"client\.(\w+)\(", inspect.getsource(ASKED[name]))[0])
    shape = get_type_hints(method)["return"]
    is_list = get_origin(shape) is tuple
    found = f"Page_{get_args(shape)[0].__name__}_" if is_list else shape.__name__
    assert found == OPERATIONS[name].answer()


def test_both_clients_ask_alike() -> None:
    """Broken: what can be asked without an event loop cannot be asked with one, or the other way round."""

    def methods(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}

    assert methods(AsyncClient) - methods(Client) == {"close"}
    assert methods(Client) <= methods(AsyncClient)


@pytest.mark.asyncio
async def test_a_program_wants_waits_and_looks_back(tmp_path: Path) -> None:
    """Broken: the clients do not work over TCP, over the socket, or where an event loop runs."""
    async with listening(tmp_path) as listener:
        url, token = f"http://{listener.host}", listener.tokens["operate"]

        def used(client: Client) -> None:
            want = client.create_want(Wish(("top/1",)))
            assert client.wait_want(want.id, 30).state == "Successful"
            assert client.at("0").wants() == ()
            assert client.at(str(client.status().seq)).want(want.id).state == "Successful"
            assert next(client.tail(0)).kind == "WantCreated"

        await asyncio.to_thread(used, Client(url, token))
        await asyncio.to_thread(used, Client(listener.told.layout.socket))
        assert (await AsyncClient(url, token).status()).daemon
        with pytest.raises(DoorError) as caught:
            await AsyncClient(url).status()
        assert (caught.value.code, caught.value.exit_code) == ("not_authenticated", 77)
        with pytest.raises(DoorError) as caught:
            await AsyncClient(url, listener.tokens["read"]).create_want(Wish(("top/1",)))
        assert caught.value.code == "not_allowed"
    with pytest.raises(DoorError, match="no daemon"):
        await asyncio.to_thread(Client(url, token).status)
    with pytest.raises(DoorError, match="address"):
        Client("nonsense")


def test_a_job_does_not_pay_for_the_client() -> None:
    """Broken: every Python job imports what only programs that ask a daemon need."""
    program = "import sys; import wantd; assert 'msgspec' not in sys.modules; print(wantd.Client.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Client"
