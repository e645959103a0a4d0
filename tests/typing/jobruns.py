"""Calls on JobRuns that both type checkers have to refuse. Below each line is what they have to say about it."""

from typing import assert_never

from statemachines.failure import Failure
from statemachines.ids import InstanceId, RunId, Timestamp
from statemachines.jobrun import (
    Activation,
    Buffering,
    Canceled,
    Canceling,
    DepMiss,
    Failed,
    JobRun,
    JobRunLaunching,
    Launching,
    Lost,
    Queued,
    Running,
    Succeeded,
)

AT = Timestamp(1)


def from_the_wrong_state(queued: Queued, running: Running, canceling: Canceling, batch: Buffering) -> None:
    running.launch(Activation("v1", "sha256:00"), at=AT)
    # mypy says: "Running" has no attribute "launch"
    # pyright says: Cannot access attribute "launch" for class "Running"
    running.run(4711, at=AT)
    # mypy says: "Running" has no attribute "run"
    # pyright says: Cannot access attribute "run" for class "Running"
    running.cancel("by hand", at=AT)
    # mypy says: "Running" has no attribute "cancel"
    # pyright says: Cannot access attribute "cancel" for class "Running"
    queued.run(4711, at=AT)
    # mypy says: "Queued" has no attribute "run"
    # pyright says: Cannot access attribute "run" for class "Queued"
    queued.succeed(at=AT)
    # mypy says: "Queued" has no attribute "succeed"
    # pyright says: Cannot access attribute "succeed" for class "Queued"
    queued.join((), at=AT)
    # mypy says: "Queued" has no attribute "join"
    # pyright says: Cannot access attribute "join" for class "Queued"
    canceling.fail(Failure("signal", "killed"), at=AT)
    # mypy says: "Canceling" has no attribute "fail"
    # pyright says: Cannot access attribute "fail" for class "Canceling"
    batch.launch(Activation("v1", "sha256:00"), at=AT)
    # mypy says: "Buffering" has no attribute "launch"
    # pyright says: Cannot access attribute "launch" for class "Buffering"


def from_an_end(succeeded: Succeeded, failed: Failed, missed: DepMiss, lost: Lost, canceled: Canceled) -> None:
    succeeded.fail(Failure("signal", "killed"), at=AT)
    # mypy says: "Succeeded" has no attribute "fail"
    # pyright says: Cannot access attribute "fail" for class "Succeeded"
    failed.launch(Activation("v1", "sha256:00"), at=AT)
    # mypy says: "Failed" has no attribute "launch"
    # pyright says: Cannot access attribute "launch" for class "Failed"
    missed.miss((), at=AT)
    # mypy says: "DepMiss" has no attribute "miss"
    # pyright says: Cannot access attribute "miss" for class "DepMiss"
    lost.succeed(at=AT)
    # mypy says: "Lost" has no attribute "succeed"
    # pyright says: Cannot access attribute "succeed" for class "Lost"
    canceled.cancel("again", at=AT)
    # mypy says: "Canceled" has no attribute "cancel"
    # pyright says: Cannot access attribute "cancel" for class "Canceled"


def without_narrowing(run: JobRun, started: Launching | Running | Canceling) -> None:
    started.succeed(at=AT)
    started.lose("no record", at=AT)
    # mypy says: Item "Canceling" of "Launching | Running | Canceling" has no attribute "lose"
    # pyright says: Cannot access attribute "lose" for class "Canceling"
    print(run.spec)
    # mypy says: Item "Buffering" of
    # mypy says: Item "Canceled" of
    # pyright says: Cannot access attribute "spec" for class "Buffering"
    # pyright says: Cannot access attribute "spec" for class "Canceled"
    if isinstance(run, Queued | Running):
        run.stop("by hand", "ada", at=AT)
        # mypy says: Item "Queued" of "Queued | Running" has no attribute "stop"
        # pyright says: Cannot access attribute "stop" for class "Queued"


def in_place(running: Running, event: JobRunLaunching) -> None:
    running.pid = 1
    # mypy says: Property "pid" defined in
    # pyright says: Attribute "pid" is read-only
    running.activation.inputs = (InstanceId("p1"),)
    # mypy says: Property "inputs" defined in
    # pyright says: Attribute "inputs" is read-only
    event.at = AT
    # mypy says: Property "at" defined in
    # pyright says: Attribute "at" is read-only


def with_the_wrong_id(run: RunId) -> InstanceId:
    return run
    # mypy says: Incompatible return value type (got "RunId", expected "InstanceId")
    # pyright says: Type "RunId" is not assignable to return type "InstanceId"


def forgotten(run: JobRun) -> str:
    match run:
        case Buffering() | Queued():
            return "waits"
        case Launching() | Running() | Canceling():
            return "may have a process"
        case Succeeded() | Failed() | DepMiss() | Canceled():
            return "has ended"
        case _:
            assert_never(run)
            # mypy says: Argument 1 to "assert_never" has incompatible type "Lost"; expected "Never"
            # pyright says: Argument of type "Lost" cannot be assigned to parameter "arg" of type "Never"


def forgotten_without_a_default(run: Queued | Launching | Running) -> str:
    # mypy says: Missing return statement
    # pyright says: Function with declared return type "str" must return value
    match run:
        # mypy says: Match statement has unhandled case for values of type "Running"
        # pyright says: Cases within match statement do not exhaustively handle all values
        case Queued():
            return "waits"
        case Launching():
            return "is about to start"
