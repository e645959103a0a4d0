"""Calls on partition instances that both type checkers have to refuse. Below each line is what they have to say."""

from typing import assert_never

from statemachines.failure import Failure
from statemachines.ids import Timestamp
from statemachines.partition import (
    Building,
    Built,
    Canceled,
    Collected,
    Content,
    Failed,
    Live,
    Partition,
    Replaced,
    Reported,
    Tainted,
    UpForRetry,
    UpstreamBuilding,
    UpstreamFailed,
)

AT = Timestamp(1)


def from_the_wrong_state(live: Live, waiting: UpstreamBuilding, retry: UpForRetry, tainted: Tainted) -> None:
    live.complete(Reported("ada"), Content("sha256:00"), at=AT)
    # mypy says: "Live" has no attribute "complete"
    # pyright says: Cannot access attribute "complete" for class "Live"
    live.cancel(at=AT)
    # mypy says: "Live" has no attribute "cancel"
    # pyright says: Cannot access attribute "cancel" for class "Live"
    waiting.taint("wrong", "ada", at=AT)
    # mypy says: "UpstreamBuilding" has no attribute "taint"
    # pyright says: Cannot access attribute "taint" for class "UpstreamBuilding"
    waiting.replace(at=AT)
    # mypy says: "UpstreamBuilding" has no attribute "replace"
    # pyright says: Cannot access attribute "replace" for class "UpstreamBuilding"
    retry.fail(Failure("lost", "gone"), at=AT)
    # mypy says: "UpForRetry" has no attribute "fail"
    # pyright says: Cannot access attribute "fail" for class "UpForRetry"
    tainted.taint("again", "ada", at=AT)
    # mypy says: "Tainted" has no attribute "taint"
    # pyright says: Cannot access attribute "taint" for class "Tainted"


def from_an_end(failed: Failed, canceled: Canceled, replaced: Replaced, collected: Collected) -> None:
    failed.retry(at=AT)
    # mypy says: "Failed" has no attribute "retry"
    # pyright says: Cannot access attribute "retry" for class "Failed"
    canceled.cancel(at=AT)
    # mypy says: "Canceled" has no attribute "cancel"
    # pyright says: Cannot access attribute "cancel" for class "Canceled"
    replaced.replace(at=AT)
    # mypy says: "Replaced" has no attribute "replace"
    # pyright says: Cannot access attribute "replace" for class "Replaced"
    collected.collect(at=AT)
    # mypy says: "Collected" has no attribute "collect"
    # pyright says: Cannot access attribute "collect" for class "Collected"


def with_an_origin_that_does_not_fit(building: Building, built: Built, reported: Reported, content: Content) -> None:
    building.complete(built, content, at=AT)
    building.complete(reported, content, at=AT)
    # mypy says: Argument 1 to "complete" of "Building" has incompatible type "Reported"; expected "Built | BuiltReading"
    # pyright says: Argument of type "Reported" cannot be assigned to parameter "origin" of type "Built | BuiltReading"


def with_a_class_of_failure_that_is_none() -> None:
    Failure("bad_luck", "who knows")
    # mypy says: Argument 1 to "Failure" has incompatible type "Literal['bad_luck']"
    # pyright says: Argument of type "Literal['bad_luck']" cannot be assigned to parameter "kind"


def without_narrowing(instance: Partition, bytes_there: Live | Tainted) -> None:
    bytes_there.collect(at=AT)
    bytes_there.taint("wrong", "ada", at=AT)
    # mypy says: Item "Tainted" of "Live | Tainted" has no attribute "taint"
    # pyright says: Cannot access attribute "taint" for class "Tainted"
    print(instance.spec.ref)
    print(instance.attempt)
    # mypy says: has no attribute "attempt"
    # pyright says: Cannot access attribute "attempt" for class "Live"
    # pyright says: Cannot access attribute "attempt" for class "Tainted"
    # pyright says: Cannot access attribute "attempt" for class "Collected"


def in_place(live: Live, building: Building) -> None:
    live.content = Content("sha256:01")
    # mypy says: Property "content" defined in
    # pyright says: Attribute "content" is read-only
    building.attempt.tries = 7
    # mypy says: Property "tries" defined in
    # pyright says: Attribute "tries" is read-only


def forgotten(instance: Partition) -> str:
    match instance:
        case Building() | UpstreamBuilding() | UpForRetry():
            return "moves"
        case Live() | Tainted():
            return "is there"
        case Failed() | UpstreamFailed() | Canceled() | Replaced():
            return "came to nothing"
        case _:
            assert_never(instance)
            # mypy says: Argument 1 to "assert_never" has incompatible type "Collected"; expected "Never"
            # pyright says: Argument of type "Collected" cannot be assigned to parameter "arg" of type "Never"
