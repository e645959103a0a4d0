"""`wantd outward` and the doctor say how it stands, and the past can be asked for."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from orchestrator.daemon import open_engine
from orchestrator.outward.cursor import CursorFile
from orchestrator.outward.outlets import telling
from tests.cli.kit import as_json, here
from tests.outward.rig import application, build, receiving, status, until

HOOK = '[[outward.webhook]]\nname = "alerts"\nurl = "{url}"\nsecret = "key"\n'


@pytest.mark.asyncio
async def test_the_past_is_sent_again_where_it_is_asked_for(tmp_path: Path) -> None:
    """Broken: a receiver that lost its data cannot have them again."""
    async with receiving() as receiver:
        told = application(tmp_path, HOOK.format(url=receiver.url))
        (tmp_path / "key").write_text("a key")
        async with open_engine(told) as engine, telling(engine):
            await build(engine, "bad/1")
            await build(engine, "bad/2")
            await until(lambda: len(receiver.seen) == 2)
            done = here(tmp_path, "outward", "resend", "alerts", "--from", "1")
            assert done.returncode == 0, done.stderr
            await until(lambda: len(receiver.seen) == 4)
    first, again = receiver.seen[:2], receiver.seen[2:]
    assert [(one.headers["webhook-id"], one.body) for one in first] == [
        (one.headers["webhook-id"], one.body) for one in again
    ]
    refused = here(tmp_path, "outward", "resend", "alarms", "--from", "1")
    assert refused.returncode == 66
    assert "alerts" in refused.stderr


def test_what_is_in_the_way_is_told(tmp_path: Path) -> None:
    """Broken: nobody can see that a receiver is told nothing, or why."""

    async def fail() -> None:
        async with receiving() as receiver:
            receiver.answers = [status(503)]
            told = application(tmp_path, HOOK.format(url=receiver.url))
            async with open_engine(told) as engine, telling(engine):
                await build(engine, "bad/1")
                place = CursorFile(told.layout.outward, "alerts")
                await until(lambda: (saved := place.load()) is not None and "503" in saved.trouble)

    application(tmp_path, HOOK.format(url="http://127.0.0.1:9/"))
    assert as_told(tmp_path) == {"name": "alerts", "done": None, "behind": None, "trouble": ""}
    found = doctor(tmp_path)
    assert (found["key of alerts"]["verdict"], "outlet alerts" in found) == ("problem", False)
    (tmp_path / "key").write_text("a key")
    asyncio.run(fail())
    told = as_told(tmp_path)
    assert isinstance(told["behind"], int)
    assert told["behind"] > 0
    assert "answered 503" in str(told["trouble"])
    assert "answered 503" in here(tmp_path, "outward", "status").stdout
    found = doctor(tmp_path)
    assert (found["outlet alerts"]["verdict"], found["outlet alerts"]["mend"] != "") == ("warning", True)


def test_the_doctor_misses_the_extra_of_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: that an extra is missing is seen only when the daemon does not start."""
    application(tmp_path, '[outward.opentelemetry]\nurl = "http://127.0.0.1:9/v1/traces"\n')
    assert "extra otel" not in doctor(tmp_path)
    find = importlib.util.find_spec

    def found(name: str) -> ModuleSpec | None:
        return None if name == "opentelemetry" else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    assert doctor(tmp_path)["extra otel"]["verdict"] == "problem"


def doctor(folder: Path) -> dict[str, dict[str, str]]:
    return {one["what"]: one for one in json.loads(here(folder, "doctor", "--json").stdout)}


def as_told(folder: Path) -> dict[str, object]:
    (one,) = as_json(folder, "outward", "status")
    return dict(one)
