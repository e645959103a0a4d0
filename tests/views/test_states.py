"""The names of states in filters are those of the machines."""

from typing import get_args

from orchestrator.views.shapes import STATE_NAMES
from statemachines import jobrun, partition, want


def test_every_state_can_be_asked_for() -> None:
    """Broken: a state was added or renamed, and no list can be narrowed to it."""
    unions = {"want": want.Want, "partition": partition.Partition, "jobrun": jobrun.JobRun}
    assert {
        machine: tuple(state.__name__ for state in get_args(union)) for machine, union in unions.items()
    } == STATE_NAMES
