"""Traces: one for each want, with a span for each JobRun and for each wait.

Ids follow from the application's name, the ids of wants and JobRuns, and seqs: a span that is sent again is the same.
A span is made when what it shows is over, so the sink remembers what is open: when it entered the phase that it is in,
and for which want. Nothing of that is stored; it is a fold of the log, like everything else.

A want that is retried gets a second root span in the same trace. Source: the OpenTelemetry specification, traces.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from bel.entry import Entry
from orchestrator.catalog import Catalog
from orchestrator.outward.messages import Message
from orchestrator.outward.sinks import Batch, Scene, gently
from statemachines import jobrun, partition, want
from statemachines.events import AnyEvent
from statemachines.failure import Failure
from statemachines.ids import RunId, Timestamp, WantId
from statemachines.jobrun import RunSpec
from statemachines.traits import head_of
from statemachines.world import World

Attributes = dict[str, str | int]

_NAMES: dict[type[AnyEvent], str] = {
    want.WantCreated: "ready",
    want.WantIdle: "ready",
    want.WantResumed: "ready",
    want.WantRetried: "ready",
    want.WantBuilding: "building",
    want.WantUpstreamBuilding: "waiting for inputs",
    want.WantPaused: "paused",
    jobrun.JobRunBuffering: "gathering a batch",
    jobrun.JobRunQueued: "queued",
    jobrun.JobRunLaunching: "run",
    partition.PartitionUpstreamBuilding: "waiting for what was missing",
    partition.PartitionUpForRetry: "backoff",
}
"""The phase that an event begins. An event without one ends the phase before it."""

_GOES_ON = (want.WantLate, jobrun.JobRunJoined, jobrun.JobRunRunning, jobrun.JobRunCanceling)
"""Events that change no phase."""

_FAILED = (want.WantFailed, want.WantUpstreamFailed, jobrun.JobRunFailed, jobrun.JobRunLost)
_DONE = (want.WantSuccessful, jobrun.JobRunSucceeded)


class Span(msgspec.Struct, frozen=True):
    """Something that took time. ``good`` is None where that is no question; ``parent`` is empty for a root."""

    trace_id: bytes
    span_id: bytes
    parent: bytes
    name: str
    begin: Timestamp
    end: Timestamp
    attributes: Attributes
    good: bool | None = None
    problem: str = ""


class _Opening(NamedTuple):
    """A want that is open, since it was created or retried."""

    seq: int
    at: Timestamp
    trace_id: bytes
    span_id: bytes


class _Phase(NamedTuple):
    """What an entity is doing, since when, and for which want."""

    name: str
    seq: int
    at: Timestamp
    of: _Opening


class Traces:
    """The sink. ``encode`` writes a span as its receiver reads it."""

    remembers = True

    def __init__(self, catalog: Catalog, encode: Callable[[Span], bytes]) -> None:
        self._catalog = catalog
        self._encode = encode
        self._openings: dict[WantId, _Opening] = {}
        self._phases: dict[str, _Phase] = {}

    @property
    def oldest(self) -> int | None:
        """The opening of the oldest want for which something is still going on."""
        phases = (phase.of.seq for phase in self._phases.values())
        return min((*phases, *(opening.seq for opening in self._openings.values())), default=None)

    def forget(self) -> None:
        self._openings.clear()
        self._phases.clear()

    async def take(self, batch: Batch, scene: Scene, /) -> list[Message]:
        """The spans that end in a batch."""
        spans = (span for entry in batch for span in self._spans(entry, scene.world))
        return await gently(
            Message(f"{span.trace_id.hex()}-{span.span_id.hex()}", self._encode(span)) for span in spans
        )

    def trace_id(self, wish: WantId) -> bytes:
        """The id of the trace of a want."""
        return self._digest(wish, 16)

    def span_id(self, entity: str, seq: int | None = None) -> bytes:
        """The id of the span of a want or a JobRun, or of a phase, which is known by the seq that began it."""
        return self._digest(entity if seq is None else f"{entity}@{seq}", 8)

    def _digest(self, name: str, size: int) -> bytes:
        return blake2b(f"wantd:{self._catalog.name}:{name}".encode(), digest_size=size).digest()

    def _spans(self, entry: Entry[AnyEvent], world: World) -> Iterator[Span]:
        event = entry.event
        if isinstance(event, _GOES_ON):
            return
        phase = self._phases.pop(event.id, None)
        if phase is not None:
            yield self._phase_span(phase, entry, world)
        if isinstance(event, want.WantCreated | want.WantRetried):
            self._open(entry)
        opening = self._openings.get(WantId(entry.correlation)) if phase is None else phase.of
        name = _NAMES.get(type(event))
        if name is not None and opening is not None and not _is_no_wait(event):
            self._phases[event.id] = _Phase(name, entry.seq, Timestamp(entry.at), opening)
        if isinstance(event, want.WantEvent) and name is None and (closed := self._openings.pop(event.id, None)):
            yield _want_span(closed, entry, world)

    def _open(self, entry: Entry[AnyEvent]) -> None:
        wish = WantId(entry.event.id)
        again = isinstance(entry.event, want.WantRetried)
        span_id = self.span_id(f"{wish} again", entry.seq) if again else self.span_id(wish)
        self._openings[wish] = _Opening(entry.seq, Timestamp(entry.at), self.trace_id(wish), span_id)

    def _phase_span(self, phase: _Phase, entry: Entry[AnyEvent], world: World) -> Span:
        event = entry.event
        run = world.runs.get(RunId(event.id))
        attributes: Attributes = {"wantd.entity": event.id}
        if run is not None:
            attributes = self._run_attributes(run, entry)
        name, span_id = phase.name, self.span_id(event.id, phase.seq)
        if run is not None and name == "run":
            name, span_id = head_of(run).job, self.span_id(event.id)
        return Span(
            trace_id=phase.of.trace_id,
            span_id=span_id,
            parent=phase.of.span_id,
            name=name,
            begin=phase.at,
            end=Timestamp(max(phase.at, entry.at)),  # the clock may have been set back
            attributes=attributes,
            good=_verdict(event) if phase.name == "run" else None,
            problem=_problem(event) if phase.name == "run" else "",
        )

    def _run_attributes(self, run: jobrun.JobRun, entry: Entry[AnyEvent]) -> Attributes:
        head = head_of(run)
        attributes: Attributes = {"wantd.jobrun": head.id, "wantd.job": head.job, "wantd.environment": head.environment}
        if isinstance(head, RunSpec):
            attributes |= {"wantd.reason": head.reason, "wantd.outputs": len(head.outputs)}
            attributes["wantd.first_output"] = head.outputs[0].ref
            if head.retries is not None:
                attributes["wantd.retries"] = head.retries
        if (job := self._catalog.jobs.get(head.job)) is not None:
            attributes["wantd.pool"] = job.pool
        if _NAMES.get(type(entry.event)) is None:
            attributes["wantd.outcome"] = type(entry.event).__name__.removeprefix("JobRun")
        return attributes


def _is_no_wait(event: AnyEvent) -> bool:
    """What was missing has arrived: it is tried again as soon as there is room, which is the next JobRun's to show."""
    return isinstance(event, partition.PartitionUpForRetry) and not isinstance(event.after, Failure)


def _want_span(opening: _Opening, entry: Entry[AnyEvent], world: World) -> Span:
    spec = world.wants[WantId(entry.event.id)].spec
    return Span(
        trace_id=opening.trace_id,
        span_id=opening.span_id,
        parent=b"",
        name="want",
        begin=opening.at,
        end=Timestamp(max(opening.at, entry.at)),
        attributes={
            "wantd.want": spec.id,
            "wantd.state": type(entry.event).__name__.removeprefix("Want"),
            "wantd.environment": spec.environment,
            "wantd.actor": spec.actor,
            "wantd.refs": len(spec.refs),
            "wantd.first_ref": spec.refs[0],
        },
        good=_verdict(entry.event),
        problem=_problem(entry.event),
    )


def _verdict(event: AnyEvent) -> bool | None:
    return True if isinstance(event, _DONE) else False if isinstance(event, _FAILED) else None


def _problem(event: AnyEvent) -> str:
    match event:
        case want.WantFailed(failures=(first, *_)) | want.WantUpstreamFailed(failures=(first, *_)):
            return first.reason
        case jobrun.JobRunFailed(failure=failure):
            return f"{failure.kind}: {failure.reason}"
        case jobrun.JobRunLost(reason=reason):
            return f"lost: {reason}"
        case _:
            return ""
