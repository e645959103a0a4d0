"""`wantd build`, as a process: what it says, what it leaves, and how it ends."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.kit import as_json, here, line_with, make_application, start, wantd


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return make_application(tmp_path / "app")


def head(app: Path) -> int:
    """The seq of the newest entry."""
    return int(here(app, "bel", "tail", "-n", "1").stdout.split()[0])


def test_it_builds_and_then_has_nothing_to_do(app: Path) -> None:
    """Broken: wanting does not build, or builds twice, or does not say which."""
    first = wantd(app, "build", "sum")
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert "done in" in first.stderr
    assert "3 JobRuns" in first.stderr
    before = head(app)
    second = here(app, "build", "sum")
    assert second.returncode == 0
    assert "nothing to do: sum is there already" in second.stderr
    assert head(app) - before <= 3


def test_a_pipe_gets_a_line_for_each_jobrun(app: Path) -> None:
    """Broken: a log file of a build is empty, or holds the drawings of a terminal."""
    done = here(app, "build", "one/1..3")
    told = [line for line in done.stderr.splitlines() if " built " in line]
    assert len(told) == 3
    assert "\x1b" not in done.stderr


def test_a_failure_names_the_ref_the_reason_and_the_log(app: Path) -> None:
    """Broken: a failed build leaves a person without the way to the job's output."""
    done = here(app, "build", "broken")
    assert done.returncode == 1
    assert "failed: broken" in done.stderr
    assert "exit code 3" in done.stderr
    log = next(line.split("log: ")[1] for line in done.stderr.splitlines() if "   log: " in line)
    assert Path(log).read_text() == "about to fail\n"


def test_a_failure_upstream_leads_to_the_job_that_failed(app: Path) -> None:
    """Broken: a build that failed because of an input does not say which."""
    done = here(app, "build", "above")
    assert done.returncode == 1
    assert "UpstreamFailed" in done.stderr
    assert "broken" in done.stderr
    assert "   log: " in done.stderr


def test_a_job_that_writes_nothing_is_told_so(app: Path) -> None:
    """Broken: a job that exits with 0 and writes nothing counts as done, or fails without a reason."""
    done = here(app, "build", "silent")
    assert done.returncode == 1
    assert "made nothing" in done.stderr


def test_a_program_that_does_not_exist_is_named(app: Path) -> None:
    """Broken: a misspelt command is a crash, or a riddle."""
    done = here(app, "build", "missing")
    assert done.returncode == 1
    assert "no-such-program-at-all" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_build_cancels_its_want_and_waits(app: Path, number: int, code: int) -> None:
    """Broken: Ctrl-C leaves the job running, or the want open, or the wrong exit code."""
    build = start(app, "build", "slow")
    line_with(build, "slow")
    _wait_until_running(app)
    build.send_signal(number)
    _, said = build.communicate(timeout=30)
    assert build.returncode == code, said
    assert "nothing runs for it any more" in said
    (want,) = as_json(app, "want", "list")
    assert want["state"] == "Canceled"
    (run,) = as_json(app, "jobrun", "list")
    assert run["state"] == "Canceled"


def test_a_second_interruption_leaves_at_once(app: Path) -> None:
    """Broken: a build whose job does not want to end cannot be left."""
    config = app / "wantd.toml"
    loop = "trap : TERM; while :; do sleep 0.1; done"
    deaf = f'[[job]]\nname = "deaf"\noutputs = ["deaf"]\ncommand = ["sh", "-c", "{loop}"]\n'
    config.write_text(config.read_text().replace('grace = "1s"', 'grace = "5s"').replace("[limits]", f"{deaf}[limits]"))
    build = start(app, "build", "deaf")
    line_with(build, "deaf")
    _wait_until_running(app)
    build.send_signal(signal.SIGINT)
    line_with(build, "canceling")
    build.send_signal(signal.SIGINT)
    _, said = build.communicate(timeout=4)
    assert build.returncode == 130
    assert "left before everything had ended" in said
    assert [run["state"] for run in as_json(app, "jobrun", "list")] == ["Canceling"]


def test_a_timeout_cancels_and_says_124(app: Path) -> None:
    """Broken: --timeout waits for ever, or leaves the want open without anybody who builds it."""
    done = here(app, "build", "slow", "--timeout", "500ms")
    assert done.returncode == 124, done.stderr
    (want,) = as_json(app, "want", "list")
    assert want["state"] == "Canceled"


def test_json_is_the_want(app: Path) -> None:
    """Broken: a program that builds cannot read what came of it."""
    told = as_json(app, "build", "sum", "--comment", "for a test", "--priority", "3")
    assert (told["state"], told["want"]["comment"], told["want"]["priority"]) == ("Successful", "for a test", 3)


def test_what_a_job_prints_is_bounded_and_can_be_read(app: Path) -> None:
    """Broken: a job that prints 100 MB fills the disk, blocks, or breaks the terminal of whoever reads it."""
    done = here(app, "build", "loud")
    assert done.returncode == 0, done.stderr
    (run,) = as_json(app, "jobrun", "list")
    log = Path(as_json(app, "jobrun", "show", run["id"])["log"])
    assert log.stat().st_size <= 11_000_000
    printed = here(app, "jobrun", "logs", run["id"])
    assert printed.returncode == 0
    assert printed.stdout.startswith("noise\n")


def _wait_until_running(app: Path) -> None:
    for _ in range(200):
        if as_json(app, "jobrun", "list", "--state", "Running"):
            return
    raise AssertionError("the job was never seen running")
