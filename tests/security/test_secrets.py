"""No secret, passed on or not, is in any file of ours, in any answer, or in what the daemon says.

Jobs do what they can to have theirs seen: print them whole, in pieces and as JSON, put them into reasons, metadata,
metrics, names of files, exceptions, reports that cannot be read, answers and complaints of ``configure``. Only the
bytes of an output may hold one; the control shows that the search works.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orchestrator.api.operations import OPERATIONS
from orchestrator.api.requests import BASE
from orchestrator.cli.tree import walk, wantd
from tests.cli.kit import as_json, here
from tests.security.kit import CANARY, PASSED, VARIED, built, daemon, make_application
from tests.security.wire import ask

CHANGES = {
    *("init", "serve", "build", "want create", "want cancel", "want retry", "want pause", "want resume"),
    *("partition taint", "partition report", "jobrun cancel", "bel import", "bel recover", "bel snapshot make"),
    *("token create", "token revoke", "console", "outward resend"),
}
"""Commands that answer with no more than what they did."""
OWN_OUTPUT = {"job exec", "job configure", "partition path"}
"""Commands that run a job, or show a path; the first two are searched by a test of their own."""

FORK = "forked"
"""Where the application is forked to."""

MOST = 30
"""Of how many wants and JobRuns, the newest, each is shown."""


def reads(app: Path) -> dict[str, list[list[str]]]:
    """Every command that reads, with what to ask it of this application."""
    wants = [want["id"] for want in as_json(app, "want", "list")][-MOST:]
    runs = [run["id"] for run in as_json(app, "jobrun", "list")][-MOST:]
    refs = [*{part["ref"][: len("failing/")]: part["ref"] for part in as_json(app, "partition", "list")}.values()]
    return questions(wants, runs, refs)


def questions(wants: list[str], runs: list[str], refs: list[str]) -> dict[str, list[list[str]]]:
    """Every command that reads, with what to ask it."""
    return {
        "doctor": [[]],
        "plan": [[ref] for ref in refs],
        "why": [[ref] for ref in refs],
        "graph": [[], *([ref] for ref in refs)],
        "want list": [[]],
        "want show": [[want] for want in wants],
        "want wait": [[want, "--timeout", "1s"] for want in wants],
        "partition list": [[]],
        "partition show": [[ref] for ref in refs],
        "partition lineage": [[ref] for ref in refs],
        "jobrun list": [[]],
        "jobrun show": [[run] for run in runs],
        "jobrun logs": [[run] for run in runs],
        "job list": [[]],
        "job lookup": [[ref] for ref in refs],
        "bel tail": [["--after", "0"]],
        "bel show": [[str(seq)] for seq in range(1, 20)],
        "bel verify": [[]],
        "bel export": [["export.jsonl"]],
        "bel snapshot list": [[]],
        "bel snapshot check": [[]],
        "bel replay": [[]],
        "diff": [["--from", "1"]],
        "sql": [[f"SELECT * FROM {view}"] for view in ("wants", "partitions", "jobruns", "jobs", "events")],
        "bel fork": [["--at", "20", FORK]],
        "bel compare": [[FORK]],
        "outward status": [[]],
        "token list": [[]],
        "config check": [[]],
        "config show": [[]],
    }


def has_json(name: str) -> bool:
    command: click.Command = wantd
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return any("--json" in parameter.opts for parameter in command.params)


def answers(app: Path) -> Iterator[tuple[str, str]]:
    """What every reading command says, plainly and as JSON."""
    for name, asked in reads(app).items():
        for arguments in asked:
            for form in ([], ["--json"]) if has_json(name) else ([],):
                done = here(app, *name.split(), *arguments, *form)
                yield f"{name} {arguments}", done.stdout + done.stderr
    yield "the export", (app / "export.jsonl").read_text()
    assert (app / FORK / "wantd.toml").exists()
    for path in (app / FORK).rglob("*"):
        if path.is_file():
            yield f"the fork's {path.name}", path.read_bytes().decode(errors="replace")
    script = here(app, "plan", "process/new", "--format", "sh")
    assert script.returncode == 0, script.stderr
    yield "plan --format sh", script.stdout


def pages(app: Path) -> Iterator[tuple[str, str]]:
    """What every resource of the API says to a GET."""
    want = as_json(app, "want", "list")[0]["id"]
    runs = [run["id"] for run in as_json(app, "jobrun", "list")]
    refs = ("process/a", "untext/a", "leaking/a", "leaky/a", "leaky/b")
    templates = [operation.path for operation in OPERATIONS if not operation.streamed]
    targets = {template.format_map({"want": want, "run": run}) for template in templates for run in runs}
    yield "/metrics", ask(app / ".wantd" / "socket", "GET", "/metrics").body.decode()
    for target in sorted(targets):
        for query in ("", *(f"?ref={ref}" for ref in refs)):
            yield target, ask(app / ".wantd" / "socket", "GET", target + query).body.decode()


def is_the_jobs_own(state: Path, path: Path) -> bool:
    """Whether a file is what a job made."""
    return path.relative_to(state).parts[0] == "store"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An application after a run of everything, with a second daemon that answers."""
    app = make_application(tmp_path_factory.mktemp("secrets") / "app")
    with daemon(app) as process:
        assert built(app, "process/a", "worker/a", "asked/a", "leaking/a") == "Successful"
        for bad in ("failing/a", "untext/a", "unfound/a", "misnamed/a", "garbled/a", "keyless/a"):
            assert built(app, bad) == "Failed"
        assert built(app, "leaky/a", "leaky/b") == "Failed"
        assert built(app, "babbling/a") == built(app, "complaining/a") == "Failed"
        (app / "lie.json").write_text("no JSON at all")
        assert built(app, "asked/b") == "Failed"
        ask(app / ".wantd" / "socket", "POST", f"{BASE}/wants", {"refs": 1})
        process.terminate()
        out, err = process.communicate(timeout=30)
        assert CANARY not in out + err
        assert "JobRunFailed" in err
    assert here(app, "bel", "snapshot", "make").returncode == 0
    with daemon(app):
        yield app


def holds_secret(path: Path) -> bool:
    """Whether a secret is in a file; one that was put in the place of another meanwhile is found there."""
    try:
        return CANARY.encode() in path.read_bytes()
    except FileNotFoundError:
        return False


def test_no_file_of_ours_holds_a_secret(ran: Path) -> None:
    """Broken: a secret that was only to be passed on lies on the disk, for every backup to take along."""
    state = ran / ".wantd"
    files = [path for path in state.rglob("*") if path.is_file() and not path.is_symlink()]
    found = {path for path in files if holds_secret(path)}
    assert {path for path in found if not is_the_jobs_own(state, path)} == set()
    assert found, "the search is blind: jobs wrote their secrets into outputs"
    assert not [path for path in files if CANARY in path.name and not is_the_jobs_own(state, path)]


def test_no_answer_of_a_command_holds_a_secret(ran: Path) -> None:
    """Broken: whoever may read the state of the daemon reads its secrets too."""
    told = list(answers(ran))
    assert [name for name, text in told if CANARY in text] == []
    assert sum(bool(text) for _, text in told) > 50


def test_no_answer_of_the_api_holds_a_secret(ran: Path) -> None:
    """Broken: the API hands out secrets."""
    told = list(pages(ran))
    assert [target for target, text in told if CANARY in text] == []
    assert len({target for target, _ in told}) > 25


def test_every_command_is_searched_or_named_as_an_exception() -> None:
    """Broken: a new command is not searched for secrets, and nobody has thought about it."""
    known = CHANGES | OWN_OUTPUT | questions([], [], []).keys()
    there = {" ".join(path) for path, command in walk(wantd) if not isinstance(command, click.Group)}
    assert there - known == set()


def test_a_key_that_is_no_text_is_named_and_its_value_is_not(ran: Path) -> None:
    """Broken: the failure of a job quotes the secret that could not be passed on."""
    (run,) = as_json(ran, "jobrun", "list", "--job", "untext")
    assert "UNTEXT is not valid text" in run["failure"]["reason"]
    assert CANARY not in json.dumps(run)


def failure_of(app: Path, job: str) -> str:
    """Why the first JobRun of a job failed."""
    run = as_json(app, "jobrun", "list", "--job", job)[0]
    return str(run["failure"]["reason"])


def test_what_is_around_a_secret_stays(ran: Path) -> None:
    """Broken: nothing leaks because nothing is said: a person who looks for a mistake finds it blacked out."""
    (run,) = as_json(ran, "jobrun", "list", "--job", "leaky")
    log = here(ran, "jobrun", "logs", run["id"]).stdout
    assert "1 *** 2 '***' 3 \"***\"\n***\n***" in log
    made = as_json(ran, "partition", "show", "leaky/a")
    assert "***" in json.dumps(made)
    assert failure_of(ran, "leaking") == "ValueError: ***"
    assert "it is ***" in failure_of(ran, "garbled")
    assert "***" in failure_of(ran, "misnamed")
    assert "no-such-file cannot be read: No such file" in failure_of(ran, "keyless")


def test_a_job_that_is_tried_by_hand_does_not_show_its_secrets(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: what holds for the daemon does not hold for ``job exec`` and ``job configure``."""
    monkeypatch.setenv("TOKEN", PASSED)
    monkeypatch.setenv("VARIED", VARIED)
    trials = (
        (("job", "exec", "leaky", "leaky/c", "leaky/d"), "***"),
        (("job", "exec", "leaking", "leaking/c"), "ValueError: ***"),
        (("job", "exec", "garbled", "garbled/c"), "it is ***"),
        (("job", "configure", "babbling", "babbling/c"), "its answer holds a secret"),
        (("job", "configure", "complaining", "complaining/c"), "no ***"),
    )
    for arguments, expected in trials:
        done = here(ran, *arguments)
        assert done.returncode == 1, done.stderr
        assert expected in done.stderr
        assert CANARY not in done.stdout + done.stderr
