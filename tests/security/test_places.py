"""Files of ours where others may write: nobody's trap is stepped into, and the doctor says so."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from orchestrator.cli.checks import lock, permissions, secrets
from orchestrator.cli.failures import write_crash
from orchestrator.daemon import Application
from tests.cli.kit import as_json
from tests.security.kit import daemon, make_application


@pytest.mark.parametrize(
    ("mode", "verdict"), [(0o700, "ok"), (0o755, "warning"), (0o770, "problem"), (0o777, "problem")]
)
def test_the_doctor_says_who_else_gets_into_the_state_directory(tmp_path: Path, mode: int, verdict: str) -> None:
    """Broken: others may replace the log, and nobody is told."""
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    assert permissions(state).verdict == verdict


@pytest.mark.parametrize(
    ("mode", "verdict"), [(0o600, "ok"), (0o400, "ok"), (0o640, "warning"), (0o644, "warning"), (0o666, "problem")]
)
def test_the_doctor_says_who_else_gets_at_a_secret(tmp_path: Path, mode: int, verdict: str) -> None:
    """Broken: everybody on the machine can read a password, and nobody is told."""
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "secret").chmod(mode)
    (found,) = secrets(application_with(tmp_path, 'secrets = { KEY = { file = "secret" } }'))
    assert (found.what, found.verdict) == ("secret KEY of one", verdict)
    assert bool(found.mend) == (verdict != "ok")


def test_the_doctor_says_which_secrets_are_missing_or_in_the_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a job fails at night because of a file that was never there."""
    monkeypatch.delenv("ABSENT", raising=False)
    declared = 'secrets = { A = { file = "absent" }, B = { env = "ABSENT" } }\nenv = { API_TOKEN = "x", MODE = "fast" }'
    missing, unset, open_ = secrets(application_with(tmp_path, declared))
    assert (missing.verdict, unset.verdict, open_.verdict) == ("problem", "warning", "warning")
    assert "API_TOKEN looks like a secret" in open_.text


def test_the_configuration_is_shown_without_what_looks_like_a_secret(tmp_path: Path) -> None:
    """Broken: a password that should not have been in the file is copied on with what ``config show`` says."""
    application_with(tmp_path, 'env = { API_TOKEN = "hunter2", MODE = "fast" }')
    (job,) = as_json(tmp_path, "config", "show")["jobs"]
    assert job["env"] == {"API_TOKEN": "***", "MODE": "fast"}


def test_the_doctor_says_how_the_daemon_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a container counts as healthy whose daemon hangs or cannot write."""
    app = make_application(tmp_path / "app")
    with daemon(app) as process:
        found = lock(app / ".wantd")
        assert (found.verdict, found.text.endswith("is ready")) == ("ok", True)
        process.send_signal(signal.SIGSTOP)
        monkeypatch.setattr("orchestrator.cli.checks.ANSWER_S", 0.3)
        found = lock(app / ".wantd")
        process.send_signal(signal.SIGCONT)
        assert (found.verdict, "does not answer" in found.text) == ("problem", True)
    assert lock(app / ".wantd").verdict == "ok"


def application_with(folder: Path, text: str) -> Application:
    """An application with one job, and this in its table."""
    config = folder / "wantd.toml"
    head = '[application]\nname = "a"\n[[job]]\nname = "one"\noutputs = ["one"]\ncommand = ["true"]\n'
    config.write_text(head + text)
    return Application.load(config)


def test_a_traceback_is_never_written_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: whoever guesses the name of a crash file in /tmp has a file of ours overwritten."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "none"))
    made = write_crash(ValueError("first"), tmp_path)
    assert made is not None
    assert made.stat().st_mode & 0o777 == 0o600
    precious = tmp_path / "precious"
    precious.write_text("precious")
    monkeypatch.setattr("os.getpid", lambda: 1)
    for second in range(60):  # the name holds the second and the process: whoever sets the trap sets many
        stamp = made.name.split("-")[1][:-3]
        (tmp_path / f"crash-{stamp}{second:02}Z-1.txt").symlink_to(precious)
    write_crash(ValueError("second"), tmp_path)
    assert precious.read_text() == "precious"
