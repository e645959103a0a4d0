"""Commands about JobRuns."""

from orchestrator.commands import Accepted, Answer, CancelRun, Refused
from orchestrator.planning.turn import Turn
from statemachines import jobrun
from statemachines.failure import Failure
from statemachines.partition import Building


def cancel(turn: Turn, command: CancelRun) -> Answer:
    """Stop a JobRun by hand. What it was building fails: somebody decided so."""
    world = turn.board.world
    state = world.runs.get(command.run)
    cause = world.seqs.get(command.run, 0)
    reason = command.reason or f"canceled by {command.actor}"
    match state:
        case None:
            return Refused(
                "no_such_jobrun", f"there is no JobRun {command.run}", "wantd jobrun list shows those there are"
            )
        case jobrun.Launching() | jobrun.Running():
            event = state.stop(reason, command.actor, at=turn.now)
            seq = turn.record(event, cause=cause, want=state.spec.want, actor=command.actor)
        case jobrun.Queued(spec=spec):
            canceled = state.cancel(reason, at=turn.now)
            seq = turn.record(canceled, cause=cause, want=spec.want, actor=command.actor)
            _fail_instances(turn, spec, reason, seq)
        case jobrun.Buffering():
            return Refused("not_now", f"JobRun {command.run} still collects refs", "cancel the wants it collects for")
        case _:
            name = type(state).__name__
            return Refused(
                "not_now", f"JobRun {command.run} is {name} and cannot be canceled", "it has ended, or is ending"
            )
    return Accepted(command.run, seq)


def _fail_instances(turn: Turn, spec: jobrun.RunSpec, reason: str, cause: int) -> None:
    for output in spec.outputs:
        instance = turn.board.world.partitions[output.instance]
        if isinstance(instance, Building):
            turn.record(instance.fail(Failure("canceled", reason), at=turn.now), cause=cause, want=spec.want)
