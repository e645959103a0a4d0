"""The report of a run: what is taken, what is refused, and that nothing a job writes can do harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report import (
    LINE_BYTES_MAX,
    LINES_MAX,
    REPORT_BYTES_MAX,
    BadReport,
    LogLine,
    Made,
    Metric,
    Missing,
    Report,
    parse_report,
)
from statemachines.refs import Ref

A, B, C = Ref("a"), Ref("b/x=1"), Ref("c/x=2013-01-05")


def bad(text: str | bytes) -> BadReport:
    answer = parse_report(text)
    assert isinstance(answer, BadReport)
    return answer


def test_everything_a_job_can_say() -> None:
    """If this failed, a kind of line of the contract would be lost or mistaken."""
    lines: list[object] = [
        {"missing": [A, B], "for": [C]},
        {"missing": [A]},
        {"read": [A]},
        {"read": [B]},
        {"output": C, "digest": "sha256:00ff", "metadata": {"rows": 3, "columns": ["x"], "range": {"low": 0.5}}},
        {"failed": B, "reason": "no such day"},
        {"metric": "rows", "value": 3, "labels": {"origin": "JFK"}},
        {"progress": 0.5},
        {"progress": 1},
        {"log": "half-way", "level": "warning"},
    ]
    assert parse_report("\n".join(json.dumps(line) for line in lines)) == Report(
        missing=(Missing((A, B), (C,)), Missing((A,), ())),
        read=frozenset({A, B}),
        outputs={C: Made("sha256:00ff", {"rows": 3, "columns": ["x"], "range": {"low": 0.5}})},
        failed={B: "no such day"},
        metrics=(Metric("rows", 3.0, {"origin": "JFK"}),),
        progress=1.0,
        logs=(LogLine("warning", "half-way"),),
    )


def test_nothing_said_is_a_report() -> None:
    """If this failed, jobs that never report (most shell jobs) would fail."""
    assert parse_report(b"") == parse_report("\n \n") == Report()


def test_reading_nothing_is_not_silence() -> None:
    """If this failed, a job that says it read nothing would be taken to have read everything."""
    assert parse_report('{"read": []}') == Report(read=frozenset())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("gone wrong", "malformed"),
        ("[1]", "Expected `object`"),
        ("{}", "none of the keys"),
        ('{"outputs": "a"}', "none of the keys"),
        ('{"output": "a", "failed": "a", "reason": ""}', "output and failed at once"),
        ('{"output": "a", "size": 3}', "unknown field `size`"),
        ('{"output": 3}', "Expected `str`, got `int`"),
        ('{"output": "../a"}', "segment may not be '..'"),
        ('{"output": "a", "digest": "\\n"}', "digest"),
        ('{"output": "a", "metadata": {"deep": {"deeper": {}}}}', "metadata"),
        ('{"output": "a", "metadata": {"big": "' + "x" * 20_000 + '"}}', "metadata has"),
        ('{"missing": []}', "length >= 1"),
        ('{"missing": ["-rf"]}', "begins with '-'"),
        ('{"missing": ["a"], "for": ["a b"]}', "white space"),
        ('{"failed": "a"}', "missing required field `reason`"),
        ('{"metric": "a b", "value": 1}', "metric"),
        ('{"metric": "a", "value": 1e999}', "out of range"),
        ('{"metric": "a", "value": NaN}', "malformed"),
        ('{"progress": 1.5}', "<= 1"),
        ('{"log": "x", "level": "loud"}', "loud"),
        ('{"log": "\\ud800"}', "truncated"),
        ('{"output": "a", "metadata": ' + '{"a":' * 5000 + "1" + "}" * 5001, "nested too deeply"),
    ],
)
def test_a_wrong_line_is_quoted(line: str, why: str) -> None:
    """If this failed, a job author would have to guess which line was refused, and why."""
    answer = bad(f'{{"progress": 0}}\n{line}\n{{"progress": 1}}\n')
    assert answer.line == 2
    assert why in answer.why
    assert repr(line[:50])[1:-1] in answer.quoted
    assert f"line 2 of the report, {answer.quoted}: {answer.why}" in answer.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('{"output": "a"}', '{"failed": "a", "reason": "x"}'),
        ('{"failed": "a", "reason": "x"}', '{"output": "a"}'),
        ('{"output": "a", "digest": "1"}', '{"output": "a", "digest": "2"}'),
    ],
)
def test_contradictions_are_refused(first: str, second: str) -> None:
    """If this failed, what became of an output would depend on which of two lines is believed."""
    assert bad(f"{first}\n{second}\n").line == 2
    assert not isinstance(parse_report(f"{first}\n{first}\n"), BadReport)


def test_a_last_line_that_is_cut_off_is_called_so() -> None:
    """If this failed, a job killed while it wrote would look like one that writes nonsense."""
    assert bad('{"progress": 0}\n{"outp').why.endswith("(the last line is cut off)")
    assert bad(b'{"log": "\xe2\x82').line == 1
    assert parse_report('{"progress": 0}') == Report(progress=0.0)


def test_limits() -> None:
    """If this failed, one job could make the daemon read, keep or chew on as much as it likes."""
    assert "larger than" in bad(b" " * (REPORT_BYTES_MAX + 1)).why
    assert "at most" in bad(b'{"log": "' + b"x" * LINE_BYTES_MAX + b'"}').why
    assert bad(b"\n" * (LINES_MAX + 1)).line == LINES_MAX + 1
    long_reason = parse_report(json.dumps({"failed": A, "reason": "x" * 100_000}))
    assert isinstance(long_reason, Report)
    assert len(long_reason.failed[A]) == 4096


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_do_harm(data: bytes | str) -> None:
    """If this failed, some report would crash the daemon."""
    answer = parse_report(data)
    if isinstance(answer, BadReport):
        answer.message.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "missing",
    "for",
    "read",
    "output",
    "digest",
    "metadata",
    "failed",
    "reason",
    "metric",
    "value",
    "progress",
    "log",
]
keys = st.sampled_from(KEYS)


@given(st.lists(st.dictionaries(keys, json_values | st.sampled_from(["a", ["a"], 1, 0.5]), max_size=3), max_size=4))
def test_no_json_does_harm(lines: list[dict[str, object]]) -> None:
    """If this failed, some well-formed report would crash the daemon."""
    assert isinstance(parse_report("\n".join(json.dumps(line) for line in lines)), Report | BadReport)
