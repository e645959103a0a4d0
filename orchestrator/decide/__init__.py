"""What is made of an input: commands are taken or refused, observations become events. Pure, one file a family."""

from orchestrator.decide.commands import decide
from orchestrator.decide.observations import observe

__all__ = ["decide", "observe"]
