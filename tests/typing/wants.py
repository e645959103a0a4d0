"""Calls on wants that both type checkers have to refuse. Below each line is what they have to say about it."""

from typing import assert_never

from statemachines.ids import Timestamp, WantId
from statemachines.want import (
    Building,
    Canceled,
    Expired,
    Failed,
    Idle,
    Open,
    Paused,
    Successful,
    Superseded,
    UpstreamBuilding,
    UpstreamFailed,
    Want,
    WantPaused,
)

AT = Timestamp(1)


def from_the_wrong_open_state(idle: Idle, building: Building, upstream: UpstreamBuilding, paused: Paused) -> None:
    idle.resume(at=AT)
    # mypy says: "Idle" has no attribute "resume"
    # pyright says: Cannot access attribute "resume" for class "Idle"
    idle.idle(at=AT)
    # mypy says: "Idle" has no attribute "idle"
    # pyright says: Cannot access attribute "idle" for class "Idle"
    building.build(at=AT)
    # mypy says: "Building" has no attribute "build"
    # pyright says: Cannot access attribute "build" for class "Building"
    upstream.wait_upstream(at=AT)
    # mypy says: "UpstreamBuilding" has no attribute "wait_upstream"
    # pyright says: Cannot access attribute "wait_upstream" for class "UpstreamBuilding"
    paused.settle(at=AT)
    # mypy says: "Paused" has no attribute "settle"
    # pyright says: Cannot access attribute "settle" for class "Paused"
    paused.pause("again", at=AT)
    # mypy says: "Paused" has no attribute "pause"
    # pyright says: Cannot access attribute "pause" for class "Paused"


def from_an_end(done: Successful, canceled: Canceled, expired: Expired, superseded: Superseded, failed: Failed) -> None:
    done.retry(at=AT)
    # mypy says: "Successful" has no attribute "retry"
    # pyright says: Cannot access attribute "retry" for class "Successful"
    canceled.resume(at=AT)
    # mypy says: "Canceled" has no attribute "resume"
    # pyright says: Cannot access attribute "resume" for class "Canceled"
    expired.expire(at=AT)
    # mypy says: "Expired" has no attribute "expire"
    # pyright says: Cannot access attribute "expire" for class "Expired"
    superseded.cancel("too late", at=AT)
    # mypy says: "Superseded" has no attribute "cancel"
    # pyright says: Cannot access attribute "cancel" for class "Superseded"
    failed.cancel("too late", at=AT)
    # mypy says: "Failed" has no attribute "cancel"
    # pyright says: Cannot access attribute "cancel" for class "Failed"


def without_narrowing(want: Want, opened: Open) -> None:
    opened.pause("lunch", at=AT)
    # mypy says: Item "Paused" of "Idle | Building | UpstreamBuilding | Paused" has no attribute "pause"
    # pyright says: Cannot access attribute "pause" for class "Paused"
    want.resume(at=AT)
    # mypy says: has no attribute "resume"
    # pyright says: Cannot access attribute "resume" for class "Idle"
    # pyright says: Cannot access attribute "resume" for class "Building"
    # pyright says: Cannot access attribute "resume" for class "UpstreamBuilding"
    # pyright says: Cannot access attribute "resume" for class "Successful"
    # pyright says: Cannot access attribute "resume" for class "Failed"
    # pyright says: Cannot access attribute "resume" for class "UpstreamFailed"
    # pyright says: Cannot access attribute "resume" for class "Canceled"
    # pyright says: Cannot access attribute "resume" for class "Expired"
    # pyright says: Cannot access attribute "resume" for class "Superseded"


def in_place(idle: Idle, event: WantPaused) -> None:
    idle.late = True
    # mypy says: Property "late" defined in
    # pyright says: Attribute "late" is read-only
    event.id = WantId("w2")
    # mypy says: Property "id" defined in
    # pyright says: Attribute "id" is read-only
    idle.reason = "so"
    # mypy says: "Idle" has no attribute "reason"
    # pyright says: Attribute "reason" is unknown


def without_what_it_takes(idle: Idle) -> None:
    idle.cancel(at=AT)
    # mypy says: Missing positional argument "reason" in call to "cancel"
    # pyright says: Argument missing for parameter "reason"
    idle.build()
    # mypy says: Missing named argument "at" for "build"
    # pyright says: Argument missing for parameter "at"
    idle.supersede("w2", at=AT)
    # mypy says: Argument 1 to "supersede" of "Movable" has incompatible type "str"; expected "WantId"
    # pyright says: Argument of type "Literal['w2']" cannot be assigned to parameter "by" of type "WantId"


def forgotten(want: Want) -> str:
    match want:
        case Idle() | Building() | UpstreamBuilding() | Paused():
            return "open"
        case Successful() | Failed() | UpstreamFailed() | Canceled() | Expired():
            return "closed"
        case _:
            assert_never(want)
            # mypy says: Argument 1 to "assert_never" has incompatible type "Superseded"; expected "Never"
            # pyright says: Argument of type "Superseded" cannot be assigned to parameter "arg" of type "Never"
