"""JobRuns as readers see them."""

from collections.abc import Callable, Iterator

from orchestrator.executors.keeper.files import RunFiles
from orchestrator.planning.board import Board
from orchestrator.views.looking import iso, seconds
from orchestrator.views.paging import LOOKED_AT_ONCE, Pausing, codes_of, enrolled, page
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
from statemachines.jobrun import Activation, Buffering, JobRun
from statemachines.refs import Ref
from statemachines.roll import Roll
from statemachines.rolls import RUN_CODES
from statemachines.traits import activation_of, head_of, live_of
from statemachines.world import World

LISTED_MAX = 1_000
"""How many outputs, inputs and missing refs are listed of one JobRun; how many there are is said beside."""

FilesOf = Callable[[RunId], RunFiles]


def jobruns(board: Board, chosen: JobRunFilter) -> Pausing[tuple[JobRunView, ...]]:
    """The JobRuns that a filter chooses."""
    runs = board.world.runs
    return page(_chosen(board.world, chosen), lambda run: jobrun_view(board, runs[run]), chosen.limit)


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
        outputs=tuple(_output(board, ref, instance) for ref, instance in outputs_of(state)[:LISTED_MAX]),
        log=files.log,
        context=files.context,
        activation=None if activation is None else _activation_view(board, activation),
        missing=state.missing[:LISTED_MAX] if isinstance(state, jobrun.DepMiss) else (),
        pid=state.pid if isinstance(state, jobrun.Running) else None,
    )


def outputs_of(state: JobRun) -> tuple[tuple[Ref, InstanceId | None], ...]:
    """The refs it makes, each with its instance once there is one."""
    head = head_of(state)
    if isinstance(head, Buffering):
        return tuple((ref, None) for ref in head.refs)
    return tuple((output.ref, output.instance) for output in head.outputs)


def _chosen(world: World, chosen: JobRunFilter) -> Iterator[RunId | None]:
    """The ids that a filter chooses; None for a pause.

    The shortest roll that has them all is gone through; only where both a job and a want are named is more looked at
    than is chosen.
    """
    if chosen.after and chosen.after not in world.runs:
        return
    rolls = [world.run_rolls.all]
    if chosen.job:
        rolls.append(world.run_rolls.of_job.get(chosen.job, Roll()))
    if chosen.want:
        rolls.append(world.run_rolls.of_want.get(WantId(chosen.want), Roll()))
    shortest = min(rolls, key=lambda roll: len(roll.ids))
    codes = codes_of(chosen.states, RUN_CODES)
    for number, run in enumerate(enrolled(shortest, codes, RunId(chosen.after), chosen.order), start=1):
        head = head_of(world.runs[run])
        if chosen.job in ("", head.job) and chosen.want in ("", head.want):
            yield run
        if number % LOOKED_AT_ONCE == 0:
            yield None


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
        inputs=tuple(_input(board, instance) for instance in activation.inputs[:LISTED_MAX]),
        args=activation.args,
        env=dict(activation.env),
        timeout_s=seconds(activation.timeout_us),
        inputs_count=len(activation.inputs),
    )


def _input(board: Board, instance: InstanceId) -> InputView:
    state = board.world.partitions[instance]
    live = live_of(state)
    return InputView(state.spec.ref, instance, None if live is None else live.content.digest)
