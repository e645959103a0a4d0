"""A job may find out what it needs while it runs, and may not ask for the same twice."""

from statemachines.jobrun import DepMiss, Failed, Launching
from statemachines.partition import UpstreamBuilding
from statemachines.refs import Ref
from tests.kit.core import Core, ended, missing

APPLICATION = """
[application]
name = "misses"
[retry]
tries = 1
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "mid"
outputs = ["mid"]
inputs = ["raw/1"]
command = ["mid"]
dynamic = true
"""


def at_work(core: Core, job: str) -> Launching:
    (run,) = core.active()
    assert isinstance(run, Launching)
    assert run.spec.job == job
    return run


def given(core: Core, run: Launching) -> list[str]:
    return [core.board.world.partitions[one].spec.ref for one in run.activation.inputs]


def test_what_was_missed_is_made_and_asking_for_it_again_is_a_failure() -> None:
    """If this fails, a job that always misses what it was given runs again and again, for ever."""
    core = Core(APPLICATION)
    want = core.want("mid")
    core.turn(ended(at_work(core, "raw")))
    first = at_work(core, "mid")
    core.turn(ended(first, code=1, report=missing("raw/1", "raw/2")))
    assert isinstance(core.board.world.runs[first.spec.id], DepMiss)
    waiting = core.board.world.partitions[core.board.holdings.newest[Ref("mid")]]
    assert isinstance(waiting, UpstreamBuilding)
    assert waiting.attempt.needs == ("raw/2",), "only what is new is waited for"
    core.turn(ended(at_work(core, "raw")))
    second = at_work(core, "mid")
    assert given(core, second) == ["raw/1", "raw/2"]
    core.turn(ended(second, code=1, report=missing("raw/2")))
    state = core.board.world.runs[second.spec.id]
    assert isinstance(state, Failed)
    assert (state.failure.kind, "raw/2" in state.failure.reason) == ("repeated_miss", True)
    assert (core.state(want), core.active()) == ("Failed", [])
