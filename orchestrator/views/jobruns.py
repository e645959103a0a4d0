"""JobRuns as readers see them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from orchestrator.planning.board import Board
from orchestrator.views.looking import iso, iso_or_none, seconds
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
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.jobrun import Activation, Buffering, JobRun, RunState
from statemachines.refs import Ref
from statemachines.world import job_of, live_of


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
    queued, batch = spec_of(state), _batch_of(state)
    outputs = outputs_of(state)
    job = board.recipes.job(job_of(state))
    run_id = run_id_of(state)
    return JobRunView(
        id=run_id,
        state=type(state).__name__,
        job=job_of(state),
        environment=queued.environment if queued is not None else board.graph.environment,
        want=want_of(state),
        since=iso(state.since),
        seq=board.world.seqs[run_id],
        outputs_count=len(outputs),
        first_output=outputs[0][0] if outputs else "",
        reason="" if queued is None else queued.reason,
        pool=None if job is None else job.pool,
        slots=None if job is None else job.slots,
        until=iso_or_none(None if batch is None else batch.until),
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


def run_id_of(state: JobRun) -> RunId:
    """The id of a JobRun in whatever state."""
    if isinstance(state, Buffering):
        return state.id
    return run_id_of(state.was) if isinstance(state, jobrun.Canceled) else state.spec.id


def want_of(state: JobRun) -> WantId:
    """The want that led to it."""
    if isinstance(state, Buffering):
        return state.want
    return want_of(state.was) if isinstance(state, jobrun.Canceled) else state.spec.want


def spec_of(state: JobRun) -> jobrun.RunSpec | None:
    """What never changes about it, once it was queued."""
    if isinstance(state, jobrun.Canceled):
        return spec_of(state.was)
    return state.spec if isinstance(state, RunState) else None


def outputs_of(state: JobRun) -> tuple[tuple[Ref, InstanceId | None], ...]:
    """The refs it makes, each with its instance once there is one."""
    spec, batch = spec_of(state), _batch_of(state)
    if spec is not None:
        return tuple((output.ref, output.instance) for output in spec.outputs)
    return () if batch is None else tuple((ref, None) for ref in batch.refs)


def activation_of(state: JobRun) -> Activation | None:
    """What it was started with, if it was."""
    if isinstance(state, jobrun.Canceled):
        return activation_of(state.was)
    found = getattr(state, "activation", None)
    return found if isinstance(found, Activation) else None


def _batch_of(state: JobRun) -> Buffering | None:
    if isinstance(state, jobrun.Canceled):
        return _batch_of(state.was)
    return state if isinstance(state, Buffering) else None


def _is_chosen(state: JobRun, chosen: JobRunFilter) -> bool:
    return (
        (not chosen.states or type(state).__name__ in chosen.states)
        and (not chosen.job or job_of(state) == chosen.job)
        and (not chosen.want or want_of(state) == chosen.want)
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
