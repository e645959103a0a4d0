"""Files of ours where others may write: nobody's trap is stepped into, and the doctor says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.checks import permissions
from orchestrator.cli.failures import write_crash


@pytest.mark.parametrize(
    ("mode", "verdict"), [(0o700, "ok"), (0o755, "warning"), (0o770, "problem"), (0o777, "problem")]
)
def test_the_doctor_says_who_else_gets_into_the_state_directory(tmp_path: Path, mode: int, verdict: str) -> None:
    """Broken: others may replace the log, and nobody is told."""
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    assert permissions(state).verdict == verdict


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
