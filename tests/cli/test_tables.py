"""Tables on a terminal can be read and copied from, however narrow it is."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.speech import readable
from orchestrator.cli.tables import print_table

HEADS = ("want", "state", "refs", "since", "comment")
REF = "delays/daily/date=2013-02-08"
MOMENT = "2026-11-21T03:09:34.180019Z"
STYLE = re.compile(r"\x1b\[[0-9;]*m")
WORDS = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20)


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal(
    monkeypatch: pytest.MonkeyPatch, heads: tuple[str, ...], rows: list[tuple[object, ...]], width: int
) -> list[str]:
    """Print a table on a terminal without colors."""
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    print_table(heads, rows)
    return [STYLE.sub("", line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [20, 60, 200])
def test_what_is_copied_is_whole(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Broken: on a narrow terminal a ref, a state or a moment is cut over several lines."""
    lines = on_terminal(monkeypatch, HEADS, [("w77723-1", "UpstreamBuilding", REF, MOMENT, "")], width)
    assert len(lines) == 2
    assert lines[1].split("  ") == ["w77723-1", "UpstreamBuilding", REF, "2026-11-21 03:09:34Z"]


def test_columns_without_a_value_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: heads over nothing take the room that refs need."""
    (head, _) = on_terminal(monkeypatch, HEADS, [("w1", "Idle", REF, MOMENT, None)], 80)
    assert head.split() == ["want", "state", "refs", "since"]


def test_heads_stand_where_there_are_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: an empty list prints nothing, and looks as if the command had not run."""
    assert on_terminal(monkeypatch, ("want", "state"), [], 80) == ["want  state"]


def test_sentences_are_folded_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a long reason runs over the edge, or is broken inside its words."""
    why = "what is there was made from something that changed or is rebuilt"
    head, *lines = on_terminal(monkeypatch, ("makes", "why"), [(REF, why)], 60)
    assert all(len(line) <= 60 for line in lines)
    assert " ".join(line[head.index("why") :] for line in lines) == why


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5), st.integers(10, 100))
def test_no_cell_is_lost(rows: list[tuple[str, str]], width: int) -> None:
    """Broken: a width for which the table drops or breaks what it should show."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        lines = on_terminal(monkeypatch, ("a", "b"), list(rows), width)[1:]
    assert [tuple(line.split()) for line in lines] == rows


def test_a_pipe_gets_moments_as_they_are_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Broken: programs lose the microseconds, or a column that is empty today."""
    print_table(HEADS, [("w1", "Idle", REF, MOMENT, "")])
    assert capsys.readouterr().out.splitlines()[1] == f"w1\tIdle\t{REF}\t{MOMENT}\t"


def test_only_moments_are_told_to_the_second() -> None:
    """Broken: a ref that holds a moment is shown as another ref."""
    assert readable(f"made at {MOMENT}: day/{MOMENT}") == f"made at 2026-11-21 03:09:34Z: day/{MOMENT}"
