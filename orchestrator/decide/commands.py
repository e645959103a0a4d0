"""Which family a command belongs to."""

from typing import assert_never

from orchestrator.commands import (
    Answer,
    AnyCommand,
    CancelRun,
    CancelWant,
    CreateWant,
    PauseWant,
    ReportPartition,
    ResumeWant,
    RetryWant,
    TaintPartitions,
)
from orchestrator.decide import partitions, runs, wants
from orchestrator.planning.turn import Turn


def decide(turn: Turn, command: AnyCommand) -> Answer:
    """Take a command, recording what follows, or refuse it; then nothing was recorded."""
    match command:
        case CreateWant():
            return wants.create(turn, command)
        case CancelWant():
            return wants.cancel(turn, command)
        case PauseWant():
            return wants.pause(turn, command)
        case ResumeWant():
            return wants.resume(turn, command)
        case RetryWant():
            return wants.retry(turn, command)
        case TaintPartitions():
            return partitions.taint(turn, command)
        case ReportPartition():
            return partitions.report(turn, command)
        case CancelRun():
            return runs.cancel(turn, command)
        case _:
            assert_never(command)
