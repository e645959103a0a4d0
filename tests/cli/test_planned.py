"""`--plan`: a build is bound to what a plan said."""

from __future__ import annotations

from pathlib import Path

from tests.cli.kit import as_json, here, make_application, wantd


def test_a_build_does_what_was_planned_or_nothing(tmp_path: Path) -> None:
    """Broken: between looking at a plan and building it, the plan may have become another one."""
    app = make_application(tmp_path / "app")
    digest = as_json(app, "plan", "sum")["digest"]
    assert f"plan {digest}" in here(app, "plan", "sum").stderr
    assert wantd(app, "build", "one/1").returncode == 0
    stale = here(app, "build", "sum", "--plan", digest)
    assert stale.returncode == 1
    assert "stale" in stale.stderr
    assert wantd(app, "build", "sum", "--plan", as_json(app, "plan", "sum")["digest"]).returncode == 0
