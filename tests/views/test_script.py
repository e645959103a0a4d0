"""The script of a plan does what the plan says, without wantd, and refuses what it cannot do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.catalog import Catalog, build_catalog
from orchestrator.config import read_config
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.views.plan import plan
from orchestrator.views.script import NotScriptable, render_sh
from statemachines.refs import Ref
from statemachines.world import World
from tests.kit.core import Core
from tests.views.samples import CHAIN, place

ROOT = Path(__file__).resolve().parents[2]

CONFIG = f"""
[application]
name = "small"
python = "{sys.executable}"
[[job]]
name = "raw"
outputs = ["raw/x=$HOME&`touch;hacked`{{n:int}}"]
command = ["sh", "-c", 'test "$GREETING" = "hello \\"you\\"" && python3 raw.py']
env = {{ GREETING = 'hello "you"' }}
[[job]]
name = "top"
outputs = ["top/{{n:int}}"]
inputs = ["raw/x=$HOME&`touch;hacked`{{n}}"]
python = "jobs:top"
[[job]]
name = "bad"
outputs = ["bad"]
command = ["true"]
"""

RAW = """
import json, os
told = json.load(open(os.environ["WANTD_CONTEXT"]))
assert os.environ["WANTD_OUTPUT"] == told["outputs"][0]["location"]
for made in told["outputs"]:
    open(made["location"], "w").write(made["ref"])
"""

JOBS = """
def top(ctx):
    (given,) = ctx.inputs
    (made,) = ctx.outputs
    made.location.mkdir()
    (made.location / "copy").write_text("top of " + given.location.read_text())
"""


def app(folder: Path) -> Catalog:
    (folder / "raw.py").write_text(RAW)
    (folder / "jobs.py").write_text(JOBS)
    config = read_config(folder / "wantd.toml", CONFIG, cpus=2)
    return build_catalog(config, folder, {job.name: job.name for job in config.jobs})


def run(catalog: Catalog, ref: str, out: Path) -> "subprocess.CompletedProcess[str]":
    board = Board(World(), Recipes(catalog))
    script = render_sh(plan(board, [Ref(ref)], place), catalog)
    path = out.with_suffix(".sh")
    path.write_text(script)
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.run(
        ["sh", str(path), str(out)], capture_output=True, text=True, env=env, check=False, cwd=out.parent
    )


def test_the_script_builds_what_the_plan_says(tmp_path: Path) -> None:
    """If this fails, a plan as a script does not run, or a ref is taken for shell code."""
    catalog = app(tmp_path)
    (tmp_path / "wantd").symlink_to(ROOT / "wantd")
    done = run(catalog, "top/1", tmp_path / "out put")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out put/top/1/data/copy").read_text() == "top of raw/x=$HOME&`touch;hacked`1"
    assert not list(tmp_path.rglob("hacked*"))
    assert "step 2 of 2: job top" in done.stderr


def test_the_script_stops_at_what_was_not_made(tmp_path: Path) -> None:
    """If this fails, a script goes on though a step made nothing."""
    done = run(app(tmp_path), "bad", tmp_path / "out")
    assert done.returncode == 1
    assert "made nothing" in done.stderr
    again = run(app(tmp_path), "bad", tmp_path / "out")
    assert again.returncode != 0


@pytest.mark.parametrize(
    ("ref", "why"), [("asked/1", "configure"), ("dynamic/1", "while it runs"), ("inside", "outside")]
)
def test_what_can_not_be_scripted_is_refused(ref: str, why: str) -> None:
    """If this fails, a script promises what only a running daemon can find out."""
    core = Core(CHAIN)
    with pytest.raises(NotScriptable, match=why):
        render_sh(plan(core.board, [Ref(ref)], place), core.catalog)


def test_a_job_with_secrets_is_not_scripted() -> None:
    """If this fails, a script lacks what a job needs, or holds what nobody may see."""
    text = CHAIN.replace('name = "top"', 'name = "top"\nsecrets = { KEY = { file = "key" } }', 1)
    core = Core(text)
    with pytest.raises(NotScriptable, match="job top has secrets"):
        render_sh(plan(core.board, [Ref("top")], place), core.catalog)
