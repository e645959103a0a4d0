"""No secret of the daemon's environment, passed on or not, is in any file of ours, in any answer, or in what it says.

What a job itself writes (its output, what it prints) is the job's own affair; the control shows that the search works.
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
from tests.security.kit import CANARY, built, daemon, make_application
from tests.security.wire import ask

CHANGES = {
    *("init", "serve", "build", "want create", "want cancel", "want retry", "want pause", "want resume"),
    *("partition taint", "partition report", "jobrun cancel", "bel import", "bel recover", "bel snapshot make"),
}
"""Commands that answer with no more than what they did."""
OWN_OUTPUT = {"jobrun logs", "job exec", "job configure", "partition path"}
"""Commands that print what a job printed, or run one."""

MOST = 30
"""Of how many wants and JobRuns, the newest, each is shown."""


def reads(app: Path) -> dict[str, list[list[str]]]:
    """Every command that reads, with what to ask it."""
    runs = [run["id"] for run in as_json(app, "jobrun", "list")][-MOST:]
    wants = [want["id"] for want in as_json(app, "want", "list")][-MOST:]
    refs = [*{part["ref"][: len("failing/")]: part["ref"] for part in as_json(app, "partition", "list")}.values()]
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
        "job list": [[]],
        "job lookup": [[ref] for ref in refs],
        "bel tail": [["--after", "0"]],
        "bel show": [[str(seq)] for seq in range(1, 20)],
        "bel verify": [[]],
        "bel export": [["export.jsonl"]],
        "bel snapshot list": [[]],
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
    script = here(app, "plan", "process/new", "--format", "sh")
    assert script.returncode == 0, script.stderr
    yield "plan --format sh", script.stdout


def pages(app: Path) -> Iterator[tuple[str, str]]:
    """What every resource of the API says to a GET."""
    names = {
        "want": as_json(app, "want", "list")[0]["id"],
        "run": as_json(app, "jobrun", "list")[0]["id"],
    }
    for operation in OPERATIONS:
        if not operation.path.endswith("/log"):
            target = operation.path.format_map(names)
            for query in ("", "?ref=process/a", "?ref=untext/a"):
                yield target, ask(app / ".wantd" / "socket", "GET", target + query).body.decode()


def is_the_jobs_own(state: Path, path: Path) -> bool:
    """Whether a file was written by a job: what it printed, or what it made."""
    place = path.relative_to(state).parts
    return place[0] == "store" or (place[0] == "runs" and place[-1] == "log")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An application after a run of everything, with a second daemon that answers."""
    app = make_application(tmp_path_factory.mktemp("secrets") / "app")
    with daemon(app) as process:
        assert built(app, "process/a", "worker/a", "asked/a") == "Successful"
        for bad in ("failing/a", "untext/a", "unfound/a"):
            assert built(app, bad) == "Failed"
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


def test_no_file_of_ours_holds_a_secret(ran: Path) -> None:
    """Broken: a secret that was only to be passed on lies on the disk, for every backup to take along."""
    state = ran / ".wantd"
    files = [path for path in state.rglob("*") if path.is_file() and not path.is_symlink()]
    found = {path for path in files if CANARY.encode() in path.read_bytes()}
    assert {path for path in found if not is_the_jobs_own(state, path)} == set()
    assert found, "the search is blind: a job printed its token"


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
    known = (
        CHANGES
        | OWN_OUTPUT
        | {
            *(
                "doctor",
                "plan",
                "why",
                "graph",
                "want list",
                "want show",
                "want wait",
                "partition list",
                "partition show",
            ),
            *("partition lineage", "jobrun list", "jobrun show", "job list", "job lookup", "bel tail", "bel show"),
            *("bel verify", "bel export", "bel snapshot list", "config check", "config show"),
        }
    )
    there = {" ".join(path) for path, command in walk(wantd) if not isinstance(command, click.Group)}
    assert there - known == set()


def test_a_key_that_is_no_text_is_named_and_its_value_is_not(ran: Path) -> None:
    """Broken: the failure of a job quotes the secret that could not be passed on."""
    (run,) = as_json(ran, "jobrun", "list", "--job", "untext")
    assert "UNTEXT is not valid text" in run["failure"]["reason"]
    assert CANARY not in json.dumps(run)
