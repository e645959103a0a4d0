"""What is launched reads what is Live at that moment, however long it has waited for a slot."""

from orchestrator.commands import TaintPartitions
from statemachines.jobrun import Canceled, Started
from statemachines.partition import Live
from statemachines.refs import Ref
from tests.kit.core import Core, ended

APPLICATION = """
[application]
name = "launching"
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
pool = "one"
"""


def test_an_input_that_was_tainted_while_a_run_waited_is_not_read() -> None:
    """If this fails, what must not be used is used, and what is made from it passes for good."""
    core = Core(APPLICATION)
    want = core.want("mid/1", "mid/2")
    core.turn(*(ended(run) for run in core.active()))
    (first,) = core.active()
    (waiting,) = set(core.runs_of("mid")) - {first.spec.id}
    core.turn(TaintPartitions("test", (Ref("raw/2"),), "bad"))
    core.turn(ended(first))
    assert isinstance(core.board.world.runs[waiting], Canceled)
    while runs := core.active():
        for run in runs:
            assert all(isinstance(core.board.world.partitions[one], Live) for one in run.activation.inputs)
        core.turn(*(ended(run, digest=f"again {run.spec.id}") for run in runs))
    assert (core.state(want), core.is_live("mid/2")) == ("Successful", True)
    assert sum(isinstance(run, Started) for run in core.board.world.runs.values()) == 0
