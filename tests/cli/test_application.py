"""A new application, and what is said about it: init, doctor, config, job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli import checks
from orchestrator.cli.init import WEEK
from tests.cli.kit import as_json, here, make_application, wantd


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return make_application(tmp_path / "app")


def verdicts(app: Path) -> dict[str, dict[str, str]]:
    """What the doctor found, by what was looked at."""
    done = here(app, "doctor", "--json")
    return {one["what"]: one for one in json.loads(done.stdout)}


def test_the_example_of_init_builds(tmp_path: Path) -> None:
    """Broken: the first thing a new user tries fails."""
    made = here(tmp_path, "init", "station")
    assert made.returncode == 0
    station = tmp_path / "station"
    assert (station / ".gitignore").read_text().startswith(".wantd/")
    built = wantd(station, "build", WEEK)
    assert built.returncode == 0, built.stderr
    assert "15 JobRuns" in built.stderr
    table = Path(here(station, "partition", "path", WEEK).stdout.strip()).read_text()
    assert len(table.splitlines()) == 8
    typed = [line.split() for line in made.stdout.splitlines()]
    assert ["wantd", "build", WEEK] in typed


def test_init_touches_nothing_that_is_there(tmp_path: Path) -> None:
    """Broken: init writes into somebody's folder."""
    (tmp_path / "precious").write_text("x")
    done = here(tmp_path, "init", ".")
    assert done.returncode == 77
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_the_doctor_names_programs_that_are_missing(app: Path) -> None:
    """Broken: a misspelt command is found only when it is run."""
    done = here(app, "doctor")
    assert done.returncode == 1
    found = verdicts(app)
    assert found["job missing"]["verdict"] == "problem"
    assert "no-such-program-at-all" in found["job missing"]["text"]
    assert found["sqlite"]["verdict"] == found["packages"]["verdict"] == "ok"


def test_every_finding_that_is_not_ok_says_how_to_mend_it(app: Path) -> None:
    """Broken: the doctor only complains."""
    assert [one for one in verdicts(app).values() if one["verdict"] != "ok" and not one["mend"]] == []


def test_the_doctor_finds_a_broken_configuration(app: Path) -> None:
    """Broken: where the configuration is wrong, the doctor ends instead of saying so."""
    (app / "wantd.toml").write_text("[application]\n")
    found = verdicts(app)["configuration"]
    assert found["verdict"] == "problem"
    assert "name" in found["text"]


def test_the_doctor_sees_open_doors(app: Path) -> None:
    """Broken: a state directory that others can read is fine with the doctor."""
    state = app / ".wantd"
    state.mkdir()
    state.chmod(0o755)
    assert verdicts(app)["permissions"]["verdict"] == "warning"


def test_a_log_on_a_network_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a log on NFS, which can be damaged there, is fine with the doctor."""
    monkeypatch.setattr(checks, "_kind_of", {tmp_path: "nfs4"}.__getitem__)
    found = checks.file_system(tmp_path)
    assert (found.verdict, bool(found.mend)) == ("problem", True)


def test_packages_of_somebody_else_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: another package called bel is imported instead of ours, and nobody is told."""
    homes = {"wantd": tmp_path, "bel": tmp_path / "elsewhere", "orchestrator": tmp_path, "statemachines": tmp_path}
    monkeypatch.setattr(checks, "_home", homes.__getitem__)
    found = checks.packages()
    assert (found.verdict, "bel is taken from" in found.text) == ("problem", True)


def test_the_configuration_is_shown_with_its_defaults(app: Path) -> None:
    """Broken: nobody can see what is in force."""
    told = as_json(app, "config", "show")
    assert told["application"] == "kit"
    assert told["state_directory"] == str(app / ".wantd")
    one = next(job for job in told["jobs"] if job["name"] == "one")
    assert (one["executor"], one["batch_max"]) == ("worker", 1)
    assert here(app, "config", "check").returncode == 0


def test_jobs_are_listed_and_looked_up(app: Path) -> None:
    """Broken: the author of a job cannot see who makes what from what."""
    names = {job["name"]: job["kind"] for job in as_json(app, "job", "list")}
    assert (names["sum"], names["outside"]) == ("job", "external")
    found = as_json(app, "job", "lookup", "sum")
    assert (found["maker"], [need["ref"] for need in found["inputs"]]) == ("sum", ["one/1", "one/2"])


def test_a_job_is_asked_how_it_makes_a_ref(app: Path) -> None:
    """Broken: the author of a configure program cannot see its answer."""
    done = here(app, "job", "configure", "asked", "asked/1")
    (config,) = json.loads(done.stdout)
    assert config == {"outputs": ["asked/1"], "inputs": [{"ref": "outside", "type": "query"}], "args": ["hello"]}
    assert here(app, "job", "configure", "one", "one/1").returncode == 66


def test_a_job_is_tried_without_a_trace(app: Path) -> None:
    """Broken: a trial is not run under the contract, or counts."""
    done = wantd(app, "job", "exec", "one", "one/7")
    assert done.returncode == 0, done.stderr
    assert "exit code 0" in done.stderr
    assert as_json(app, "partition", "list") == []


@pytest.mark.parametrize(("job", "says"), [("broken", "about to fail"), ("silent", "made nothing")])
def test_a_trial_that_fails_says_how(app: Path, job: str, says: str) -> None:
    """Broken: a job that fails by hand looks like one that works."""
    done = wantd(app, "job", "exec", job, job)
    assert done.returncode == 1
    assert says in done.stdout + done.stderr


def test_a_trial_needs_its_inputs(app: Path) -> None:
    """Broken: a job is tried without what it reads, and fails for a reason that is not its own."""
    done = here(app, "job", "exec", "sum", "sum")
    assert done.returncode == 1
    assert "wantd build one/1" in done.stderr


def test_a_trial_of_somebody_elses_ref_is_refused(app: Path) -> None:
    """Broken: a job is run for a ref that it does not make."""
    done = here(app, "job", "exec", "one", "sum")
    assert done.returncode == 66
    assert "'sum' does" in done.stderr
