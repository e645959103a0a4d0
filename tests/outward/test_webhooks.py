"""Webhooks: one message a root cause, signed, to nobody but the receiver, and until it has arrived."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.daemon import open_engine
from orchestrator.outward import posting
from orchestrator.outward.credentials import signature
from orchestrator.outward.messages import Message
from orchestrator.outward.outlets import telling
from statemachines.want import WantFailed, WantUpstreamFailed
from tests.outward.rig import (
    Answering,
    Receiver,
    application,
    babbling,
    build,
    cut_off,
    dripping,
    hanging_up,
    receiving,
    status,
    until,
    want,
)

KEY = base64.b64encode(b"canary-of-a-webhook-key-0001").decode()


def hook(receiver: Receiver, more: str = "") -> str:
    return f'[[outward.webhook]]\nname = "alerts"\nurl = "{receiver.url}"\nsecret = "key"\n{more}'


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(posted.body) for posted in receiver.seen]


@pytest.mark.asyncio
async def test_ten_wants_that_fail_for_one_partition_are_one_message(tmp_path: Path) -> None:
    """Broken: one broken file of the morning sends a message for every want above it, or does not name them all."""
    async with receiving() as receiver:
        told = application(tmp_path, hook(receiver))
        (tmp_path / "key").write_text(f"whsec_{KEY}\n")
        async with open_engine(told) as engine, telling(engine):
            await build(engine, "good/1")
            wants = [await want(engine, f"after/1/{n}", comment=f"no. {n}") for n in range(9)]
            wants.append(await want(engine, "bad/1"))
            await build(engine, "bad/2")
            await until(lambda: len(receiver.seen) >= 2)
            evidence = {
                failure.evidence
                async for batch in engine.log.read()
                for entry in batch
                if isinstance(entry.event, WantFailed | WantUpstreamFailed) and entry.event.id in wants
                for failure in entry.event.failures
            }
    first, second = bodies(receiver)
    assert first["type"] == second["type"] == "want.failed"
    assert {one["id"] for one in first["data"]["wants"]} == set(wants)
    assert {one["state"] for one in first["data"]["wants"]} == {"Failed", "UpstreamFailed"}
    assert first["data"]["wants_count"] == 10
    cause = first["data"]["cause"]
    assert (cause["ref"], cause["job"], cause["failure"]) == ("bad/1", "bad", "exit_code")
    assert "as it should" in cause["reason"]
    assert evidence == {cause["seq"]}
    assert second["data"]["cause"]["ref"] == "bad/2"
    for posted in receiver.seen:
        assert posted.target == "/hook?for=test"
        assert_signed(posted.headers, posted.body)
    assert receiver.seen[0].headers["webhook-id"] != receiver.seen[1].headers["webhook-id"]


def assert_signed(headers: dict[str, str], body: bytes) -> None:
    """As the specification of Standard Webhooks says, computed the long way round."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}".encode()
    mac = hmac.new(base64.b64decode(KEY), content, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"


def test_a_signature_is_the_one_of_the_specification() -> None:
    """Broken: libraries of receivers take our messages for forged."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    assert signature(key, message, "1614265330") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.asyncio
async def test_only_what_was_asked_for_is_told_and_what_has_no_cause_once_a_turn(tmp_path: Path) -> None:
    """Broken: a receiver of failures is told of successes, or the other way round."""
    async with receiving() as receiver:
        told = application(tmp_path, hook(receiver, 'states = ["Successful", "Canceled"]'))
        (tmp_path / "key").write_text("a plain text is a key too")
        async with open_engine(told) as engine, telling(engine):
            await build(engine, "bad/1")
            done = await build(engine, "good/1", "good/2")
            await until(lambda: len(receiver.seen) == 1)
    (body,) = bodies(receiver)
    assert body["type"] == "want.successful"
    assert body["data"]["cause"] is None
    assert body["data"]["wants"] == [
        {
            "id": done,
            "state": "Successful",
            "actor": "cli:test",
            "comment": "",
            "refs_count": 2,
            "refs": ["good/1", "good/2"],
        }
    ]


ANSWERS: dict[str, Answering] = {
    "unavailable": status(503),
    "not authenticated": status(401),
    "redirected elsewhere": status(307, "Location: http://127.0.0.1:1/"),
    "asks for patience": status(429, "Retry-After: 1"),
    "drips": dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "hangs up": hanging_up,
    "babbles": babbling,
}


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", ANSWERS)
async def test_what_did_not_arrive_is_sent_again_and_nothing_is_overtaken(answer: str, tmp_path: Path) -> None:
    """Broken: a receiver that is ill for a while misses a message, or gets a later one first, or stops the engine."""
    async with receiving() as receiver:
        receiver.answers = [ANSWERS[answer], ANSWERS[answer], status(200)]
        told = application(tmp_path, hook(receiver, 'timeout = "300ms"'))
        (tmp_path / "key").write_text(KEY)
        async with open_engine(told) as engine, telling(engine) as running:
            await build(engine, "bad/1")
            await until(lambda: running.facts()[0].failed > 0)
            (ill,) = running.facts()
            trouble, waiting = ill.trouble, ill.waiting_since
            await build(engine, "bad/2")
            await until(lambda: len(receiver.seen) >= 4)
            await until(lambda: running.facts()[0].done == engine.log.head.seq)
            (well,) = running.facts()
    assert [body["data"]["cause"]["ref"] for body in bodies(receiver)] == ["bad/1", "bad/1", "bad/1", "bad/2"]
    assert len({posted.headers["webhook-id"] for posted in receiver.seen}) == 2
    assert f"127.0.0.1:{receiver.port}" in trouble
    assert "for=test" not in trouble
    assert waiting is not None
    assert (well.delivered, well.failed, well.unwanted, well.trouble) == (2, 2, 0, "")


@pytest.mark.asyncio
async def test_a_message_that_a_receiver_never_takes_does_not_hold_up_the_next(tmp_path: Path) -> None:
    """Broken: one message that a receiver cannot read is the last that it ever gets."""
    async with receiving() as receiver:
        receiver.answers = [status(422), status(200)]
        told = application(tmp_path, hook(receiver))
        (tmp_path / "key").write_text(KEY)
        async with open_engine(told) as engine, telling(engine) as running:
            await build(engine, "bad/1")
            await until(lambda: running.facts()[0].unwanted == 1)
            assert "422" in running.facts()[0].trouble
            await build(engine, "bad/2")
            await until(lambda: running.facts()[0].delivered == 1)
    assert [body["data"]["cause"]["ref"] for body in bodies(receiver)] == ["bad/1", "bad/2"]
    assert receiver.connections == 1, "a connection is used again"


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"), cut_off])
async def test_who_has_answered_has_answered_whatever_follows(
    answer: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a receiver that said yes and then takes its time is told the same for ever."""
    monkeypatch.setattr(posting, "BODY_S", 0.1)
    async with receiving() as receiver:
        receiver.answers = [answer]
        told = application(tmp_path, hook(receiver))
        (tmp_path / "key").write_text(KEY)
        async with open_engine(told) as engine, telling(engine) as running:
            await build(engine, "bad/1")
            await build(engine, "bad/2")
            await until(lambda: running.facts()[0].done == engine.log.head.seq)
            assert (running.facts()[0].delivered, running.facts()[0].failed) == (2, 0)
    assert [body["data"]["cause"]["ref"] for body in bodies(receiver)] == ["bad/1", "bad/2"]


@pytest.mark.asyncio
async def test_no_key_is_found_anywhere(tmp_path: Path) -> None:
    """Broken: who may read the state or the metrics can forge messages; or a message goes out without its signature."""
    async with receiving() as receiver:
        told = application(tmp_path, hook(receiver))
        async with open_engine(told) as engine, telling(engine) as running:
            await build(engine, "bad/1")
            await until(lambda: running.facts()[0].failed > 0)
            missing = running.facts()[0].trouble
            (tmp_path / "key").write_text(f"whsec_{KEY}!")
            await until(lambda: "base64" in running.facts()[0].trouble)
            wrong = running.facts()[0].trouble
            assert receiver.seen == []
            (tmp_path / "key").write_text(f"whsec_{KEY}")
            await until(lambda: len(receiver.seen) == 1)
    assert "cannot be read" in missing
    for text in (missing, wrong, *(str(posted) for posted in receiver.seen)):
        assert KEY not in text
    state = [path.read_bytes() for path in (tmp_path / ".wantd").rglob("*") if path.is_file()]
    assert not [content for content in state if KEY.encode() in content or b"canary-of-a-webhook" in content]


@pytest.mark.asyncio
async def test_the_engine_does_not_wait_for_a_receiver_that_never_answers(tmp_path: Path) -> None:
    """Broken: a build is slower, or a daemon does not end, because somebody far away does not read."""
    never = asyncio.Event()

    async def silent(*_: object) -> bool:
        return await never.wait()

    async with receiving() as receiver:
        receiver.answers = [silent]
        told = application(tmp_path, hook(receiver))
        (tmp_path / "key").write_text(KEY)
        async with asyncio.timeout(30):
            async with open_engine(told) as engine, telling(engine):
                for n in range(5):
                    await build(engine, f"bad/{n}")
                await until(lambda: len(receiver.seen) == 1)
