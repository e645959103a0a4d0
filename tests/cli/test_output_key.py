"""A job that makes one thing is told where in ``$WANTD_OUTPUT``, so that a line of shell can be a job."""

from __future__ import annotations

from pathlib import Path

from tests.cli.kit import here

CONFIG = """\
[application]
name = "lines"

[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["sh", "-c", 'seq "${1#raw/}" > "$WANTD_OUTPUT"', "seq"]

[[job]]
name = "pair"
outputs = ["pair/{n:int}"]
batch = { max = 2 }
command = ["sh", "count.sh"]

[[job]]
name = "called"
outputs = ["called/{n:int}"]
batch = { max = 2 }
python = "called:build"
pool = "one"

[pools]
one = 1
"""

COUNT = """\
[ $# -eq 1 ] && { [ -n "$WANTD_OUTPUT" ] && echo "one" > "$WANTD_OUTPUT"; exit; }
[ -z "${WANTD_OUTPUT+set}" ] || exit 9
python3 -c 'import json, os
for made in json.load(open(os.environ["WANTD_CONTEXT"]))["outputs"]:
    open(made["location"], "w").write("two\\n")'
"""

CALLED = """\
import os, subprocess

def build(ctx):
    with open("workers", "a") as workers:
        print(os.getpid(), len(ctx.outputs), file=workers)
    if len(ctx.outputs) == 1:
        subprocess.run(["sh", "-c", 'echo one > "$WANTD_OUTPUT"'], check=True)
        return
    assert "WANTD_OUTPUT" not in os.environ
    for made in ctx.outputs:
        made.location.write_text("two\\n")
"""


def lines(app: Path, ref: str) -> list[str]:
    """What lies where a ref is."""
    return Path(here(app, "partition", "path", ref).stdout.strip()).read_text().split()


def test_a_job_that_makes_one_thing_is_told_where_by_its_environment(tmp_path: Path) -> None:
    """Broken: a line of shell has to read JSON, or a batch writes all it makes to one place."""
    for name, text in (("wantd.toml", CONFIG), ("count.sh", COUNT), ("called.py", CALLED)):
        (tmp_path / name).write_text(text)
    done = here(tmp_path, "build", "raw/3", *(f"{job}/{n}" for job in ("pair", "called") for n in (1, 2, 3)))
    assert done.returncode == 0, done.stderr
    assert lines(tmp_path, "raw/3") == ["1", "2", "3"]
    for job in ("pair", "called"):
        assert sorted(lines(tmp_path, f"{job}/{n}")[0] for n in (1, 2, 3)) == ["one", "two", "two"]


def test_a_worker_that_made_one_thing_makes_several_next(tmp_path: Path) -> None:
    """Broken: a batch is told the place of the call before it, or each call has to have a worker of its own."""
    for name, text in (("wantd.toml", CONFIG), ("called.py", CALLED)):
        (tmp_path / name).write_text(text)
    for refs in (("called/1",), ("called/2", "called/3"), ("called/4",)):
        done = here(tmp_path, "build", *refs)
        assert done.returncode == 0, done.stderr
    calls = [line.split() for line in (tmp_path / "workers").read_text().splitlines()]
    assert [made for _, made in calls] == ["1", "2", "1"]
    assert len({worker for worker, _ in calls}) == 1
    assert [lines(tmp_path, f"called/{n}") for n in (1, 2, 3, 4)] == [["one"], ["two"], ["two"], ["one"]]
