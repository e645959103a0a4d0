"""JobRun: one activation of a job.

Its activation record, frozen when it is launched, says why it runs, from which inputs and under which version. The
entry that says Launching is durable before anything starts; whatever starts it leaves a record of its own, so after
any crash a JobRun is adopted, finished or declared lost, and never runs twice. A retry is a new JobRun.

Source: design section 4 and section 7; reference on reliability, section 3.
"""

from typing import Literal, get_args

import msgspec

from statemachines.edges import Edge, IllegalTransition, fan_in
from statemachines.event import Event
from statemachines.failure import Failure
from statemachines.ids import InstanceId, RunId, Timestamp, WantId
from statemachines.refs import Ref

Reason = Literal["missing", "tainted", "stale", "retry", "inputs_arrived"]
"""Why a JobRun was queued: nothing there, tainted, made from what is no longer current, tried again, or resumed."""


class Output(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a JobRun is to make: the ref, and the instance it will be."""

    ref: Ref
    instance: InstanceId


class RunSpec(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What never changes about a JobRun that was queued. ``want`` is the one that led to it."""

    id: RunId
    job: str
    environment: str
    want: WantId
    outputs: tuple[Output, ...]
    reason: Reason = "missing"
    retries: RunId | None = None


class Activation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a JobRun was started with: code by version and fingerprint, inputs by instance, arguments, time allowed."""

    version: str
    fingerprint: str
    inputs: tuple[InstanceId, ...] = ()
    args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    timeout_us: int | None = None


class RunState(msgspec.Struct, frozen=True, gc=False, tag_field="state", tag=True):
    """What all states of a queued JobRun share."""

    spec: RunSpec
    since: Timestamp


class Buffering(msgspec.Struct, frozen=True, gc=False, tag_field="state", tag=True):
    """Collects refs for one batch, until it is full or the moment ``until`` has come."""

    id: RunId
    job: str
    environment: str
    want: WantId
    since: Timestamp
    until: Timestamp
    refs: tuple[Ref, ...]

    def join(self, refs: tuple[Ref, ...], *, at: Timestamp) -> "JobRunJoined":
        return JobRunJoined(at, self.id, refs)

    def queue(self, spec: RunSpec, *, at: Timestamp) -> "JobRunQueued":
        """The batch is complete."""
        return JobRunQueued(at, spec)

    def cancel(self, reason: str, *, at: Timestamp) -> "JobRunCanceled":
        return JobRunCanceled(at, self.id, reason)


class Queued(RunState, frozen=True, gc=False):
    """Waits for slots of its pool. Owes nothing."""

    def launch(self, activation: Activation, *, at: Timestamp) -> "JobRunLaunching":
        """It has its slots: freeze what it will run with."""
        return JobRunLaunching(at, self.spec.id, activation)

    def cancel(self, reason: str, *, at: Timestamp) -> "JobRunCanceled":
        return JobRunCanceled(at, self.spec.id, reason)


class Active(RunState, frozen=True, gc=False):
    """It may have a process: started, or about to be."""

    activation: Activation

    def succeed(self, *, at: Timestamp) -> "JobRunSucceeded":
        return JobRunSucceeded(at, self.spec.id)

    def fail(self, failure: Failure, *, at: Timestamp) -> "JobRunFailed":
        return JobRunFailed(at, self.spec.id, failure)

    def miss(self, missing: tuple[Ref, ...], *, at: Timestamp) -> "JobRunDepMiss":
        return JobRunDepMiss(at, self.spec.id, missing)

    def lose(self, reason: str, *, at: Timestamp) -> "JobRunLost":
        return JobRunLost(at, self.spec.id, reason)

    def stop(self, reason: str, by: str, *, at: Timestamp) -> "JobRunCanceling":
        """Ask it to end. ``by`` is the actor, or empty where nobody wants it any more."""
        return JobRunCanceling(at, self.spec.id, reason, by)


class Launching(Active, frozen=True, gc=False):
    """Its start is decided and durable. Owes a start."""

    def run(self, pid: int, *, at: Timestamp) -> "JobRunRunning":
        return JobRunRunning(at, self.spec.id, pid)


class Running(Active, frozen=True, gc=False):
    """It was seen running. Owes nothing; its end will be reported."""

    pid: int


class Canceling(RunState, frozen=True, gc=False):
    """It was told to stop. Owes a stop until its end is confirmed."""

    activation: Activation
    reason: str
    by: str

    def cancel(self, *, at: Timestamp) -> "JobRunCanceled":
        """Its end is confirmed."""
        return JobRunCanceled(at, self.spec.id, self.reason)

    def succeed(self, *, at: Timestamp) -> "JobRunSucceeded":
        """It was done before the stop reached it."""
        return JobRunSucceeded(at, self.spec.id)


class Succeeded(RunState, frozen=True, gc=False):
    """It ended well. Terminal."""

    activation: Activation


class Failed(RunState, frozen=True, gc=False):
    """It ended badly. Outputs it had completed may be Live all the same. Terminal."""

    activation: Activation
    failure: Failure


class DepMiss(RunState, frozen=True, gc=False):
    """It ended because it needs more than it was given. Terminal."""

    activation: Activation
    missing: tuple[Ref, ...]


class Lost(RunState, frozen=True, gc=False):
    """What ran it is gone and left no record of its end. Terminal."""

    activation: Activation
    reason: str


class Canceled(msgspec.Struct, frozen=True, gc=False, tag_field="state", tag=True):
    """It was stopped, or never started. Terminal."""

    was: Buffering | Queued | Canceling
    since: Timestamp
    reason: str


Started = Launching | Running | Canceling
"""It may have a process, and holds slots of its pool."""

Open = Buffering | Queued | Started
JobRun = Open | Succeeded | Failed | DepMiss | Lost | Canceled

STARTED_STATES: frozenset[type[JobRun]] = frozenset(get_args(Started))
OPEN_STATES: frozenset[type[JobRun]] = frozenset(get_args(Open))
"""The same for what is done to every event: to look a type up takes a twentieth of asking a union about an instance."""


class JobRunFact(Event, frozen=True, gc=False):
    """A fact about a JobRun."""


class JobRunEvent(JobRunFact, frozen=True, gc=False):
    """A fact about a JobRun, by its id."""

    id: RunId


class JobRunBuffering(JobRunEvent, frozen=True, gc=False):
    """A batch was opened for these refs."""

    job: str
    environment: str
    want: WantId
    until: Timestamp
    refs: tuple[Ref, ...]

    def enter(self, state: JobRun | None) -> JobRun:
        if state is not None:
            raise IllegalTransition(state, self)
        return Buffering(self.id, self.job, self.environment, self.want, self.at, self.until, self.refs)


class JobRunJoined(JobRunEvent, frozen=True, gc=False):
    """More refs joined the batch."""

    refs: tuple[Ref, ...]

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, Buffering):
            raise IllegalTransition(state, self)
        return msgspec.structs.replace(state, refs=(*state.refs, *self.refs))


class JobRunQueued(JobRunFact, frozen=True, gc=False):
    """It is to run as soon as its pool has slots."""

    spec: RunSpec

    @property
    def id(self) -> RunId:
        return self.spec.id

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, (Buffering, type(None))) or not self.spec.outputs:
            raise IllegalTransition(state, self)
        if isinstance(state, Buffering) and (state.job, state.environment) != (self.spec.job, self.spec.environment):
            raise IllegalTransition(state, self)
        return Queued(self.spec, self.at)


class JobRunLaunching(JobRunEvent, frozen=True, gc=False):
    """It will be started as soon as this entry is durable."""

    activation: Activation

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, Queued):
            raise IllegalTransition(state, self)
        return Launching(state.spec, self.at, self.activation)


class JobRunRunning(JobRunEvent, frozen=True, gc=False):
    """It was seen running."""

    pid: int

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, Launching):
            raise IllegalTransition(state, self)
        return Running(state.spec, self.at, state.activation, self.pid)


class JobRunSucceeded(JobRunEvent, frozen=True, gc=False):
    """It ended well."""

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, (Launching, Running, Canceling)):
            raise IllegalTransition(state, self)
        return Succeeded(state.spec, self.at, state.activation)


class JobRunFailed(JobRunEvent, frozen=True, gc=False):
    """It ended badly."""

    failure: Failure

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, (Launching, Running)):
            raise IllegalTransition(state, self)
        return Failed(state.spec, self.at, state.activation, self.failure)


class JobRunDepMiss(JobRunEvent, frozen=True, gc=False):
    """It needs refs that it was not given."""

    missing: tuple[Ref, ...]

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, (Launching, Running)):
            raise IllegalTransition(state, self)
        return DepMiss(state.spec, self.at, state.activation, self.missing)


class JobRunLost(JobRunEvent, frozen=True, gc=False):
    """What ran it is gone, without a record of its end."""

    reason: str

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, (Launching, Running)):
            raise IllegalTransition(state, self)
        return Lost(state.spec, self.at, state.activation, self.reason)


class JobRunCanceling(JobRunEvent, frozen=True, gc=False):
    """It is to stop."""

    reason: str
    by: str

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, (Launching, Running)):
            raise IllegalTransition(state, self)
        return Canceling(state.spec, self.at, state.activation, self.reason, self.by)


class JobRunCanceled(JobRunEvent, frozen=True, gc=False):
    """It never started, or its end after the stop is confirmed."""

    reason: str

    def enter(self, state: JobRun | None) -> JobRun:
        if not isinstance(state, (Buffering, Queued, Canceling)):
            raise IllegalTransition(state, self)
        return Canceled(state, self.at, self.reason)


AnyJobRunEvent = (
    JobRunBuffering
    | JobRunJoined
    | JobRunQueued
    | JobRunLaunching
    | JobRunRunning
    | JobRunSucceeded
    | JobRunFailed
    | JobRunDepMiss
    | JobRunLost
    | JobRunCanceling
    | JobRunCanceled
)

_ACTIVE = (Launching, Running)

EDGES: tuple[Edge, ...] = (
    Edge(None, JobRunBuffering, Buffering),
    Edge(Buffering, JobRunJoined, Buffering),
    Edge(None, JobRunQueued, Queued),
    Edge(Buffering, JobRunQueued, Queued),
    Edge(Queued, JobRunLaunching, Launching),
    Edge(Launching, JobRunRunning, Running),
    *fan_in((*_ACTIVE, Canceling), JobRunSucceeded, Succeeded),
    *fan_in(_ACTIVE, JobRunFailed, Failed),
    *fan_in(_ACTIVE, JobRunDepMiss, DepMiss),
    *fan_in(_ACTIVE, JobRunLost, Lost),
    *fan_in(_ACTIVE, JobRunCanceling, Canceling),
    *fan_in((Buffering, Queued, Canceling), JobRunCanceled, Canceled),
)


def fold(state: JobRun | None, event: AnyJobRunEvent) -> JobRun:
    """The JobRun after the event."""
    return event.enter(state)
