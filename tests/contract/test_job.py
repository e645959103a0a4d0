"""The job author's side of the contract, and that both sides understand each other."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.report import Report, parse_report
from statemachines.refs import Ref
from wantd import Context, Missing, job
from wantd.job import LINE_BYTES_MAX, BadContext, Input, Output

A, B = Ref("a"), Ref("b/x=1")
TOLD: dict[str, object] = {
    "run": "jr-1",
    "attempt": 2,
    "job": "daily",
    "environment": "local",
    "version": "v1",
    "deadline": "2026-01-02T03:04:05+00:00",
    "args": ["--fast"],
    "outputs": [{"ref": "a", "location": "/out/a"}],
    "inputs": [{"ref": "b/x=1", "location": "/in/b", "digest": "d1"}],
}


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    (tmp_path / "context").write_text(json.dumps(TOLD))
    return Context(tmp_path / "context", tmp_path / "report")


def reported(tmp_path: Path) -> Report:
    report = parse_report((tmp_path / "report").read_bytes())
    assert isinstance(report, Report)
    return report


def test_a_context_says_everything(ctx: Context) -> None:
    """If this failed, a job would not learn what it is asked to do."""
    assert (ctx.run, ctx.attempt, ctx.job, ctx.environment, ctx.version) == ("jr-1", 2, "daily", "local", "v1")
    assert ctx.deadline == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert ctx.args == ("--fast",)
    assert ctx.outputs == (Output("a", Path("/out/a")),)
    assert ctx.inputs == (Input("b/x=1", Path("/in/b"), "d1"),)
    assert ctx.output("a") == Path("/out/a")
    assert ctx.input("b/x=1") == Path("/in/b")
    with pytest.raises(KeyError, match="z is not an output of this run, which was asked for a"):
        ctx.output("z")


def test_the_daemon_understands_what_a_job_says(ctx: Context, tmp_path: Path) -> None:
    """If this failed, the two sides of the contract would have drifted apart."""
    ctx.read(B)
    ctx.done(A, digest="d2", metadata={"rows": 3})
    ctx.failed("c", "no such day")
    ctx.metric("rows", 3, origin="JFK")
    ctx.metric("seconds", 0.5)
    ctx.progress(7)
    ctx.log("é\n", level="debug")
    ctx.missing("d", wanted_by=["c"])
    report = reported(tmp_path)
    assert report.read == frozenset({B})
    assert report.outputs[A].digest == "d2"
    assert report.outputs[A].metadata == {"rows": 3}
    assert report.failed == {"c": "no such day"}
    assert [(said.name, said.value, said.labels) for said in report.metrics] == [
        ("rows", 3.0, {"origin": "JFK"}),
        ("seconds", 0.5, {}),
    ]
    assert report.progress == 1.0
    assert [(said.level, said.text) for said in report.logs] == [("debug", "é\n")]
    assert [(said.refs, said.wanted_by) for said in report.missing] == [(("d",), ("c",))]


def test_needing_what_is_not_there_reports_all_of_it_and_ends_the_run(ctx: Context, tmp_path: Path) -> None:
    """If this failed, a dynamic job would go on without its data, or cost one run for each missing ref."""
    with pytest.raises(Missing) as ended:
        ctx.need("c", B, "d")
    assert ended.value.refs == ("c", "d")
    assert [said.refs for said in reported(tmp_path).missing] == [("c", "d")]
    assert ctx.need(B) == [Path("/in/b")]


def test_any_number_of_refs_can_be_missing(ctx: Context, tmp_path: Path) -> None:
    """If this failed, a job with very many inputs would write a line that the daemon refuses."""
    refs = [f"{'x' * 900}/{n}" for n in range(3000)]
    ctx.missing(*refs)
    assert [ref for said in reported(tmp_path).missing for ref in said.refs] == refs


def test_a_line_that_would_be_refused_is_not_written(ctx: Context, tmp_path: Path) -> None:
    """If this failed, the job would go on and learn only at its end that its report is void."""
    with pytest.raises(ValueError, match="a report line of"):
        ctx.log("x" * LINE_BYTES_MAX)
    with pytest.raises(ValueError, match="not JSON compliant"):
        ctx.metric("rows", float("nan"))
    assert not (tmp_path / "report").exists()


def test_a_context_that_is_none_is_refused(tmp_path: Path) -> None:
    """If this failed, a wrong $WANTD_CONTEXT would show as a KeyError deep in a job."""
    path = tmp_path / "context"
    for text in ("gone wrong", "[1]", "3"):
        path.write_text(text)
        with pytest.raises(BadContext, match="is not a JSON object"):
            Context(path, tmp_path / "report")
    path.write_text('{"run": "1"}')
    with pytest.raises(BadContext, match="lacks args, attempt, deadline"):
        Context(path, tmp_path / "report")


def test_a_decorated_function_is_still_a_function(ctx: Context) -> None:
    """If this failed, a worker or a unit test could not call a job with a context of its own."""
    seen: list[str] = []

    @job
    def build(ctx: Context) -> None:
        """Say which run it is."""
        seen.append(ctx.run)

    build(ctx)
    assert seen == ["jr-1"]
    assert build.__doc__ == "Say which run it is."


PROGRAM = """
from wantd import Context, job

@job
def build(ctx: Context) -> None:
    ctx.input("b/x=1")
    ctx.need("nowhere")
    raise AssertionError("a job must not go on without its data")

if __name__ == "__main__":
    build.main()
"""


def run(tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "program.py").write_text(PROGRAM)
    environ = {"PYTHONPATH": str(Path(__file__).parents[2]), **environ}
    argv = [sys.executable, str(tmp_path / "program.py")]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)


def test_a_process_that_lacks_data_ends_cleanly(ctx: Context, tmp_path: Path) -> None:
    """If this failed, a dep miss of a process would leave a traceback, or never be heard of."""
    ended = run(tmp_path, WANTD_CONTEXT=str(tmp_path / "context"), WANTD_REPORT=str(tmp_path / "report"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert [said.refs for said in reported(tmp_path).missing] == [("nowhere",)]


def test_a_job_started_by_hand_says_what_to_do(tmp_path: Path) -> None:
    """If this failed, an author who runs a job file directly would get a traceback."""
    ended = run(tmp_path)
    assert ended.returncode == 2
    assert "$WANTD_CONTEXT is not set" in ended.stderr
    assert "Traceback" not in ended.stderr


TALKER = """
import sys
from wantd import Context
ctx = Context("context", "report")
for line in range(100):
    ctx.log(f"{sys.argv[1]}:{line}:" + "x" * 5000)
"""


def test_lines_of_several_processes_do_not_mix(ctx: Context, tmp_path: Path) -> None:
    """If this failed, a job with child processes could not report from them."""
    environ = {"PYTHONPATH": str(Path(__file__).parents[2])}
    argv = [sys.executable, "-c", TALKER]
    children = [subprocess.Popen([*argv, str(child)], cwd=tmp_path, env=environ) for child in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    assert len(reported(tmp_path).logs) == 400


def test_the_file_stands_alone(tmp_path: Path) -> None:
    """If this failed, job.py could not be copied into a project that does not install wantd."""
    (tmp_path / "vendored.py").write_bytes((Path(__file__).parents[2] / "wantd" / "job.py").read_bytes())
    argv = [sys.executable, "-S", "-c", "import vendored; vendored.Context"]
    subprocess.run(argv, cwd=tmp_path, check=True)
