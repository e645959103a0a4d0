"""OpenLineage: each JobRun is a run, each family of refs a dataset, the want that led to it the parent run.

A pure function of an entry and of facts about its JobRun that never change, so it needs no memory. START is its launch;
a JobRun that was canceled before is not told of. ABORT is an end without a verdict: canceled, or inputs were missing.

Source: the OpenLineage specification, version 2; ecosystem reference, section 3.
"""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

import msgspec

from bel.entry import Entry
from orchestrator.catalog import Catalog
from orchestrator.outward import runevents
from orchestrator.outward.messages import Message
from orchestrator.outward.runevents import EventType, Facet, Facets, Input, Job, Output, Run, RunEvent
from orchestrator.outward.sinks import Batch, Scene, gently
from orchestrator.views.looking import iso
from statemachines import jobrun
from statemachines.events import AnyEvent
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Activation, RunSpec
from statemachines.partition import Content
from statemachines.refs import Ref
from statemachines.traits import activation_of, head_of, live_of
from statemachines.world import World

PARTITIONS_SHOWN = 100
"""How many partitions of one dataset an event names; their number is exact."""

_TYPES: dict[type[AnyEvent], EventType] = {
    jobrun.JobRunLaunching: "START",
    jobrun.JobRunRunning: "RUNNING",
    jobrun.JobRunSucceeded: "COMPLETE",
    jobrun.JobRunFailed: "FAIL",
    jobrun.JobRunLost: "FAIL",
    jobrun.JobRunDepMiss: "ABORT",
    jobrun.JobRunCanceled: "ABORT",
}


class _Part(NamedTuple):
    """A partition that was read or made."""

    ref: Ref
    instance: InstanceId
    content: Content | None


class OpenLineage:
    """The sink."""

    remembers = False
    oldest = None

    def __init__(self, namespace: str, catalog: Catalog) -> None:
        self._namespace = namespace
        self._catalog = catalog
        self._engine = runevents.engine(version("wantd"))

    def forget(self) -> None:
        """There is nothing to forget."""

    async def take(self, batch: Batch, scene: Scene, /) -> list[Message]:
        """An event for each JobRun that was launched, was seen running, or ended."""
        return await gently(self._messages(batch, scene.world))

    def uuid(self, entity: str) -> str:
        """The UUID of a want or a JobRun: the same for ever."""
        return str(uuid5(NAMESPACE_URL, f"wantd:{self._catalog.name}:{entity}"))

    def _messages(self, batch: Batch, world: World) -> Iterator[Message]:
        for entry in batch:
            kind = _TYPES.get(type(entry.event))
            state = None if kind is None else world.runs[RunId(entry.event.id)]
            activation = None if state is None else activation_of(state)
            spec = None if state is None else head_of(state)
            if kind is not None and activation is not None and isinstance(spec, RunSpec):
                event = self._event(entry, kind, spec, activation, world)
                yield Message(f"{event.run.run_id}-{kind}", msgspec.json.encode(event))

    def _event(
        self, entry: Entry[AnyEvent], kind: EventType, spec: RunSpec, activation: Activation, world: World
    ) -> RunEvent:
        has_ended = kind not in {"START", "RUNNING"}
        read = _read(world, spec, activation) if has_ended else activation.inputs
        # The world may be beyond this entry: what is to be made may be there by now.
        made = [_part(world, output.instance) for output in spec.outputs] if has_ended else []
        to_make = [_Part(output.ref, output.instance, None) for output in spec.outputs]
        return RunEvent(
            event_type=kind,
            event_time=iso(entry.at),
            run=Run(self.uuid(spec.id), self._run_facets(entry, spec, activation, world)),
            job=Job(self._namespace, spec.job, self._job_facets(spec.job)),
            inputs=tuple(self._inputs(_part(world, instance) for instance in read)),
            outputs=tuple(self._outputs([one for one in made if one.content] if has_ended else to_make)),
        )

    def _run_facets(self, entry: Entry[AnyEvent], spec: RunSpec, activation: Activation, world: World) -> Facets:
        wish = world.wants[spec.want].spec
        facets = {
            "parent": runevents.parent(self.uuid(spec.want), self._namespace, "want"),
            "processing_engine": self._engine,
            "wantd_jobrun": runevents.own(
                "jobrun",
                id=spec.id,
                want=spec.want,
                reason=spec.reason,
                retries=spec.retries,
                environment=spec.environment,
                version=activation.version,
                fingerprint=activation.fingerprint,
                outcome=type(entry.event).__name__.removeprefix("JobRun"),
                seq=entry.seq,
            ),
        }
        if wish.data_timestamp is not None:
            facets["nominalTime"] = runevents.nominal_time(iso(wish.data_timestamp))
        if message := _message(entry.event):
            facets["errorMessage"] = runevents.error_message(message)
        return facets

    def _job_facets(self, name: str) -> Facets:
        facets = {"jobType": runevents.job_type()}
        job = self._catalog.jobs.get(name)
        if job is not None and job.description:
            facets["documentation"] = runevents.documentation(job.description)
        return facets

    def _inputs(self, parts: Iterable[_Part]) -> Iterator[Input]:
        for name, members in self._datasets(parts).items():
            yield Input(self._namespace, name, _facets(members), {"subset": self._subset("input", members)})

    def _outputs(self, parts: Iterable[_Part]) -> Iterator[Output]:
        for name, members in self._datasets(parts).items():
            facets = {"subset": self._subset("output", members)}
            contents = [member.content for member in members if member.content is not None]
            if contents:
                size, files = sum(one.size_bytes for one in contents), sum(one.files for one in contents)
                facets["outputStatistics"] = runevents.output_statistics(size, files)
            yield Output(self._namespace, name, _facets(members), facets)

    def _datasets(self, parts: Iterable[_Part]) -> dict[str, list[_Part]]:
        found: dict[str, list[_Part]] = {}
        for part in parts:
            found.setdefault(self._catalog.member(part.ref).form, []).append(part)
        return found

    def _subset(self, side: runevents.Side, parts: list[_Part]) -> Facet:
        shown = parts[:PARTITIONS_SHOWN]
        return runevents.subset(side, [(part.ref, self._catalog.member(part.ref).values) for part in shown])


def _facets(parts: list[_Part]) -> Facets:
    told = [
        {"ref": part.ref, "instance": part.instance, "digest": part.content.digest if part.content else None}
        for part in parts[:PARTITIONS_SHOWN]
    ]
    facets = {"wantd_partitions": runevents.own("partitions", count=len(parts), partitions=told)}
    if len(parts) == 1 and parts[0].content is not None:
        facets["version"] = runevents.dataset_version(parts[0].content.digest)
    return facets


def _part(world: World, instance: InstanceId) -> _Part:
    state = world.partitions[instance]
    live = live_of(state)
    return _Part(state.spec.ref, instance, None if live is None else live.content)


def _read(world: World, spec: RunSpec, activation: Activation) -> tuple[InstanceId, ...]:
    """What was really read, where a job said so; else what it was given."""
    lives = [live for output in spec.outputs if (live := live_of(world.partitions[output.instance])) is not None]
    if not lives:
        return activation.inputs
    return tuple(dict.fromkeys(read for live in lives for read in world.reads_of(live)))


def _message(event: AnyEvent) -> str:
    match event:
        case jobrun.JobRunFailed(failure=failure):
            return f"{failure.kind}: {failure.reason}"
        case jobrun.JobRunLost(reason=reason):
            return f"lost: {reason}"
        case jobrun.JobRunDepMiss(missing=missing):
            return f"it needs what was not there: {', '.join(missing[:10])}"
        case jobrun.JobRunCanceled(reason=reason):
            return f"canceled: {reason}"
        case _:
            return ""
