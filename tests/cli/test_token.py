"""`wantd token`, and a daemon that refuses a listener that is not safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.api.tokens import find_token
from tests.cli.kit import as_json, here, make_application, wantd


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return make_application(tmp_path / "app")


def test_a_token_is_made_shown_once_listed_and_revoked(app: Path) -> None:
    """Broken: nobody can be let in, what lets in is shown again, or nobody can be shut out."""
    made = here(app, "token", "create", "anna", "--role", "operate")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    found = find_token(app / ".wantd" / "tokens", token)
    assert found is not None
    assert (found.name, found.role) == ("anna", "operate")
    listed = here(app, "token", "list")
    assert found.id in listed.stdout
    assert as_json(app, "token", "list") == [
        {"id": found.id, "name": "anna", "role": "operate", "created_at": found.created_at}
    ]
    for said in (listed.stdout, here(app, "token", "list", "--json").stdout):
        assert token.rpartition("_")[2] not in said
        assert found.digest not in said
    assert here(app, "token", "revoke", found.id).returncode == 0
    assert find_token(app / ".wantd" / "tokens", token) is None
    assert here(app, "token", "revoke", found.id).returncode == 66


def test_a_token_reads_unless_more_is_said(app: Path) -> None:
    """Broken: who makes a token in haste gives away the right to run commands."""
    here(app, "token", "create", "anna")
    assert [one["role"] for one in as_json(app, "token", "list")] == ["read"]


@pytest.mark.parametrize(
    ("api", "why"),
    [
        ('listen = "0.0.0.0:4747"', "other machines"),
        ('listen = "127.0.0.1:4747"\ncertificate = "none.pem"\nkey = "none.pem"', "certificate"),
    ],
)
def test_a_daemon_with_a_listener_that_is_not_safe_does_not_begin(app: Path, api: str, why: str) -> None:
    """Broken: the daemon runs with a listener that gives tokens away, or without the TLS that was asked for."""
    config = app / "wantd.toml"
    config.write_text(f"{config.read_text()}\n[api]\n{api}\n")
    done = wantd(app, "serve")
    assert done.returncode == 78, done.stderr
    assert why in done.stderr
