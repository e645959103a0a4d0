"""A JobRun ended: what it did becomes events, for itself first and then for each instance it was to build.

``verdict`` says how the run as a whole ended, ``outcomes`` what became of each output; both only look. An output is
Live if it was reported complete (without reports: if the run ended with 0) and its bytes are there.

Source: design section 3 (law 8), section 4 and section 7 (classes of failure).
"""

from orchestrator.decide.outcomes import Complete, Missed, Outcome, Wrong, outcomes, verdict
from orchestrator.observations import JobEnded
from orchestrator.planning.turn import Turn
from statemachines import jobrun
from statemachines.failure import Failure
from statemachines.ids import Timestamp
from statemachines.jobrun import Canceling, Launching, Running, RunSpec
from statemachines.partition import Building, InputsArrived


def end(turn: Turn, ended: JobEnded) -> None:
    """Record the end of a JobRun. An end that is known already changes nothing."""
    run = turn.board.world.runs.get(ended.run)
    match run:
        case Launching() | Running():
            _end_active(turn, run, ended)
        case Canceling():
            _end_canceling(turn, run, ended)
        case _:
            return
    turn.board.recipes.forget(output.ref for output in run.spec.outputs)


def _end_active(turn: Turn, run: Launching | Running, ended: JobEnded) -> None:
    results = outcomes(turn.board, run, ended)
    event = _event_for(turn, run, verdict(run, ended, results))
    _end_instances(turn, run.spec, results, _record_end(turn, run, event))


def _event_for(turn: Turn, run: Launching | Running, whole: Outcome) -> jobrun.AnyJobRunEvent:
    match whole:
        case Complete():
            return run.succeed(at=turn.now)
        case Missed(needs=needs):
            return run.miss(needs, at=turn.now)
        case Wrong(failure=failure) if failure.kind == "lost":
            return run.lose(failure.reason, at=turn.now)
        case Wrong(failure=failure):
            return run.fail(failure, at=turn.now)


def _end_canceling(turn: Turn, run: Canceling, ended: JobEnded) -> None:
    """Stopped as asked, unless it was done before the stop reached it."""
    results = outcomes(turn.board, run, ended)
    ended_well = ended.exit.kind == "exit" and ended.exit.code == 0
    if ended_well and all(isinstance(result, Complete) for result in results):
        _end_instances(turn, run.spec, results, _record_end(turn, run, run.succeed(at=turn.now)))
        return
    seq = _record_end(turn, run, run.cancel(at=turn.now))
    if run.by:
        stopped = Wrong(Failure("canceled", run.reason))
        _end_instances(turn, run.spec, [stopped for _ in results], seq)
    else:
        _cancel_instances(turn, run.spec, seq)


def _record_end(turn: Turn, run: jobrun.Started, event: jobrun.AnyJobRunEvent) -> int:
    return turn.record(event, cause=turn.board.world.seqs[run.spec.id], want=run.spec.want)


def _end_instances(turn: Turn, spec: RunSpec, results: list[Outcome], cause: int) -> None:
    for output, result in zip(spec.outputs, results, strict=True):
        instance = turn.board.world.partitions[output.instance]
        if isinstance(instance, Building):
            _end_instance(turn, spec, instance, result, cause)


def _cancel_instances(turn: Turn, spec: RunSpec, cause: int) -> None:
    for output in spec.outputs:
        instance = turn.board.world.partitions[output.instance]
        if isinstance(instance, Building):
            turn.record(instance.cancel(at=turn.now), cause=cause, want=spec.want)


def _end_instance(turn: Turn, spec: RunSpec, instance: Building, result: Outcome, cause: int) -> None:
    match result:
        case Complete(origin=origin, content=content):
            turn.record(instance.complete(origin, content, at=turn.now), cause=cause, want=spec.want)
        case Missed(needs=()):
            again = instance.retry(InputsArrived(()), turn.now, at=turn.now)
            turn.record(again, cause=cause, want=spec.want)
        case Missed(needs=needs):
            turn.record(instance.miss(needs, at=turn.now), cause=cause, want=spec.want)
        case Wrong(failure=failure):
            _fail(turn, spec, instance, failure, cause)


def _fail(turn: Turn, spec: RunSpec, instance: Building, failure: Failure, cause: int) -> None:
    """Leave the instance to be tried again where its budget allows it, or fail it for good."""
    wait_us = _wait_us(turn, spec, instance, failure)
    if wait_us is None:
        turn.record(instance.fail(failure, at=turn.now), cause=cause, want=spec.want)
    else:
        not_before = Timestamp(turn.now + wait_us)
        turn.record(instance.retry(failure, not_before, at=turn.now), cause=cause, want=spec.want)


def _wait_us(turn: Turn, spec: RunSpec, instance: Building, failure: Failure) -> int | None:
    """How long to wait before the next try; None where there is no next try."""
    job = turn.board.recipes.job(spec.job)
    if job is None or failure.kind == "canceled":
        return None
    if failure.kind == "lost":
        return 0 if instance.attempt.lost + 1 < job.retry.tries_for("lost") else None
    if instance.attempt.tries >= job.retry.tries_for(failure.kind):
        return None
    return job.retry.backoff_us(instance.attempt.tries)
