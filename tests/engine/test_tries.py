"""How often something is tried again: failures and losses each have a budget of their own."""

import pytest

from orchestrator.observations import Exit, JobEnded, Nothing
from orchestrator.report import Report
from statemachines.refs import Ref
from tests.kit.core import Core, ended

APPLICATION = """
[application]
name = "tries"
[retry]
tries = 3
lost = 2
backoff = "0s"
[[job]]
name = "raw"
outputs = ["raw"]
command = ["raw"]
"""


def go_on(core: Core, how: str) -> None:
    """End what runs: ``f`` for a failure, ``l`` for a loss."""
    (run,) = core.active()
    if how == "f":
        core.turn(ended(run, code=1))
    else:
        core.turn(JobEnded(run.spec.id, Exit(kind="lost"), Report(), {Ref("raw"): Nothing("lost")}))
    core.wait(0)


@pytest.mark.parametrize("story", ["ll", "fll", "lfl", "ffll", "fff", "lfff", "flff", "fflf"])
def test_losses_and_failures_are_counted_apart(story: str) -> None:
    """If this fails, a machine that was rebooted twice uses up the tries of a job, or a job is tried for ever."""
    core = Core(APPLICATION)
    want = core.want("raw")
    for number, how in enumerate(story, start=1):
        assert core.state(want) == "Building", f"it was given up after {story[: number - 1]}"
        go_on(core, how)
    assert (core.state(want), len(core.runs_of("raw"))) == ("Failed", len(story))
