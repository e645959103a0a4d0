"""Mistakes that the reference model found, each as the shortest story that shows it."""

from statemachines.jobrun import Canceling, Launching, Running
from tests.kit.core import Core, ended, missing

Run = Launching | Running | Canceling

APPLICATION = """
[application]
name = "regressions"
[pools]
default = 9
one = 1
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "mid"
outputs = ["mid/{n:int}"]
inputs = ["raw/{n}"]
command = ["mid"]
[[job]]
name = "pair"
outputs = ["pair/{n:int}"]
inputs = ["mid/{n}", "raw/9"]
command = ["pair"]
[[job]]
name = "free"
outputs = ["free/{n:int}"]
command = ["free"]
[[job]]
name = "narrow"
outputs = ["narrow/{n:int}"]
command = ["narrow"]
pool = "one"
"""


def state_of(core: Core, ref: str) -> str:
    """The state of the newest instance of a ref."""
    return core.state(core.board.holdings.newest[ref])  # type: ignore[index]  # a ref


def of(core: Core, ref: str) -> Run:
    """The run that makes a ref now."""
    return next(run for run in core.active() if ref in [output.ref for output in run.spec.outputs])


def test_what_waits_for_a_miss_is_canceled_when_its_want_closes_later() -> None:
    """If this fails, an instance that lost its demand while its want was open waits until the next restart."""
    core = Core(APPLICATION)
    want = core.want("mid/1", "free/7")
    core.turn(ended(of(core, "raw/1")))
    core.turn(ended(of(core, "mid/1"), code=1, report=missing("free/1", "raw/9")))
    core.turn(ended(of(core, "free/1"), code=1, report=missing("free/2")))
    core.turn(ended(of(core, "raw/9"), code=1))
    assert (core.state(want), state_of(core, "free/1")) == ("Building", "UpstreamBuilding")
    core.turn(ended(of(core, "free/7")))
    assert (core.state(want), state_of(core, "free/1")) == ("UpstreamFailed", "Canceled")
