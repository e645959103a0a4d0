"""JobRuns as readers see them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from orchestrator.planning.board import Board
from orchestrator.views.looking import iso, seconds
from orchestrator.views.shapes import (
    ActivationView,
    FailureView,
    InputView,
    JobRunDetail,
    JobRunFilter,
    JobRunView,
    OutputView,
)
from statemachines import jobrun
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Activation, Buffering, JobRun
from statemachines.refs import Ref
from statemachines.traits import activation_of, head_of, live_of


class RunFiles(NamedTuple):
    """Where the files of a JobRun are."""

    log: Path
    context: Path


FilesOf = Callable[[RunId], RunFiles]


def jobruns(board: Board, chosen: JobRunFilter) -> Iterator[JobRunView]:
    """The JobRuns that a filter chooses, oldest first."""
    begun, found = not chosen.after, 0
    for run_id, state in board.world.runs.items():
        if not begun:
            begun = run_id == chosen.after
            continue
        if found == chosen.limit:
            return
        if _is_chosen(state, chosen):
            found += 1
            yield jobrun_view(board, state)


def jobrun_view(board: Board, state: JobRun) -> JobRunView:
    """One JobRun as a row."""
    head, outputs = head_of(state), outputs_of(state)
    queued = None if isinstance(head, Buffering) else head
    job = board.recipes.job(head.job)
    return JobRunView(
        id=head.id,
        state=type(state).__name__,
        job=head.job,
        environment=head.environment,
        want=head.want,
        since=iso(state.since),
        seq=board.world.seqs[head.id],
        outputs_count=len(outputs),
        first_output=outputs[0][0] if outputs else "",
        reason="" if queued is None else queued.reason,
        pool=None if job is None else job.pool,
        slots=None if job is None else job.slots,
        until=iso(head.until) if isinstance(head, Buffering) else None,
        retries=None if queued is None else queued.retries,
        failure=_failure(state),
    )


def jobrun_detail(board: Board, run_id: RunId, files_of: FilesOf) -> JobRunDetail:
    """One JobRun with all it was given and makes. Raises KeyError."""
    state = board.world.runs[run_id]
    files, activation = files_of(run_id), activation_of(state)
    return JobRunDetail(
        id=run_id,
        state=type(state).__name__,
        run=jobrun_view(board, state),
        outputs=tuple(_output(board, ref, instance) for ref, instance in outputs_of(state)),
        log=str(files.log),
        context=str(files.context),
        activation=None if activation is None else _activation_view(board, activation),
        missing=state.missing if isinstance(state, jobrun.DepMiss) else (),
        pid=state.pid if isinstance(state, jobrun.Running) else None,
    )


def outputs_of(state: JobRun) -> tuple[tuple[Ref, InstanceId | None], ...]:
    """The refs it makes, each with its instance once there is one."""
    head = head_of(state)
    if isinstance(head, Buffering):
        return tuple((ref, None) for ref in head.refs)
    return tuple((output.ref, output.instance) for output in head.outputs)


def _is_chosen(state: JobRun, chosen: JobRunFilter) -> bool:
    return (
        (not chosen.states or type(state).__name__ in chosen.states)
        and (not chosen.job or head_of(state).job == chosen.job)
        and (not chosen.want or head_of(state).want == chosen.want)
    )


def _failure(state: JobRun) -> FailureView | None:
    match state:
        case jobrun.Failed(failure=failure):
            return FailureView(failure.kind, failure.reason)
        case jobrun.Lost(reason=reason):
            return FailureView("lost", reason)
        case jobrun.Canceled(reason=reason) | jobrun.Canceling(reason=reason):
            return FailureView("canceled", reason)
        case _:
            return None


def _output(board: Board, ref: Ref, instance: InstanceId | None) -> OutputView:
    state = "Buffering" if instance is None else type(board.world.partitions[instance]).__name__
    return OutputView(ref, instance, state)


def _activation_view(board: Board, activation: Activation) -> ActivationView:
    return ActivationView(
        version=activation.version,
        fingerprint=activation.fingerprint,
        inputs=tuple(_input(board, instance) for instance in activation.inputs),
        args=activation.args,
        env=dict(activation.env),
        timeout_s=seconds(activation.timeout_us),
    )


def _input(board: Board, instance: InstanceId) -> InputView:
    state = board.world.partitions[instance]
    live = live_of(state)
    return InputView(state.spec.ref, instance, None if live is None else live.content.digest)
