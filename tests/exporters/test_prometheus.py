"""A real Prometheus scrapes a real daemon, with our configuration, our rules and every query of our dashboard."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from orchestrator.views.shapes import Wish
from tests.api.tcp import free_port
from tests.cli.kit import here, line_with, start, stop
from tests.exporters.rig import JOBS
from tests.house.source import ROOT
from wantd.client import Client, DoorError

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus (the package of Debian) is not installed"
)

PATIENCE_S = 90.0
WINDOW = "10s"
"""What Grafana would put in for $__rate_interval."""

CONFIG = f"""
[application]
name = "scraped"
python = "{sys.executable}"
[api]
listen = "127.0.0.1:PORT"
[pools]
default = 50
narrow = 1
[[job]]
name = "good"
outputs = ["good/{{n:int}}"]
python = "scraped_jobs:good"
executor = "inline"
[[job]]
name = "bad"
outputs = ["bad/{{n:int}}"]
python = "scraped_jobs:bad"
executor = "inline"
retry = {{ tries = 2, backoff = "20ms" }}
[[job]]
name = "slow"
outputs = ["slow/{{n:int}}"]
command = ["sh", "-c", "exec sleep 600"]
pool = "narrow"
[[outward.webhook]]
name = "alerts"
url = "http://127.0.0.1:9/"
"""


class Prometheus(NamedTuple):
    """A Prometheus that answers."""

    port: int

    def ask(self, what: str, **parameters: str) -> Any:
        """Ask its API."""
        with urlopen(f"http://127.0.0.1:{self.port}/api/v1/{what}?{urlencode(parameters)}", timeout=20) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return told["data"]

    def values(self, query: str) -> list[float]:
        """What a query gives now, without what is no number."""
        found = [float(one["value"][1]) for one in self.ask("query", query=query)["result"]]
        return [value for value in found if not math.isnan(value)]

    def rules(self) -> dict[str, dict[str, Any]]:
        """All rules, by name."""
        return {rule["name"]: rule for group in self.ask("rules")["groups"] for rule in group["rules"]}


@contextmanager
def daemon(app: Path) -> Generator[Client]:
    """The real daemon, with a snapshot in its log."""
    assert here(app, "build", "good/0").returncode == 0
    assert here(app, "bel", "snapshot", "make").returncode == 0
    process, client = start(app, "serve"), Client(app / ".wantd" / "socket")
    try:
        line_with(process, "ready")
        yield client
    finally:
        with suppress(DoorError):
            cancel_all(client)
        stop(process)


def cancel_all(client: Client) -> None:
    """Leave nothing running: it would outlive the daemon."""
    for wish in client.wants():
        if wish.state in {"Idle", "Building", "UpstreamBuilding"}:
            client.cancel_want(wish.id)
    until(lambda: client.status().jobruns_open == 0)


@contextmanager
def prometheus(folder: Path, daemon_port: int, token: str) -> Generator[Prometheus]:
    """A Prometheus with the configuration that we ship, in a hurry."""
    port = free_port()
    shutil.copytree(ROOT / "config" / "prometheus", folder)
    (folder / "wantd.token").write_text(token)
    text = (folder / "prometheus.yml").read_text()
    hurried = re.sub(r"_interval: 15s", "_interval: 500ms", text).replace("127.0.0.1:4747", f"127.0.0.1:{daemon_port}")
    assert hurried.count("500ms") == 2
    (folder / "prometheus.yml").write_text(hurried)
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": f"127.0.0.1:{port}",
        "log.level": "error",
    }
    process = subprocess.Popen(["prometheus", *(f"--{name}={value}" for name, value in options.items())])
    try:
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait(30)


def until(condition: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Do something, until something is so."""
    over = time.monotonic() + PATIENCE_S
    while True:
        try:
            if condition():
                return
        except OSError:  # Prometheus has not come up
            pass
        assert time.monotonic() < over, "it never became so"
        meanwhile()
        time.sleep(0.2)


def queries(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """Every query of the dashboard as Grafana would send it, by panel."""
    found: dict[str, str] = {}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$instance", ".*").replace("$__rate_interval", WINDOW)
            assert "$" not in query
            found[f"{panel['title']} {target['refId']}"] = query
    return found


def test_a_real_prometheus_shows_what_a_real_daemon_does(tmp_path: Path) -> None:
    """Broken: the configuration that we ship does not scrape, a panel stays empty, or a rule cannot be read."""
    app, daemon_port = tmp_path / "app", free_port()
    app.mkdir()
    (app / "wantd.toml").write_text(CONFIG.replace("PORT", str(daemon_port)))
    (app / "scraped_jobs.py").write_text(JOBS)
    token = here(app, "token", "create", "prometheus", "--role", "read").stdout.strip()
    asked = queries(json.loads((ROOT / "config" / "grafana" / "wantd.json").read_text()))
    numbers = count(1)
    with daemon(app) as client, prometheus(tmp_path / "prometheus", daemon_port, token) as seen:

        def work() -> None:
            """Builds that succeed and fail, as they come; each adds to every counter."""
            n = next(numbers)
            client.create_want(Wish((f"good/{n}", f"bad/{n}")))

        client.create_want(Wish(("slow/1", "slow/2"), sla_s=0.1))
        until(lambda: seen.values("up") == [1.0])
        until(lambda: not [panel for panel, query in asked.items() if not seen.values(query)], work)
        recorded = [name for name, rule in seen.rules().items() if rule["type"] == "recording"]
        assert len(recorded) >= 5
        until(lambda: all(seen.values(name) for name in recorded), work)
        until(lambda: seen.rules()["WantdJobFails"]["state"] == "firing", work)
        until(lambda: seen.rules()["WantdWantsLate"]["state"] == "pending")
        rules = seen.rules()
        assert seen.values("wantd_late_wants") == [1.0]
        assert seen.values('wantd_pool_queued_jobruns{pool="narrow"}') == [1.0]
        assert seen.values('wantd_outward_messages_total{outcome="failed"}')[0] > 0
    assert {name: rule["lastError"] for name, rule in rules.items() if rule.get("lastError")} == {}
    assert {rule["health"] for rule in rules.values()} == {"ok"}
    alerts = {name: rule["state"] for name, rule in rules.items() if rule["type"] == "alerting"}
    assert len(alerts) >= 13
    assert (alerts["WantdDown"], alerts["WantdReadOnly"], alerts["WantdRunsLost"]) == ("inactive",) * 3
