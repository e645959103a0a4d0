"""What Prometheus reads is true, bounded, and in a form that it takes."""

import asyncio
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message

from orchestrator.api.access import Asked, Caller
from orchestrator.api.app import create_app
from orchestrator.daemon import Engine
from orchestrator.exporters import Metrics
from orchestrator.exporters.meter import PrometheusMeter
from orchestrator.outward.pump import Facts
from orchestrator.runtime import snapshots
from orchestrator.runtime.clock import SystemClock
from statemachines.ids import SECOND_US, Timestamp
from tests.exporters.rig import CONFIG, build, measured, sample, scrape
from tests.house.source import ROOT
from tests.kit.core import Core, ended
from tests.runtime.rig import HandClock

OUTCOMES = ("delivered", "failed", "unwanted")


@pytest.mark.asyncio
async def test_every_number_is_what_a_recount_gives(tmp_path: Path) -> None:
    """If this fails, a graph shows something else than what is so."""
    async with measured(tmp_path) as (engine, metrics):
        await build(engine, *(f"good/{n}" for n in range(20)))
        await build(engine, "after/1", "after/2", "good/99")
        seen = await scrape(engine, metrics)
        world = (await engine.board()).world
        kinds = Counter([type(entry.event).__name__ async for batch in engine.log.read() for entry in batch])
    for name, states in (
        ("wantd_wants", world.wants),
        ("wantd_partitions", world.partitions),
        ("wantd_jobruns", world.runs),
    ):
        for state, number in Counter(type(one).__name__ for one in states.values()).items():
            assert seen[sample(name, state=state)] == number
    assert seen[sample("wantd_wants", state="Canceled")] == 0
    assert {kind: seen[sample("wantd_events_total", kind=kind)] for kind in kinds} == kinds
    assert seen[sample("wantd_log_head")] == world.seq
    assert seen[sample("wantd_jobrun_ends_total", job_name="good", outcome="succeeded")] == 21
    assert seen[sample("wantd_jobrun_seconds_count", job_name="good")] == 21
    assert seen[sample("wantd_jobrun_ends_total", job_name="bad", outcome="failed")] == 4
    assert seen[sample("wantd_partition_retries_total", job_name="bad", failure="exit_code")] == 2
    assert seen[sample("wantd_partition_failures_total", job_name="bad", failure="exit_code")] == 2
    assert seen[sample("wantd_pool_slots", pool="default")] == 1000
    assert seen[sample("wantd_pool_slots_used", pool="default")] == 0
    assert seen[sample("wantd_commit_events_sum")] == world.seq


@pytest.mark.asyncio
async def test_there_are_no_more_series_with_a_hundred_times_the_partitions(tmp_path: Path) -> None:
    """If this fails, a ref, an id or a number of things has become a label, and Prometheus pays for it for ever."""
    async with measured(tmp_path) as (engine, metrics):
        await build(engine, "good/0", "good/1")
        few = await scrape(engine, metrics)
        await build(engine, *(f"good/{n}" for n in range(200)))
        many = await scrape(engine, metrics)
    assert few.keys() == many.keys()
    assert len(few) < 400
    assert not [labels for _, labels in many if any("/" in value for _, value in labels)]


def test_what_was_under_way_at_a_restart_is_measured_to_its_end() -> None:
    """If this fails, the durations of adopted JobRuns are missing or begin at the restart."""
    core = Core(CONFIG)
    core.want("good/1")
    (run,) = core.active()
    meter = PrometheusMeter(registry := CollectorRegistry())
    meter.began(core.board.world)
    core.now = Timestamp(core.now + 40 * SECOND_US)
    done = len(core.facts)
    core.turn(ended(run))
    meter.turned(core.facts[done:], core.board.world, 0.0)
    assert registry.get_sample_value("wantd_jobrun_seconds_sum", {"job_name": "good"}) == 40


@pytest.mark.asyncio
async def test_a_clock_that_is_set_is_counted_by_direction(tmp_path: Path) -> None:
    """If this fails, times in the log go back and nobody can see when that began."""
    clock = HandClock()
    async with measured(tmp_path, clock) as (engine, metrics):
        for by_s in (-3600, 0.5, 7200, -30):
            clock.set(by_s)
            await build(engine, f"good/{abs(int(by_s))}")
        seen = await scrape(engine, metrics)
    assert seen[sample("wantd_clock_sets_total", direction="back")] == 2
    assert seen[sample("wantd_clock_sets_total", direction="forward")] == 1


@pytest.mark.asyncio
async def test_replay_and_snapshots_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, a start that takes ever longer, or snapshots that are made no more, are seen by nobody."""
    monkeypatch.setattr(snapshots, "ENTRIES_BETWEEN", 50)
    async with measured(tmp_path) as (engine, metrics):
        before = await scrape(engine, metrics)
        assert before[sample("wantd_snapshot_timestamp_seconds")] == before[sample("wantd_snapshot_head")] == 0
        for n in range(40):
            await build(engine, f"good/{n}")
        async with asyncio.timeout(30):
            while not (seen := await scrape(engine, metrics))[sample("wantd_snapshot_seconds")]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # it is made beside what happens here
        head = int(seen[sample("wantd_snapshot_head")])
        (entry,) = [entry async for batch in engine.log.read(after=head - 1, upto=head) for entry in batch]
    assert seen[sample("wantd_snapshot_timestamp_seconds")] == entry.at / SECOND_US
    async with measured(tmp_path) as (engine, metrics):
        again = await scrape(engine, metrics)
    assert 0 < again[sample("wantd_replay_seconds")] < 60
    assert again[sample("wantd_snapshot_head")] >= head


@pytest.mark.asyncio
async def test_how_far_others_have_been_told_is_measured(tmp_path: Path) -> None:
    """If this fails, a receiver that is told nothing is seen only by whoever misses the message."""
    async with measured(tmp_path) as (engine, metrics):
        await build(engine, "good/1")
        world = (await engine.board()).world
        now = SystemClock().now()
        metrics.outlets = lambda: (Facts("a", world.seq - 3, now - 90 * SECOND_US, 5, 2, 1), Facts("b", world.seq))
        seen = await scrape(engine, metrics)
    assert seen[sample("wantd_outward_behind_entries", outlet="a")] == 3
    assert 90 <= seen[sample("wantd_outward_behind_seconds", outlet="a")] < 150
    assert seen[sample("wantd_outward_behind_seconds", outlet="b")] == 0
    told = {outcome: seen[sample("wantd_outward_messages_total", outlet="a", outcome=outcome)] for outcome in OUTCOMES}
    assert told == {"delivered": 5, "failed": 2, "unwanted": 1}


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bwantd_[a-z_]+", text))


async def known(engine: Engine, metrics: Metrics) -> set[str]:
    await build(engine, "good/1", "after/1")
    return {name for name, _ in await scrape(engine, metrics)}


@pytest.mark.asyncio
@pytest.mark.parametrize("file", ["config/prometheus/rules.yml", "config/grafana/wantd.json"])
async def test_rules_and_panels_ask_for_what_there_is(file: str, tmp_path: Path) -> None:
    """If this fails, an alert or a panel stays silent for ever, since its metric has another name."""
    async with measured(tmp_path) as (engine, metrics):
        there = await known(engine, metrics)
    asked = names_in((ROOT / file).read_text())
    assert len(asked) > 10
    assert asked - there == set()


@pytest.mark.asyncio
async def test_every_metric_is_explained_and_no_other(tmp_path: Path) -> None:
    """If this fails, a metric has no explanation, or the page explains one that is gone."""
    async with measured(tmp_path) as (engine, metrics):
        there = {re.sub("_(count|sum|bucket)$", "", name) for name in await known(engine, metrics)}
    explained = set(re.findall(r"^\| `(wantd_\w+)`", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE))
    assert {name for name in there if name.startswith("wantd_")} == explained


def test_every_alert_has_a_page_that_says_what_to_do() -> None:
    """If this fails, somebody is woken by an alert that nobody explains."""
    alerts = re.findall(r"- alert: (\w+)", (ROOT / "config/prometheus/rules.yml").read_text())
    pages = {page.stem: page.read_text() for page in (ROOT / "docs/runbooks").glob("Wantd*.md")}
    assert alerts
    assert sorted(alerts) == sorted(pages)
    for alert, page in pages.items():
        assert page.startswith(f"# {alert}\n")
        assert "## What to do" in page


promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian's prometheus) is not installed"
)


@promtool
def test_promtool_takes_the_rules_and_their_tests_hold() -> None:
    """If this fails, Prometheus refuses the rules, or an alert fires when it should not."""
    folder = ROOT / "config/prometheus"
    for command in (["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_promtool_finds_nothing_to_say_about_a_scrape(tmp_path: Path) -> None:
    """If this fails, a metric breaks the conventions of Prometheus: its name, its unit or its help."""

    async def a_scrape() -> bytes:
        async with measured(tmp_path) as (engine, metrics):
            await build(engine, "good/1", "after/1")
            return (await metrics.render(engine, "text/plain")).body

    page = asyncio.run(a_scrape())
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")


@pytest.mark.asyncio
async def test_a_daemon_is_scraped_by_who_may_read_and_by_nobody_else(tmp_path: Path) -> None:
    """If this fails, Prometheus gets no page, or everybody does."""
    async with measured(tmp_path) as (engine, metrics):
        await build(engine, "good/1")

        def gate(request: Asked) -> Caller:
            role = request.headers.get("role")
            return Caller("test", "read" if role else None)

        app = create_app(engine, gate, metrics)
        status, headers, page = await answered(app, [(b"role", b"read")])
        unknown, _, nothing = await answered(app, [])
    assert (status, unknown) == (200, 401)
    assert headers[b"content-type"].startswith(b"text/plain; version=")
    assert b"wantd_log_head" in page
    assert b"wantd_log_head" not in nothing


async def answered(app: ASGIApp, headers: list[tuple[bytes, bytes]]) -> tuple[int, dict[bytes, bytes], bytes]:
    """What an application answers to who asks for the metrics: status, headers, body."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/metrics", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]
