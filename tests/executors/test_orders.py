"""The bookkeeping of what was asked of which keeper."""

import msgspec
import pytest

from orchestrator.executors.link import Link
from orchestrator.executors.orders import Orders


def link() -> Link:
    return Link(1, lambda link, said: None, lambda link: None)


def sent(orders: Orders, *links: Link) -> list[tuple[Link, list[bytes]]]:
    handed = orders.starts_to_send(links, newest=links[-1])
    return [(to, [bytes(request) for request in requests]) for to, requests in handed]


@pytest.mark.asyncio
async def test_a_start_follows_only_a_keeper_that_does_not_have_it() -> None:
    """Broken: a run is sent to a second keeper while the first may still claim it."""
    orders, first, second = Orders(), link(), link()
    orders.start("a", msgspec.Raw(b"a"))
    orders.start("b", msgspec.Raw(b"b"))
    assert orders.need_a_keeper
    assert sent(orders, first) == [(first, [b"a", b"b"])]
    orders.start("a", msgspec.Raw(b"again"))
    assert sent(orders, second) == []
    orders.disown(first, known={"a"})
    assert sent(orders, second) == [(second, [b"b"])]


@pytest.mark.asyncio
async def test_a_repeated_start_goes_to_the_keeper_that_has_the_run() -> None:
    """Broken: with two keepers alive, a start that is repeated runs the job a second time."""
    orders, old, new = Orders(), link(), link()
    orders.belong(["a"], old)
    orders.start("a", msgspec.Raw(b"a"))
    assert not orders.need_a_keeper
    assert sent(orders, new) == []
    assert sent(orders, old, new) == [(old, [b"a"])]


@pytest.mark.asyncio
async def test_a_stop_follows_its_run() -> None:
    """Broken: a run that was canceled while its keeper died runs to its end on the next one."""
    orders, first = Orders(), link()
    orders.start("a", msgspec.Raw(b"a"))
    orders.stop("a")
    orders.stop("ended")
    assert sent(orders, first) == [(first, [b"a"])]
    assert orders.stops_to_send() == ["a", "ended"]
    assert orders.stops_to_send() == []
    orders.ended(["ended"])
    orders.disown(first, known=set())
    assert orders.stops_to_send() == ["a"]


@pytest.mark.asyncio
async def test_requests_are_bounded() -> None:
    """Broken: a large fan-out is one line that a keeper refuses as too long."""
    orders, only = Orders(), link()
    for number in range(2500):
        orders.start(f"r{number}", msgspec.Raw(b"x"))
    for number in range(5):
        orders.start(f"big{number}", msgspec.Raw(b"x" * (5 << 20)))
    requests = [request for _, request in sent(orders, only)]
    assert sum(map(len, requests)) == 2505
    assert all(len(request) <= 1000 and sum(map(len, request)) <= 13 << 20 for request in requests)
