"""A small lawful history, batch by batch: a dep miss, a lost try, a retry, an adoption, a cancel, a failed want."""

from statemachines import jobrun, partition, want
from statemachines.events import AnyEvent
from statemachines.failure import Failure
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.partition import Attempt, Content, PartitionSpec
from statemachines.refs import Ref
from tests.machines.samples import AT

RAW, EXTRA, DAY, OTHER, FUTURE = (Ref(name) for name in ("raw", "extra", "day", "other", "future"))
W1, W2, W3, W4 = (WantId(f"w{n}") for n in range(1, 5))
RAW_1, DAY_1, OTHER_1, EXTRA_1, DAY_2, DAY_3, PROD_1, FUTURE_1, FUTURE_2 = (InstanceId(f"p{n}") for n in range(1, 10))
R1, R2, R3, R4, R5, R6 = (RunId(f"r{n}") for n in range(1, 7))


def wished(entity: WantId, *refs: Ref, key: str | None = None) -> want.WantCreated:
    return want.WantCreated(AT, want.WantSpec(entity, "local", refs, AT, "ada", idempotency_key=key))


def queued(entity: RunId, led: WantId, *outputs: tuple[Ref, InstanceId], retries: RunId | None = None) -> AnyEvent:
    made = tuple(jobrun.Output(*output) for output in outputs)
    return jobrun.JobRunQueued(AT, jobrun.RunSpec(entity, "job", "local", led, made, retries=retries))


def launched(entity: RunId, *inputs: InstanceId) -> AnyEvent:
    return jobrun.JobRunLaunching(AT, entity, jobrun.Activation("v1", "sha256:01", inputs))


def building(entity: InstanceId, ref: Ref, attempt: Attempt) -> AnyEvent:
    return partition.PartitionBuilding(AT, PartitionSpec(entity, ref, "local"), attempt)


def live(entity: InstanceId, ref: Ref, origin: partition.Origin, environment: str = "local") -> AnyEvent:
    return partition.PartitionLive(AT, PartitionSpec(entity, ref, environment), origin, Content(f"sha256:{ref}"))


LOST = Failure("lost", "no record")
BY_HAND = Failure("canceled", "by hand")

STORY: tuple[tuple[AnyEvent, ...], ...] = (
    (live(RAW_1, RAW, partition.Reported("ada")),),
    (
        wished(W1, DAY, OTHER, key="monday"),
        queued(R1, W1, (DAY, DAY_1), (OTHER, OTHER_1)),
        building(DAY_1, DAY, Attempt(R1, DAY_1)),
        building(OTHER_1, OTHER, Attempt(R1, OTHER_1)),
        want.WantBuilding(AT, W1),
    ),
    (launched(R1, RAW_1),),
    (jobrun.JobRunRunning(AT, R1, 4711),),
    (
        jobrun.JobRunDepMiss(AT, R1, (EXTRA,)),
        live(OTHER_1, OTHER, partition.Built(R1)),
        partition.PartitionUpstreamBuilding(AT, DAY_1, (EXTRA,)),
        want.WantUpstreamBuilding(AT, W1),
    ),
    (
        live(EXTRA_1, EXTRA, partition.Reported("ada")),
        partition.PartitionUpForRetry(AT, DAY_1, partition.InputsArrived((EXTRA,)), AT),
        queued(R2, W1, (DAY, DAY_2), retries=R1),
        building(DAY_2, DAY, Attempt(R2, DAY_1, needs=(EXTRA,))),
        partition.PartitionReplaced(AT, DAY_1),
        want.WantBuilding(AT, W1),
    ),
    (launched(R2, RAW_1, EXTRA_1),),
    (jobrun.JobRunLost(AT, R2, "no record"), partition.PartitionUpForRetry(AT, DAY_2, LOST, AT), want.WantIdle(AT, W1)),
    (
        queued(R3, W1, (DAY, DAY_3), retries=R2),
        building(DAY_3, DAY, Attempt(R3, DAY_1, lost=1, needs=(EXTRA,))),
        partition.PartitionReplaced(AT, DAY_2),
        want.WantBuilding(AT, W1),
    ),
    (launched(R3, RAW_1, EXTRA_1),),
    (
        jobrun.JobRunSucceeded(AT, R3),
        live(DAY_3, DAY, partition.BuiltReading(R3, (EXTRA_1,))),
        want.WantSuccessful(AT, W1),
    ),
    (live(PROD_1, OTHER, partition.Adopted(OTHER_1, (RAW_1,)), "prod"),),
    (
        wished(W2, FUTURE),
        queued(R4, W2, (FUTURE, FUTURE_1)),
        building(FUTURE_1, FUTURE, Attempt(R4, FUTURE_1)),
        want.WantBuilding(AT, W2),
    ),
    (launched(R4), want.WantLate(AT, W2)),
    (jobrun.JobRunCanceling(AT, R4, "by hand", "ada"),),
    (
        jobrun.JobRunCanceled(AT, R4, "by hand"),
        partition.PartitionFailed(AT, FUTURE_1, BY_HAND),
        want.WantFailed(AT, W2, (want.RefFailure(FUTURE, "canceled by hand", 40),), 1),
    ),
    (wished(W3, FUTURE), want.WantSuperseded(AT, W3, W2), partition.PartitionTainted(AT, OTHER_1, "wrong", "ada")),
    (jobrun.JobRunBuffering(AT, R5, "job", "local", W2, AT, (FUTURE,)),),
    (
        jobrun.JobRunCanceled(AT, R5, "nobody wants it"),
        wished(W4, FUTURE),
        queued(R6, W4, (FUTURE, FUTURE_2)),
        building(FUTURE_2, FUTURE, Attempt(R6, FUTURE_2)),
        want.WantBuilding(AT, W4),
    ),
)
