"""What a log says happened after a moment that its own rules did not lead to: what people did, and what jobs did.

Commands are told from what the daemon did by itself by their actor. How a job did is kept attempt by attempt: how long
it took, how it ended, and what became of each of its outputs. What a job answers when it is asked how it makes
something is not in the log: it is told by the JobRun that followed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from bel.entry import Entry
from bel.log import ReadableLog
from orchestrator.commands import (
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
from orchestrator.planning.turn import LOOP
from statemachines import jobrun, partition, want
from statemachines.events import AnyEvent
from statemachines.ids import InstanceId, RunId, Timestamp, WantId
from statemachines.jobrun import Activation, JobRun, RunSpec
from statemachines.partition import Partition
from statemachines.refs import Ref
from statemachines.world import World

_ENDS = (
    jobrun.JobRunSucceeded,
    jobrun.JobRunFailed,
    jobrun.JobRunDepMiss,
    jobrun.JobRunLost,
    jobrun.JobRunCanceled,
)


class Said(NamedTuple):
    """Something that somebody said, when, and what came of it: the id of the want that was made."""

    at: Timestamp
    seq: int
    command: AnyCommand
    made: WantId | None = None


class Attempt:
    """One JobRun as it was: from its launch to its end, if it ended."""

    def __init__(self, spec: RunSpec, activation: Activation, at: Timestamp) -> None:
        self.spec = spec
        self.activation = activation
        self.launched_at = at
        self.seen_at: Timestamp | None = None
        """When it was seen running."""
        self.stopped_at: Timestamp | None = None
        """When it was told to stop."""
        self.ended_at: Timestamp | None = None
        self.end_seq = 0
        self.end: JobRun | None = None
        """The state it ended in."""
        self.fates: dict[Ref, Partition] = {}
        """What became of its outputs, in the very turn in which it ended."""
        self.given: tuple[Ref, ...] = ()
        """The refs that it was given."""

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(output.ref for output in self.spec.outputs)

    @property
    def took_us(self) -> int | None:
        """How long it took, if it got to its end."""
        if self.ended_at is None or self.was_stopped:
            return None
        return max(0, self.ended_at - self.launched_at)

    @property
    def was_stopped(self) -> bool:
        """Whether it was stopped before its end; one that was done before the stop reached it was not."""
        return isinstance(self.end, jobrun.Canceled)

    @property
    def stopping_us(self) -> int:
        """How long it took from being told to stop to its end."""
        if self.ended_at is None or self.stopped_at is None:
            return 0
        return max(0, self.ended_at - self.stopped_at)


class Script(NamedTuple):
    """What happened after a moment, and how every JobRun of the log did."""

    after: int
    until: Timestamp
    """When the log ends."""
    said: list[Said]
    attempts: list[Attempt]
    """All of the log, in the order of their launches."""
    world: World
    """All entities as they were at the end."""


class _Reader:
    """Follows a log and takes down what did not follow by itself."""

    def __init__(self, after: int) -> None:
        self.world = World()
        self.said: list[Said] = []
        self.attempts: dict[RunId, Attempt] = {}
        self.at = Timestamp(0)
        self._after = after
        self._ending: dict[InstanceId, Attempt] = {}
        """Outputs of JobRuns that end in the batch that is read."""

    def take(self, entry: Entry[AnyEvent]) -> None:
        """Take in the next entry."""
        event = entry.event
        if entry.seq == entry.batch:
            self._ending.clear()
        if entry.seq > self._after and entry.actor != LOOP:
            for said in self._command(entry):
                self._say(entry, said)
        self.world.apply(event, entry.seq)
        self.at = Timestamp(max(self.at, entry.at))
        if isinstance(event, jobrun.JobRunFact):
            self._see_run(event.id, entry)
        elif event.id in self._ending and isinstance(event, partition.PartitionFact):
            state = self.world.partitions[event.id]
            self._ending[event.id].fates.setdefault(state.spec.ref, state)  # what followed in the same turn came later

    def _see_run(self, run_id: RunId, entry: Entry[AnyEvent]) -> None:
        run = self.world.runs[run_id]
        if isinstance(run, jobrun.Launching):
            attempt = self.attempts[run_id] = Attempt(run.spec, run.activation, run.since)
            attempt.given = tuple(self.world.partitions[given].spec.ref for given in run.activation.inputs)
        elif run_id in self.attempts and isinstance(run, jobrun.Running):
            self.attempts[run_id].seen_at = run.since
        elif run_id in self.attempts and isinstance(run, jobrun.Canceling):
            self.attempts[run_id].stopped_at = run.since
        elif run_id in self.attempts and isinstance(entry.event, _ENDS):
            attempt = self.attempts[run_id]
            attempt.ended_at, attempt.end_seq, attempt.end = run.since, entry.seq, run
            self._ending.update((output.instance, attempt) for output in attempt.spec.outputs)

    def _say(self, entry: Entry[AnyEvent], said: Said) -> None:
        """Note what was said; what one taint marked is one command again."""
        last = self.said[-1] if self.said else None
        if last is None or last.seq < entry.batch or not _is_same_taint(last.command, said.command):
            self.said.append(said)
            return
        assert isinstance(last.command, TaintPartitions), "it is the same taint"
        assert isinstance(said.command, TaintPartitions), "it is the same taint"
        both = msgspec.structs.replace(
            last.command,
            refs=(*last.command.refs, *said.command.refs),
            downstream=last.command.downstream or said.command.downstream,
        )
        self.said[-1] = last._replace(command=both)

    def _command(self, entry: Entry[AnyEvent]) -> Iterator[Said]:
        """What was said, by what came of it. Looked at before the entry is taken in."""
        at, seq, actor = Timestamp(entry.at), entry.seq, entry.actor
        match entry.event:
            case want.WantCreated(spec=spec):
                yield Said(at, seq, _wish(spec), spec.id)
            case want.WantCanceled(id=name, reason=reason):
                yield Said(at, seq, CancelWant(actor, name, reason))
            case want.WantPaused(id=name, reason=reason):
                yield Said(at, seq, PauseWant(actor, name, reason))
            case want.WantResumed(id=name):
                yield Said(at, seq, ResumeWant(actor, name))
            case want.WantRetried(id=name):
                yield Said(at, seq, RetryWant(actor, name))
            case jobrun.JobRunCanceling(id=run, reason=reason) | jobrun.JobRunCanceled(id=run, reason=reason):
                yield Said(at, seq, CancelRun(actor, run, reason))
            case partition.PartitionTainted(id=instance, reason=reason):
                state = self.world.partitions[instance]
                is_made = isinstance(
                    state, partition.Building
                )  # only a taint of all downstream marks what is being made
                refs = () if is_made else (state.spec.ref,)
                yield Said(at, seq, TaintPartitions(actor, refs, reason, downstream=is_made))
            case partition.PartitionLive(spec=spec, origin=partition.Reported(location=location), content=content):
                yield Said(at, seq, ReportPartition(actor, spec.ref, content.digest, location, content.metadata))
            case _:
                return


def _is_same_taint(one: AnyCommand, other: AnyCommand) -> bool:
    if not isinstance(one, TaintPartitions) or not isinstance(other, TaintPartitions):
        return False
    return (one.actor, one.reason) == (other.actor, other.reason)


def _wish(spec: want.WantSpec) -> CreateWant:
    return CreateWant(
        actor=spec.actor,
        refs=spec.refs,
        environment=spec.environment,
        source=spec.source,
        priority=spec.priority,
        ttl_us=spec.ttl_us,
        sla_us=spec.sla_us,
        data_timestamp=spec.data_timestamp,
        idempotency_key=spec.idempotency_key,
        comment=spec.comment,
    )


async def read_script(log: ReadableLog[AnyEvent], after: int) -> Script:
    """Read a whole log, to be played on from ``after``, the end of a batch."""
    reader = _Reader(after)
    async for entries in log.read():
        for entry in entries:
            reader.take(entry)
    return Script(after, reader.at, reader.said, list(reader.attempts.values()), reader.world)
