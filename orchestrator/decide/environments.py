"""Which environments commands may name."""

from orchestrator.commands import Refused
from statemachines.ids import LOCAL


def no_such_environment(name: str) -> Refused | None:
    """The refusal of a command that names an environment which does not exist, or None."""
    if name == LOCAL:
        return None
    return Refused("no_such_environment", f"there is no environment {name!r}", f"use {LOCAL!r}")
