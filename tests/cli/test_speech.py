"""What is printed cannot take over a terminal, and errors have one form."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bel.errors import AppendUnknown, ChainBroken, LogFull, LogLocked
from orchestrator.api.door import DoorError
from orchestrator.catalog import NobodyMakes
from orchestrator.cli.failures import Exit, explain, write_crash
from orchestrator.cli.main import run
from orchestrator.cli.speech import safe
from orchestrator.config import ConfigError
from statemachines.refs import BadRef, parse_ref


@given(st.text())
def test_what_is_safe_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    """Broken: a job's output or a message moves the cursor, sets colors, or worse."""
    shown = safe(text)
    assert all(char.isprintable() or char in "\n\t\u00a0" for char in shown)


@given(st.text(st.characters(categories=("L", "N", "P"))))
def test_what_can_be_read_is_left_alone(text: str) -> None:
    """Broken: names in other scripts are shown as escapes."""
    assert safe(text) == text


CASES = [
    (ConfigError(Path("w.toml"), 3, "job[1]", "there is no key 'naem'", "did you mean 'name'?"), Exit.BAD_CONFIG),
    (NobodyMakes("no job makes 'x'", "the nearest is y"), Exit.NOTHING_THERE),
    (DoorError("no_such_want", "there is no want w1", "see: wantd want list", 66), Exit.NOTHING_THERE),
    (LogLocked(Path("s/lock"), "process 7"), Exit.TRY_LATER),
    (LogFull(Path("bel.sqlite"), "disk full"), Exit.TRY_LATER),
    (AppendUnknown("disk gone"), Exit.BROKEN_IO),
    (ChainBroken(7, "its hash does not match"), Exit.NO),
    (PermissionError(errno.EACCES, "Permission denied", "/state"), Exit.NOT_ALLOWED),
    (OSError(errno.ENOSPC, "No space left on device", "/state"), Exit.BROKEN_IO),
]


@pytest.mark.parametrize(("error", "code"), CASES, ids=lambda case: type(case).__name__)
def test_expected_errors_say_what_to_do(error: Exception, code: Exit) -> None:
    """Broken: an error that can be expected ends as a bug, with another code, or without a way on."""
    explained = explain(error)
    assert explained is not None
    assert (explained.code, bool(explained.why), bool(explained.hint)) == (code, True, True)
    assert explained.hint not in explained.why


def test_a_ref_that_is_none_is_bad_data() -> None:
    """Broken: a mistyped ref is reported as a bug."""
    with pytest.raises(BadRef) as raised:
        parse_ref("a/../b")
    explained = explain(raised.value)
    assert explained is not None
    assert explained.code == Exit.BAD_DATA


class BrokenParts:
    """Parts that have a bug."""

    def load(self, config: Path) -> object:
        raise ZeroDivisionError("three over nothing")


def test_a_bug_leaves_its_traceback_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a person sees a traceback, or nobody ever does."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = tmp_path / "wantd.toml"
    config.write_text('[application]\nname = "x"\n')
    assert run(["config", "check", "--config", str(config)], BrokenParts()) == Exit.BUG  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert "this is a bug of wantd" in said
    assert "Traceback" not in said
    (crash,) = tmp_path.glob("crash-*.txt")
    assert str(crash) in said
    assert "three over nothing" in crash.read_text()


def test_a_crash_is_written_where_there_is_a_place(tmp_path: Path) -> None:
    """Broken: a bug in a fresh folder raises a second error while the first is written down."""
    path = write_crash(ValueError("x"), tmp_path / "not there yet")
    assert path is not None
    path.unlink()
