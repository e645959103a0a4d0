"""Traces: decoded as a collector would, one for each want, the same whenever they are made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from orchestrator.daemon import Engine, open_engine
from orchestrator.outward.otlp import encode
from orchestrator.outward.outlets import telling
from orchestrator.outward.sinks import Batch, Scene
from orchestrator.outward.traces import Traces
from statemachines.ids import WantId
from statemachines.jobrun import RunSpec
from statemachines.traits import activation_of, head_of
from tests.cli.kit import here
from tests.outward.eventful import eventful, everything
from tests.outward.rig import Receiver, application, build, receiving, status, until

Span = trace_pb2.Span


def spans_of(receiver: Receiver) -> list[Span]:
    """All spans that were received, checked to be of this application."""
    found: list[Span] = []
    for posted in receiver.seen:
        assert posted.headers["content-type"] == "application/x-protobuf"
        request = ExportTraceServiceRequest.FromString(posted.body)
        (resource,) = request.resource_spans
        told = {one.key: one.value.string_value for one in resource.resource.attributes}
        assert (told["service.name"], told["wantd.application"]) == ("wantd", "told")
        found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


async def batches(engine: Engine) -> AsyncIterator[Batch]:
    """The log, batch by batch."""
    entries = [entry async for chunk in engine.log.read() for entry in chunk]
    for first in dict.fromkeys(entry.batch for entry in entries):
        yield [entry for entry in entries if entry.batch == first]


@pytest.mark.asyncio
async def test_every_want_is_a_trace_and_every_run_and_wait_a_span_of_it(tmp_path: Path) -> None:
    """Broken: a trace shows something else than what happened, has loose ends, or leaves out what was waited for."""
    async with receiving() as receiver:
        told = eventful(tmp_path, f'[outward.opentelemetry]\nurl = "{receiver.url}"\n')
        async with open_engine(told) as engine, telling(engine) as running:
            await until((told.layout.outward / "opentelemetry.json").exists)
            await everything(engine)
            head = engine.log.head.seq
            await until(lambda: running.facts()[0].done >= head)
            world = (await engine.board()).world
    spans = spans_of(receiver)
    roots = {span.span_id: span for span in spans if not span.parent_span_id}
    assert [span for span in spans if sum(span.span_id == other.span_id for other in spans) > 1] == []
    assert len({root.trace_id for root in roots.values()}) == len(world.wants) == len(roots) - 1, "one was retried"
    for span in spans:
        assert (len(span.trace_id), len(span.span_id)) == (16, 8)
        if span.parent_span_id:
            root = roots[span.parent_span_id]
            assert root.trace_id == span.trace_id
            assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    runs = {
        attributes(span)["wantd.jobrun"]: span for span in spans if span.name in {"bad", "sum", "good", "half", "slow"}
    }
    for run, state in world.runs.items():
        head_spec = head_of(state)
        if activation_of(state) is None or not isinstance(head_spec, RunSpec) or head_spec.job not in {"bad", "sum"}:
            continue
        span = runs[run]
        assert span.status.code == (2 if head_spec.job == "bad" else 1)
        assert span.trace_id == Traces(told.catalog, encode).trace_id(head_spec.want)
    names = {span.name for span in spans}
    assert names >= {
        "want", "ready", "building", "waiting for inputs", "paused", "gathering a batch", "queued", "backoff",
        "waiting for what was missing", "misses", "half", "slow", "good", "sum", "bad",
    }  # fmt: skip
    backoffs = [span for span in spans if span.name == "backoff"]
    assert all(span.end_time_unix_nano - span.start_time_unix_nano >= 40_000_000 for span in backoffs)
    failed = next(root for root in roots.values() if root.status.code == 2)
    assert "as it should" in failed.status.message
    assert attributes(failed)["wantd.state"] == "Failed"
    assert MessageToDict(failed)["kind"] == "SPAN_KIND_INTERNAL"


@pytest.mark.asyncio
async def test_a_trace_does_not_depend_on_where_a_daemon_was_ended(tmp_path: Path) -> None:
    """Broken: after a restart spans are missing, begin at the restart, or have other ids."""
    told = eventful(tmp_path, "")
    async with open_engine(told) as engine:
        await everything(engine)
        log = [batch async for batch in batches(engine)]
        scene = Scene((await engine.board()).world, engine.log)
        whole, reference, marks = Traces(told.catalog, encode), list[list[object]](), list[int | None]()
        for batch in log:
            marks.append(whole.oldest)
            reference.append(list(await whole.take(batch, scene)))
        assert whole.oldest is None, "nothing is open, so nothing is remembered"
        for cut in range(len(log)):
            oldest = marks[cut]
            since = cut if oldest is None else next(n for n, batch in enumerate(log) if batch[-1].seq >= oldest)
            later = Traces(told.catalog, encode)
            for batch in log[since:cut]:
                await later.take(batch, scene)
            assert [list(await later.take(batch, scene)) for batch in log[cut:]] == reference[cut:]


@pytest.mark.asyncio
async def test_spans_that_are_sent_again_are_the_same(tmp_path: Path) -> None:
    """Broken: a collector that was sent a span twice shows it twice."""
    async with receiving() as receiver:
        receiver.answers = [status(503), status(200)]
        told = application(tmp_path, f'[outward.opentelemetry]\nurl = "{receiver.url}"\n')
        async with open_engine(told) as engine, telling(engine) as running:
            await build(engine, "good/1")
            await until(lambda: running.facts()[0].done == engine.log.head.seq)
            first = spans_of(receiver)
            assert here(tmp_path, "outward", "resend", "opentelemetry", "--from", "1").returncode == 0
            await until(lambda: len(spans_of(receiver)) >= len(first) * 3 // 2)
            await until(lambda: running.facts()[0].done == engine.log.head.seq)
    ids = [(span.trace_id, span.span_id) for span in spans_of(receiver)]
    assert len(set(ids)) < len(ids)
    assert {span.SerializeToString() for span in spans_of(receiver)} == {span.SerializeToString() for span in first}


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from wantd.__main__ import main
sys.argv = ["wantd", "serve"]
main()
"""


def test_without_the_extra_the_daemon_says_what_to_install(tmp_path: Path) -> None:
    """Broken: who forgot the extra gets a traceback, or no traces and no word."""
    application(tmp_path, '[outward.opentelemetry]\nurl = "http://127.0.0.1:9/v1/traces"\n')
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "wantd[otel]" in done.stderr) == (78, True), done.stderr


def test_nobody_needs_the_extra_who_wants_no_traces() -> None:
    """Broken: the base installation does not start."""
    program = "import sys; import orchestrator.outward.outlets; print('google.protobuf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_ids_are_of_the_application_the_want_and_the_run(tmp_path: Path) -> None:
    """Broken: what was sent before an update has other ids than what is sent after it."""
    traces = Traces(application(tmp_path, "").catalog, encode)
    assert traces.trace_id(WantId("w1-1")).hex() == "7403958b2483778caa9a851a37428c37"
    assert traces.span_id("r1-2").hex() == "1bafa69d624aff63"
    assert traces.span_id("w1-1", 7) != traces.span_id("w1-1")
