"""Where secrets come from, which are refused, and what of them is looked for in what a job leaves."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.catalog import Catalog, Job
from orchestrator.config import SecretTable
from orchestrator.runtime.secrets import SECRET_BYTES_MAX, BadSecret, Secrets, is_like_a_secret
from tests.catalog.samples import catalog_of

CATALOG: Catalog = catalog_of('[application]\nname = "a"\n[[job]]\nname = "j"\noutputs = ["x"]\ncommand = ["true"]\n')


def job(*pass_env: str, **secrets: SecretTable) -> Job:
    return replace(CATALOG.job("j"), pass_env=pass_env, secrets=secrets)


def hidden(secrets: Secrets, of: Job, text: str) -> bool:
    """Whether nothing of a text is left when it is masked."""
    return secrets.mask(of).text(text) == "***"


def test_a_secret_is_handed_out_as_it_is(tmp_path: Path) -> None:
    """Broken: a key that is binary, or ends in a newline, reaches the job as another one."""
    (tmp_path / "key").write_bytes(b"\x00\xff binary \n")
    secrets = Secrets({"TOKEN": "caf\u00e9-\udcff"})
    found = secrets.read(job(K=SecretTable(file=str(tmp_path / "key")), T=SecretTable(env="TOKEN")))
    assert found == {"K": b"\x00\xff binary \n", "T": "caf\u00e9-".encode() + b"\xff"}


def test_what_cannot_be_handed_out_says_so_and_is_not_quoted(tmp_path: Path) -> None:
    """Broken: a job starts without its secret, hangs on a pipe, or gets one that nobody can mask."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "short").write_text(" abc\n")
    (tmp_path / "long").write_bytes(b"x" * (SECRET_BYTES_MAX + 1))
    secrets = Secrets({"SHORT": "xyz"})
    cases = {
        SecretTable(file=str(tmp_path / "none")): "none cannot be read: No such file",
        SecretTable(file=str(tmp_path / "pipe")): "is not a file",
        SecretTable(file=str(tmp_path / "short")): "fewer than 4 characters",
        SecretTable(file=str(tmp_path / "long")): "more than 65536 bytes",
        SecretTable(env="SHORT"): "fewer than 4 characters",
        SecretTable(env="UNSET"): r"\$UNSET is not set",
    }
    for source, why in cases.items():
        with pytest.raises(BadSecret, match=why) as error:
            secrets.read(job(K=source))
        assert "the secret K of job j" in str(error.value)
        assert "abc" not in str(error.value).replace(str(tmp_path), "")
        assert "xyz" not in str(error.value)


def test_a_secret_is_found_in_the_shapes_that_jobs_write() -> None:
    """Broken: a secret is hidden on the command line, and seen in a report or an address."""
    value = 'a "b"\\ caf\u00e9/1'
    secrets, its = Secrets({"K": value}), job(K=SecretTable(env="K"))
    shapes = [value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]]
    shapes += ["a%20%22b%22%5C%20caf%C3%A9%2F1", "a%20%22b%22%5C%20caf%C3%A9/1"]
    for shape in shapes:
        assert hidden(secrets, its, shape), shape
    assert not hidden(secrets, its, base64.b64encode(value.encode()).decode()), "then the documentation has to say so"


def test_a_long_secret_is_found_line_by_line() -> None:
    """Broken: a private key is printed with something at the beginning of each line, and is to be seen."""
    secrets, its = Secrets({"K": "-----BEGIN-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\nab\n"}), job(K=SecretTable(env="K"))
    assert secrets.mask(its).text("> MIIEvQIBADANBg\n> kqhkiG9w0BAQEF\n> ab") == "> ***\n> ***\n> ab"


def test_a_secret_stays_hidden_after_it_was_changed(tmp_path: Path) -> None:
    """Broken: a secret is changed while a job runs, and what the job says about the old one is kept."""
    path = tmp_path / "key"
    secrets, its = Secrets({}), job(K=SecretTable(file=str(path)))
    for value in ("first-one", "second-one"):
        path.write_text(value)
        assert secrets.read(its) == {"K": value.encode()}
    path.unlink()
    assert hidden(secrets, its, "first-one")
    assert hidden(secrets, its, "second-one")


def test_passed_keys_are_masked_where_their_names_say_so() -> None:
    """Broken: a token that is passed on is shown, or a mode or a folder is blacked out everywhere."""
    secrets = Secrets({"API_TOKEN": "hunter2", "MODE": "fast-mode", "SORT_KEY": "day"})
    its = job("API_TOKEN", "MODE", "SORT_KEY", "UNSET_PASSWORD")
    assert secrets.mask(its).text("hunter2 fast-mode day") == "*** fast-mode day"
    assert not secrets.mask(job())


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *(
            (name, True)
            for name in ("TOKEN", "API_TOKEN", "token", "DB_PASSWORD", "PGPASSWORD", "SECRET_1", "AWS_SECRET")
        ),
        *((name, True) for name in ("AWS_ACCESS_KEY_ID", "SSH_KEYS", "APIKEY", "DB_PASS", "CREDENTIALS", "MYSQL_PWD")),
        *(
            (name, False)
            for name in ("PATH", "HOME", "KEYBOARD", "MONKEY", "COMPASS", "TOKENIZER", "SECRETARY", "MODE")
        ),
        *((name, False) for name in ("PWD", "OLDPWD")),
    ],
)
def test_names_of_secrets_are_told_from_others(name: str, is_one: bool) -> None:  # noqa: FBT001  of a table
    """Broken: a password goes into every log, or every mention of a folder is blacked out."""
    assert is_like_a_secret(name) == is_one
