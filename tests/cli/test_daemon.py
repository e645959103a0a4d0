"""The command line and a daemon: the same commands, over the socket."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.kit import as_json, here, line_with, make_application, start, stop, wantd


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """An application with its daemon."""
    app = make_application(tmp_path_factory.mktemp("daemon") / "app")
    daemon = start(app, "serve")
    line_with(daemon, "ready")
    yield app, daemon
    assert stop(daemon) == 0


@pytest.fixture
def app(served: tuple[Path, subprocess.Popen[str]]) -> Path:
    return served[0]


def create(app: Path, *arguments: str) -> str:
    """Create a want, and give its id."""
    done = here(app, "want", "create", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def state(app: Path, want: str) -> str:
    """The state of a want."""
    return str(as_json(app, "want", "show", want)["state"])


def test_a_want_is_made_waited_for_and_shown(app: Path) -> None:
    """Broken: wants cannot be made by hand."""
    want = create(app, "one/1", "one/2", "--comment", "by hand")
    done = here(app, "want", "wait", want, "--timeout", "30s")
    assert done.returncode == 0, done.stderr
    assert state(app, want) == "Successful"
    assert "by hand" in here(app, "want", "list", "--state", "Successful").stdout
    assert want in here(app, "want", "show", want).stdout


def test_waiting_ends_when_the_time_is_over(app: Path) -> None:
    """Broken: `want wait --timeout` waits for ever, or says that all is well."""
    want = create(app, "outside")
    assert here(app, "want", "wait", want, "--timeout", "50ms").returncode == 124
    here(app, "want", "cancel", want)


def test_a_failed_want_is_waited_for_and_tried_again(app: Path) -> None:
    """Broken: a failed want looks like a good one, or cannot be retried."""
    want = create(app, "broken")
    assert here(app, "want", "wait", want, "--timeout", "30s").returncode == 1
    assert here(app, "want", "retry", want).returncode == 0
    assert here(app, "want", "wait", want, "--timeout", "30s").returncode == 1
    assert len(as_json(app, "jobrun", "list", "--job", "broken")) >= 2


def test_a_want_is_paused_resumed_and_canceled(app: Path) -> None:
    """Broken: a person cannot hold up a want."""
    want = create(app, "outside", "--priority", "2")
    assert here(app, "want", "pause", want, "--reason", "not now").returncode == 0
    assert state(app, want) == "Paused"
    assert here(app, "want", "resume", want).returncode == 0
    assert state(app, want) == "UpstreamBuilding"
    assert here(app, "want", "cancel", want, "--reason", "never").returncode == 0
    assert as_json(app, "want", "show", want)["want"]["reason"] == "never"
    assert here(app, "want", "cancel", want).returncode == 1


def test_the_same_key_makes_one_want(app: Path) -> None:
    """Broken: a command that is sent twice wants twice."""
    first, second = (create(app, "one/5", "--idempotency-key", "k") for _ in range(2))
    assert first == second


def test_data_from_outside_is_reported_and_found(app: Path, tmp_path: Path) -> None:
    """Broken: data from outside cannot be announced, or not be found again."""
    place = tmp_path / "data"
    place.write_text("x")
    reported = here(app, "partition", "report", "outside", "--location", str(place), "--metadata", "rows=3")
    assert reported.returncode == 0, reported.stderr
    assert here(app, "partition", "path", "outside").stdout.strip() == str(place)
    assert here(app, "partition", "report", "outside", "--metadata", "rows").returncode == 2


def test_what_is_tainted_is_refused_and_built_again(app: Path) -> None:
    """Broken: tainted data is handed out, or stays tainted for ever."""
    assert wantd(app, "build", "sum").returncode == 0
    assert here(app, "partition", "taint", "one/1", "--downstream", "--reason", "wrong units").returncode == 0
    refused = here(app, "partition", "path", "sum")
    assert refused.returncode == 1
    assert "wrong units" in refused.stderr
    assert wantd(app, "build", "sum").returncode == 0
    assert here(app, "partition", "path", "sum").returncode == 0


def story(app: Path, want: str) -> Counter[str]:
    """What happened for a want, by kind. Whether a short job was seen running is chance."""
    lines = here(app, "bel", "tail", "--after", "0", "--entity", want, "--json").stdout.splitlines()
    kinds = Counter(json.loads(line)["kind"] for line in lines)
    del kinds["JobRunRunning"]
    return Counter({kind: count for kind, count in kinds.items() if not kind.startswith("Want")})


def test_a_build_leaves_the_same_story_with_and_without_a_daemon(app: Path, tmp_path: Path) -> None:
    """Broken: the daemon and a build of its own do different things."""
    alone = make_application(tmp_path / "alone")
    told = [as_json(place, "build", "one/31..33")["id"] for place in (app, alone)]
    assert story(app, told[0]) == story(alone, told[1])


def test_reads_answer_for_people_and_for_programs(app: Path) -> None:
    """Broken: a read has no table, or JSON that does not parse."""
    wantd(app, "build", "sum")
    reads = [
        *(["want", "list"], ["partition", "list"], ["partition", "list", "one/*"], ["partition", "show", "sum"]),
        *(["partition", "lineage", "sum"], ["jobrun", "list"], ["job", "list"], ["job", "lookup", "sum"]),
        *(["plan", "sum"], ["plan", "one/77"], ["why", "sum"], ["why", "one/78"], ["graph"], ["graph", "sum"]),
    ]
    for command in reads:
        json.loads(here(app, *command, "--json").stdout)
        told = here(app, *command)
        assert told.returncode == 0, told.stderr
        assert told.stdout or told.stderr


def test_a_running_job_is_seen_followed_and_canceled(app: Path) -> None:
    """Broken: a person cannot see what a job prints, or stop it."""
    want = create(app, "slow")
    while not (runs := as_json(app, "jobrun", "list", "--job", "slow", "--state", "Running")):
        pass
    run = runs[0]["id"]
    while "started" not in here(app, "jobrun", "logs", run).stdout:
        pass
    following = start(app, "jobrun", "logs", "-f", run)
    assert here(app, "jobrun", "cancel", run, "--reason", "too slow").returncode == 0
    printed, _ = following.communicate(timeout=30)
    assert printed == "started\n"
    assert here(app, "want", "wait", want, "--timeout", "30s").returncode == 1
    assert "too slow" in here(app, "jobrun", "show", run).stdout


def test_a_detached_build_leaves_an_id(app: Path) -> None:
    """Broken: --detach waits, or does not say what was made."""
    done = here(app, "build", "--detach", "one/6")
    assert done.returncode == 0
    assert state(app, done.stdout.strip()) in {"Idle", "Building", "UpstreamBuilding", "Successful"}


def test_an_interrupted_build_is_canceled_in_the_daemon(app: Path) -> None:
    """Broken: Ctrl-C of a build leaves the daemon building."""
    build = start(app, "build", "slow")
    line_with(build, "slow")
    while not as_json(app, "jobrun", "list", "--job", "slow", "--state", "Running"):
        pass
    build.send_signal(signal.SIGINT)
    build.communicate(timeout=30)
    assert build.returncode == 130
    assert as_json(app, "want", "list", "--open") == []


def test_new_entries_are_followed(app: Path) -> None:
    """Broken: `bel tail -f` shows the past only."""
    first = create(app, "one/1")
    with start(app, "bel", "tail", "-f", "-n", "1", "--kind", "WantCreated") as following:
        assert following.stdout is not None
        assert first in following.stdout.readline()
        second = create(app, "one/1")
        assert second in following.stdout.readline()
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130


def test_the_daemon_tells_what_ended_as_lines_of_json(tmp_path: Path) -> None:
    """Broken: the log of the daemon cannot be read by the machine that keeps it, or a drain is no clean end."""
    app = make_application(tmp_path / "app")
    daemon = start(app, "serve")
    assert json.loads(line_with(daemon, "ready"))["application"] == "kit"
    create(app, "broken")
    failed = json.loads(line_with(daemon, "JobRunFailed"))
    assert failed["level"] == "warning"
    daemon.send_signal(signal.SIGTERM)
    _, said = daemon.communicate(timeout=30)
    assert json.loads(said.splitlines()[-1])["event"] == "stopped"
    assert daemon.returncode == 0
