"""One sample of every state and of every kind of event, and what is asked of all three machines alike.

All samples are about the same want, instance and JobRun and happen at the same moment, so each state is exactly what
the events that lead to it leave behind. ``PartitionLive`` has one sample for each origin: two are legal from nothing
and two from Building.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from statemachines import jobrun, partition, want
from statemachines.edges import Edge
from statemachines.events import AnyEvent
from statemachines.failure import Failure
from statemachines.ids import InstanceId, RunId, Timestamp, WantId
from statemachines.machines import NOTHING
from statemachines.refs import Ref
from statemachines.want import RefFailure, WantSpec

AT = Timestamp(1_700_000_000_000_000)
REF = Ref("delays/daily/date=2013-02-08")
NEEDED = Ref("flights/raw/date=2013-02-08")

WANT = WantId("w1")
OTHER_WANT = WantId("w2")
INSTANCE = InstanceId("p1")
RUN = RunId("r1")

WANT_SPEC = WantSpec(WANT, "local", (REF,), AT, "ada", idempotency_key="key")
FAILURES = (RefFailure(REF, "exit code 1", 1),)

PARTITION_SPEC = partition.PartitionSpec(INSTANCE, REF, "local")
ATTEMPT = partition.Attempt(RUN, INSTANCE)
ATTEMPT_IN_NEED = partition.Attempt(RUN, INSTANCE, needs=(NEEDED,))
CONTENT = partition.Content("sha256:00", 17, 1, (("rows", 3),))
FAILURE = Failure("exit_code", "exit code 1")

RUN_SPEC = jobrun.RunSpec(RUN, "daily", "local", WANT, (jobrun.Output(REF, INSTANCE),))
ACTIVATION = jobrun.Activation("v1", "sha256:01", (InstanceId("p0"),), ("--day", "8"), timeout_us=60_000_000)

BUILT = partition.Built(RUN)
BUILT_READING = partition.BuiltReading(RUN, (InstanceId("p0"),))
ADOPTED = partition.Adopted(InstanceId("p0"), ())
REPORTED = partition.Reported("ada", "s3://raw/8")


class Machine(NamedTuple):
    """One kind of entity: its table, its fold, and a sample of everything that can meet."""

    name: str
    edges: tuple[Edge, ...]
    fold: Callable[[Any, Any], object]
    """Any, since each fold takes its own entity and the matrix is about all of them."""
    states: tuple[object, ...]
    events: tuple[AnyEvent, ...]

    @property
    def cells(self) -> Iterator[tuple[object | None, AnyEvent]]:
        """Every state, nothing included, with every event."""
        return ((state, event) for state in (None, *self.states) for event in self.events)

    def target(self, state: object | None, event: AnyEvent) -> type | None:
        """The type that the table leads to, or None where it has no edge. An origin has to fit its source as well."""
        if isinstance(event, partition.PartitionLive):
            from_outside = isinstance(event.origin, partition.Adopted | partition.Reported)
            if from_outside is not (state is None):
                return None
        source = None if state is None else type(state)
        found = [edge.target for edge in self.edges if (edge.source, edge.event) == (source, type(event))]
        assert len(found) <= 1, f"{name_of(state)} and {type(event).__name__} stand twice in the table"
        return found[0] if found else None

    def log_to(self, state: object | None) -> tuple[AnyEvent, ...]:
        """The shortest log of samples that leads from nothing to this state; empty where there is none."""
        by_name = {name_of(state): state for state in (None, *self.states)}
        logs: dict[str, tuple[AnyEvent, ...]] = {NOTHING: ()}
        found = [NOTHING]
        for source in found:
            for event in self.events:
                target = self.target(by_name[source], event)
                if target is not None and target.__name__ not in logs:
                    logs[target.__name__] = (*logs[source], event)
                    found.append(target.__name__)
        return logs.get(name_of(state), ())


def name_of(state: object | None) -> str:
    return NOTHING if state is None else type(state).__name__


WANTS = Machine(
    "Want",
    want.EDGES,
    want.fold,
    states=(
        want.Idle(WANT_SPEC, AT, late=False),
        want.Building(WANT_SPEC, AT, late=False),
        want.UpstreamBuilding(WANT_SPEC, AT, late=False),
        want.Paused(WANT_SPEC, AT, late=False, reason="quiet please"),
        want.Successful(WANT_SPEC, AT, late=False),
        want.Failed(WANT_SPEC, AT, late=False, failures=FAILURES, count=1),
        want.UpstreamFailed(WANT_SPEC, AT, late=False, failures=FAILURES, count=1),
        want.Canceled(WANT_SPEC, AT, late=False, reason="no longer"),
        want.Expired(WANT_SPEC, AT, late=False),
        want.Superseded(WANT_SPEC, AT, late=False, by=OTHER_WANT),
    ),
    events=(
        want.WantCreated(AT, WANT_SPEC),
        want.WantIdle(AT, WANT),
        want.WantBuilding(AT, WANT),
        want.WantUpstreamBuilding(AT, WANT),
        want.WantSuccessful(AT, WANT),
        want.WantFailed(AT, WANT, FAILURES, 1),
        want.WantUpstreamFailed(AT, WANT, FAILURES, 1),
        want.WantPaused(AT, WANT, "quiet please"),
        want.WantResumed(AT, WANT),
        want.WantCanceled(AT, WANT, "no longer"),
        want.WantExpired(AT, WANT),
        want.WantSuperseded(AT, WANT, OTHER_WANT),
        want.WantRetried(AT, WANT),
        want.WantLate(AT, WANT),
    ),
)

_ADOPTED_LIVE = partition.Live(PARTITION_SPEC, AT, ADOPTED, CONTENT)
_BUILDING = partition.Building(PARTITION_SPEC, AT, ATTEMPT)

PARTITIONS = Machine(
    "Partition",
    partition.EDGES,
    partition.fold,
    states=(
        _BUILDING,
        partition.UpstreamBuilding(PARTITION_SPEC, AT, ATTEMPT_IN_NEED, (NEEDED,)),
        partition.UpForRetry(PARTITION_SPEC, AT, ATTEMPT, AT, FAILURE),
        _ADOPTED_LIVE,
        partition.Tainted(PARTITION_SPEC, AT, "wrong hour", "ada", _BUILDING),
        partition.Failed(PARTITION_SPEC, AT, ATTEMPT, FAILURE),
        partition.UpstreamFailed(PARTITION_SPEC, AT, ATTEMPT_IN_NEED, "a cycle", (REF, NEEDED, REF)),
        partition.Canceled(PARTITION_SPEC, AT, ATTEMPT),
        partition.Replaced(PARTITION_SPEC, AT, ATTEMPT),
        partition.Collected(PARTITION_SPEC, AT, _ADOPTED_LIVE),
    ),
    events=(
        partition.PartitionBuilding(AT, PARTITION_SPEC, ATTEMPT),
        partition.PartitionLive(AT, PARTITION_SPEC, ADOPTED, CONTENT),
        partition.PartitionLive(AT, PARTITION_SPEC, REPORTED, CONTENT),
        partition.PartitionLive(AT, PARTITION_SPEC, BUILT, CONTENT),
        partition.PartitionLive(AT, PARTITION_SPEC, BUILT_READING, CONTENT),
        partition.PartitionFailed(AT, INSTANCE, FAILURE),
        partition.PartitionUpstreamBuilding(AT, INSTANCE, (NEEDED,)),
        partition.PartitionUpForRetry(AT, INSTANCE, FAILURE, AT),
        partition.PartitionReplaced(AT, INSTANCE),
        partition.PartitionUpstreamFailed(AT, INSTANCE, "a cycle", (REF, NEEDED, REF)),
        partition.PartitionCanceled(AT, INSTANCE),
        partition.PartitionTainted(AT, INSTANCE, "wrong hour", "ada"),
        partition.PartitionCollected(AT, INSTANCE),
    ),
)

_BUFFERING = jobrun.Buffering(RUN, "daily", "local", WANT, AT, AT, (REF,))

RUNS = Machine(
    "JobRun",
    jobrun.EDGES,
    jobrun.fold,
    states=(
        _BUFFERING,
        jobrun.Queued(RUN_SPEC, AT),
        jobrun.Launching(RUN_SPEC, AT, ACTIVATION),
        jobrun.Running(RUN_SPEC, AT, ACTIVATION, 4711),
        jobrun.Canceling(RUN_SPEC, AT, ACTIVATION, "by hand", "ada"),
        jobrun.Succeeded(RUN_SPEC, AT, ACTIVATION),
        jobrun.Failed(RUN_SPEC, AT, ACTIVATION, FAILURE),
        jobrun.DepMiss(RUN_SPEC, AT, ACTIVATION, (NEEDED,)),
        jobrun.Lost(RUN_SPEC, AT, ACTIVATION, "no record"),
        jobrun.Canceled(_BUFFERING, AT, "by hand"),
    ),
    events=(
        jobrun.JobRunBuffering(AT, RUN, "daily", "local", WANT, AT, (REF,)),
        jobrun.JobRunJoined(AT, RUN, (NEEDED,)),
        jobrun.JobRunQueued(AT, RUN_SPEC),
        jobrun.JobRunLaunching(AT, RUN, ACTIVATION),
        jobrun.JobRunRunning(AT, RUN, 4711),
        jobrun.JobRunSucceeded(AT, RUN),
        jobrun.JobRunFailed(AT, RUN, FAILURE),
        jobrun.JobRunDepMiss(AT, RUN, (NEEDED,)),
        jobrun.JobRunLost(AT, RUN, "no record"),
        jobrun.JobRunCanceling(AT, RUN, "by hand", "ada"),
        jobrun.JobRunCanceled(AT, RUN, "by hand"),
    ),
)

MACHINES = (WANTS, PARTITIONS, RUNS)
EVERY_STATE = tuple(chain.from_iterable(machine.states for machine in MACHINES))
EVERY_EVENT = tuple(chain.from_iterable(machine.events for machine in MACHINES))
