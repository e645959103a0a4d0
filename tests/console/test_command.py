"""``wantd console``: where the console is, and how one gets in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator.cli.main import run
from orchestrator.console.codes import redeem_code
from tests.console.story import application
from wantd.__main__ import Parts


def test_it_prints_an_address_that_lets_one_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Broken: the address leads elsewhere, or the code that it carries is none."""
    told = application(tmp_path, 4747)
    command = ["console", "--role", "read", "--name", "ben", "--config", str(tmp_path / "wantd.toml")]
    assert run(command, Parts()) == 0
    said = capsys.readouterr()
    address = urlsplit(said.out.strip())
    assert (address.scheme, address.netloc, address.path) == ("http", "127.0.0.1:4747", "/console/login")
    assert str(told.layout.state) in said.err
    found = redeem_code(told.layout.codes, parse_qs(address.query)["code"][0])
    assert found is not None
    assert (found.name, found.role) == ("ben", "read")


def test_behind_a_proxy_it_names_what_browsers_ask_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Broken: who follows the address from another machine reaches nothing, or leaves TLS."""
    application(tmp_path, 4747)
    text = (tmp_path / "wantd.toml").read_text()
    more = '[api]\nbehind_proxy = true\nhosts = ["harbour.example"]\n'
    (tmp_path / "wantd.toml").write_text(text.replace("[api]\n", more))
    assert run(["console", "--config", str(tmp_path / "wantd.toml")], Parts()) == 0
    assert capsys.readouterr().out.startswith("https://harbour.example/console/login?code=")


def test_without_a_listener_it_says_what_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Broken: it prints an address at which nobody listens."""
    (tmp_path / "wantd.toml").write_text('[application]\nname = "quiet"\n')
    assert run(["console", "--config", str(tmp_path / "wantd.toml")], Parts()) == 78
    said = capsys.readouterr()
    assert said.out == ""
    assert "[api] listen" in said.err
