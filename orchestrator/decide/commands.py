"""Which family a command belongs to."""

from typing import assert_never

from orchestrator.commands import (
    Answer,
    AnyCommand,
    CancelRun,
    CancelWant,
    CreateWant,
    OnOne,
    PauseWant,
    Refused,
    ReportPartition,
    ResumeWant,
    RetryWant,
    TaintPartitions,
)
from orchestrator.decide import partitions, runs, wants
from orchestrator.planning.turn import Turn


def decide(turn: Turn, command: AnyCommand) -> Answer:
    """Take a command, recording what follows, or refuse it; then nothing was recorded."""
    changed = _changed(turn, command) if isinstance(command, OnOne) else None
    if changed is not None:
        return changed
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


def _changed(turn: Turn, command: CancelWant | PauseWant | ResumeWant | RetryWant | CancelRun) -> Refused | None:
    """Refuse a command that was given about an older state of its entity than there is."""
    entity = command.run if isinstance(command, CancelRun) else command.want
    newest = turn.board.world.seqs.get(entity)
    if command.expected_seq in {None, newest} or newest is None:
        return None
    why = f"{entity} was last changed by entry {newest}, not by {command.expected_seq}"
    return Refused("changed_meanwhile", why, "look at it again, and ask with its new ETag")
