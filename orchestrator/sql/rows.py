"""What stands in the views: the rows of the API's own views, column by column.

The board that they are looked at through is not loaded: nothing here needs to know what is fresh or demanded, which
depends on what is configured and takes long to work out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from orchestrator.planning.board import Board
from orchestrator.sql import relations
from orchestrator.sql.relations import RELATIONS, Relation
from orchestrator.views.jobruns import jobrun_view, outputs_of
from orchestrator.views.looking import seconds
from orchestrator.views.partitions import Places, instance_view
from orchestrator.views.shapes import InstanceView, JobRunView, JobView
from orchestrator.views.shapes.table import Cell
from orchestrator.views.wants import want_view
from statemachines import jobrun, partition
from statemachines.jobrun import Buffering, JobRun
from statemachines.traits import activation_of, head_of, live_of

Row = tuple[Cell, ...]


class Scene(NamedTuple):
    """Everything that can be told: a board as of the moment, where bytes are, and what is configured."""

    board: Board
    places: Places
    jobs: tuple[JobView, ...] = ()
    pools: Mapping[str, int] = {}


def _wants(scene: Scene) -> Iterator[Row]:
    for state in scene.board.world.wants.values():
        view, spec = want_view(scene.board, state), state.spec
        yield (
            view.id,
            view.state,
            view.environment,
            view.since,
            state.since,
            view.created_at,
            spec.created_at,
            view.actor,
            view.source,
            view.refs_count,
            view.first_ref,
            view.seq,
            _json(view.patterns),
            view.priority,
            int(view.late),
            view.expires_at,
            spec.expires_at,
            view.late_at,
            spec.late_at,
            view.idempotency_key,
            view.comment,
            view.reason,
            view.failures_count,
        )


def _want_refs(scene: Scene) -> Iterator[Row]:
    for state in scene.board.world.wants.values():
        for position, ref in enumerate(state.spec.refs):
            yield state.spec.id, position, ref


def _partitions(scene: Scene) -> Iterator[Row]:
    board = scene.board
    for instance, state in board.world.partitions.items():
        view = instance_view(board, scene.places, instance)
        waits = state.not_before if isinstance(state, partition.UpForRetry) else None
        newest = board.world.holdings(state.spec.environment).newest[state.spec.ref] == instance
        yield (
            view.id,
            view.state,
            view.ref,
            view.environment,
            view.since,
            state.since,
            view.seq,
            int(view.canonical),
            int(newest),
            view.location,
            view.run,
            view.tries,
            view.not_before,
            waits,
            _json(view.needs),
            view.failure,
            view.reason,
            *_content(view),
            *_origin(view),
        )


def _content(view: InstanceView) -> Row:
    content = view.content
    if content is None:
        return None, None, None, None
    return content.digest, content.size_bytes, content.files, _json(content.metadata)


def _origin(view: InstanceView) -> Row:
    return (None, None, None) if view.origin is None else (view.origin.how, view.origin.source, view.origin.actor)


def _jobruns(scene: Scene) -> Iterator[Row]:
    for state in scene.board.world.runs.values():
        view, head = jobrun_view(scene.board, state), head_of(state)
        yield (
            view.id,
            view.state,
            view.job,
            view.environment,
            view.want,
            view.since,
            state.since,
            view.seq,
            view.outputs_count,
            view.first_output,
            view.reason,
            view.until,
            head.until if isinstance(head, Buffering) else None,
            view.retries,
            *_failure(view),
            _json(state.missing if isinstance(state, jobrun.DepMiss) else ()),
            *_activation(state),
            state.pid if isinstance(state, jobrun.Running) else None,
        )


def _failure(view: JobRunView) -> Row:
    return (None, None) if view.failure is None else (view.failure.kind, view.failure.reason)


def _activation(state: JobRun) -> Row:
    found = activation_of(state)
    if found is None:
        return None, None, None, None
    args = None if found.args is None else _json(found.args)
    return found.version, found.fingerprint, args, seconds(found.timeout_us)


def _inputs(scene: Scene) -> Iterator[Row]:
    world = scene.board.world
    for run, state in world.runs.items():
        activation = activation_of(state)
        for position, instance in enumerate(() if activation is None else activation.inputs):
            given = world.partitions[instance]
            live = live_of(given)
            yield run, position, given.spec.ref, instance, None if live is None else live.content.digest


def _outputs(scene: Scene) -> Iterator[Row]:
    world = scene.board.world
    for run, state in world.runs.items():
        for position, (ref, instance) in enumerate(outputs_of(state)):
            made = "Buffering" if instance is None else type(world.partitions[instance]).__name__
            yield run, position, ref, instance, made


def _jobs(scene: Scene) -> Iterator[Row]:
    for job in scene.jobs:
        yield (
            job.name,
            job.kind,
            _json(job.outputs),
            _json(job.inputs),
            job.description,
            job.executor,
            _json(job.command),
            job.python,
            _json(job.configure),
            int(job.dynamic),
            job.pool,
            job.slots,
            job.batch_max,
            job.priority,
            job.timeout_s,
            job.on_code_change,
            job.fingerprint,
        )


def _pools(scene: Scene) -> Iterator[Row]:
    yield from scene.pools.items()


def _columns(_: Scene) -> Iterator[Row]:
    for relation in RELATIONS:
        for column in relation.columns:
            yield relation.name, column.name, column.type, column.about


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


ROWS: Mapping[Relation, Callable[[Scene], Iterable[Row]]] = {
    relations.WANTS: _wants,
    relations.WANT_REFS: _want_refs,
    relations.PARTITIONS: _partitions,
    relations.JOBRUNS: _jobruns,
    relations.JOBRUN_INPUTS: _inputs,
    relations.JOBRUN_OUTPUTS: _outputs,
    relations.JOBS: _jobs,
    relations.POOLS: _pools,
    relations.COLUMNS: _columns,
}
"""How each view is filled. Entries are not here: they are read where they are."""

CONFIGURED = frozenset({relations.JOBS.name, relations.POOLS.name, relations.COLUMNS.name})
"""What can be told without the log."""
