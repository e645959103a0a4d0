"""Refs are hostile input: what is no ref stops at every gate, and what is one is only ever a name."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.api.requests import BASE
from orchestrator.store import DiskStore
from statemachines.refs import REF_CHARS_MAX, BadRef, parse_ref
from tests.cli.kit import as_json, here
from tests.security.kit import ESCAPES, built, saw
from tests.security.wire import ask

NO_REFS = (
    *(
        "",
        "/etc/passwd",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        "a/.",
        "-rf",
        "--config=x",
        "a b",
        "a\tb",
        "a\nb",
        "a\0b",
    ),
    *(
        "a\x1b[31mb",
        "a\x9b31mb",
        "a\u202eb",
        "a\u2028b",
        "a'b",
        'a"b',
        "a\\b",
        "a\u00a0b",
        "a\x7fb",
        "\ufeffa",
        "a\ue000b",
    ),
    *(f"a{ESCAPES}", "a" * (REF_CHARS_MAX + 1)),
)
NASTY = (
    *(
        "$(>owned)",
        "`>owned`",
        ";>owned;",
        "&&>owned",
        "||>owned",
        "|>owned",
        ">owned",
        "<(>owned)",
        "$HOME",
        "!!",
        "#",
    ),
    *("-rf", "--help", "%2e%2e%2fowned", ".hidden", "~root", "@1", "current", "a=b", "a:b", "é", "名"),
    *("<script>alert(1)", "%(name)s", "[red]x", "[bold"),
)
"""Names that are allowed, and mean something to a shell, an option parser, a file system, a page or a template."""


def is_terminal_safe(text: str) -> bool:
    return not any(sign in text for sign in ("\x1b", "\x9b", "\x07", "\u202e", "\r", "\0"))


@pytest.mark.parametrize("text", NO_REFS)
def test_no_gate_lets_through_what_is_no_ref(app: Path, text: str) -> None:
    """Broken: a text that is no ref comes into the house through one of the doors."""
    path = app / ".wantd" / "socket"
    head = ask(path, "GET", f"{BASE}/status").json()["seq"]
    asked: list[tuple[str, object]] = [
        ("/wants", {"refs": [text]}),
        ("/partitions/taint", {"refs": [text], "reason": "x"}),
        ("/partitions/report", {"ref": text, "location": "/x"}),
    ]
    for target, body in asked:
        answer = ask(path, "POST", f"{BASE}{target}", body)
        assert 400 <= answer.status < 500, (target, answer)
    assert ask(path, "GET", f"{BASE}/status").json()["seq"] == head


@pytest.mark.parametrize("text", [text for text in NO_REFS if "\0" not in text])
def test_the_command_line_refuses_what_is_no_ref_and_shows_it_harmlessly(app: Path, text: str) -> None:
    """Broken: a text that is no ref is obeyed: by us as an option that changes something, or by the terminal."""
    for command in (["want", "create"], ["partition", "report"], ["partition", "taint", "--reason", "x"], ["why"]):
        done = here(app, *command, "--", text)
        assert done.returncode in {65, 66}, (command, done)
        assert is_terminal_safe(done.stderr + done.stdout)


def test_a_job_may_name_nothing_but_refs(app: Path) -> None:
    """Broken: a job's report, or its configure program, brings in what is no ref, or ends the daemon."""
    for number, text in enumerate(NO_REFS):
        said = [{"missing": [text]}, {"read": [text]}, {"output": text}, {"failed": text, "reason": "x"}][number % 4]
        (app / "report.jsonl").write_text(json.dumps(said) + "\n")
        assert built(app, f"reporting/{number}") == "Failed"
        lie = [{"outputs": [f"asked/{number}x"], "inputs": [{"ref": text}]}] if number % 2 else [{"outputs": [text]}]
        (app / "lie.json").write_text(json.dumps(lie))
        assert built(app, f"asked/{number}x") == "Failed"
    (app / "lie.json").unlink()
    kinds = {run["failure"]["kind"] for run in as_json(app, "jobrun", "list", "--job", "reporting")}
    assert kinds == {"bad_report"}


def test_refs_are_names_to_jobs_shells_and_the_store(app: Path) -> None:
    """Broken: a ref is run by a shell, taken for an option, or leads out of the store."""
    refs = [f"process/{name}" for name in NASTY] + [f"shell/{name}" for name in NASTY]
    assert built(app, *refs) == "Successful"
    store = app / ".wantd" / "store"
    for ref in refs:
        assert saw(app, ref)["argv"] == [ref]
        place = Path(here(app, "partition", "path", ref).stdout.strip())
        assert place.is_relative_to(store)
        assert ".." not in place.parts
    links = [Path(folder, name) for folder, _, names in os.walk(store / "current") for name in names]
    assert {link.resolve() for link in links} >= {
        Path(here(app, "partition", "path", ref).stdout.strip()).resolve() for ref in refs
    }
    assert all(link.resolve().is_relative_to(store.resolve()) for link in links)
    assert not list(app.rglob("owned"))


def test_a_plan_as_a_script_runs_nothing_that_stands_in_a_ref(app: Path, tmp_path: Path) -> None:
    """Broken: `plan --format sh` writes a script in which a ref is a command."""
    refs = [f"shell/script-{name}" for name in NASTY]
    script = here(app, "plan", *refs, "--format", "sh")
    assert script.returncode == 0, script.stderr
    argv = ["sh", "-c", script.stdout, "script", str(tmp_path / "out")]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len([path for path in (tmp_path / "out").rglob("data") if path.is_file()]) == len(refs)
    assert not [*app.rglob("owned"), *(path for path in tmp_path.rglob("owned") if path.is_file())]


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=20))
def test_no_text_whatever_leads_out_of_the_store(text: str, instance: str) -> None:
    """Broken: a ref, or even a text that is none, names a place outside the store, or one of the link tree."""
    store = Path("/nowhere/store")
    location = DiskStore.location(_unmade(store), text, instance)  # type: ignore[arg-type]
    assert ".." not in location.parts
    assert Path(os.path.normpath(location)).is_relative_to(store)
    assert location.relative_to(store).parts[0] != "current"
    assert all(len(os.fsencode(part)) <= 255 for part in location.parts)


def _unmade(folder: Path) -> DiskStore:
    """A store whose folder is not made."""
    store = DiskStore.__new__(DiskStore)
    store._folder = folder
    return store


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_a_ref_is_harmless_on_a_terminal_and_in_a_line(text: str) -> None:
    """Broken: what passes for a ref can hold white space, an escape, a quote or the look of an option."""
    try:
        told: str = parse_ref(text)
        assert not told.startswith("-")
        assert len(told.split()) == 1
    except BadRef as refused:
        told = str(refused)
    assert told.isprintable()
