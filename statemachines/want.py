"""Want: a declared wish that a set of partitions exist.

A want is open until it is done, has failed, or nobody wants it any more. While it is open its state follows, once
a turn, from the cases of its refs (``orchestrator.reconcile``); what it demands is computed, never stored, so closing
a want needs no cascade. Lateness is a flag beside the state: a late want is still built.

Source: design section 4; seed 004 (machines); reference databuild, section 1.1.
"""

from typing import Literal

import msgspec

from statemachines.edges import Edge, IllegalTransition, fan_in
from statemachines.event import Event
from statemachines.ids import Timestamp, WantId
from statemachines.refs import Ref

Source = Literal["cli", "api", "schedule", "console"]

FAILURES_SHOWN_MAX = 100
"""How many failed refs a closing want names; the count is always exact."""


class WantSpec(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What was wished, as it was wished. Durations are microseconds; ``sla_us`` counts from the data timestamp."""

    id: WantId
    environment: str
    refs: tuple[Ref, ...]
    created_at: Timestamp
    actor: str
    source: Source = "cli"
    patterns: tuple[str, ...] = ()
    version: str = "follow"
    priority: int = 0
    ttl_us: int | None = None
    sla_us: int | None = None
    data_timestamp: Timestamp | None = None
    idempotency_key: str | None = None
    comment: str = ""

    @property
    def expires_at(self) -> Timestamp | None:
        """When the wish ends by itself, counted from its creation."""
        return None if self.ttl_us is None else Timestamp(self.created_at + self.ttl_us)

    @property
    def late_at(self) -> Timestamp | None:
        """When the wish is late, counted from the moment its data is about (or its creation)."""
        if self.sla_us is None:
            return None
        start = self.created_at if self.data_timestamp is None else self.data_timestamp
        return Timestamp(start + self.sla_us)


class RefFailure(msgspec.Struct, frozen=True, gc=False):
    """Why one ref of a want is not there. ``evidence`` is the seq of the entry that says so."""

    ref: Ref
    reason: str
    evidence: int


class WantState(msgspec.Struct, frozen=True, gc=False, tag_field="state", tag=True):
    """What all states of a want share."""

    spec: WantSpec
    since: Timestamp
    late: bool


class Movable(WantState, frozen=True, gc=False):
    """A want that is worked on: its state follows from the cases of its refs."""

    def settle(self, *, at: Timestamp) -> "WantSuccessful":
        """Everything wished for is there."""
        return WantSuccessful(at, self.spec.id)

    def fail(self, failures: tuple[RefFailure, ...], count: int, *, at: Timestamp) -> "WantFailed":
        """At least one ref failed, and none can still move."""
        return WantFailed(at, self.spec.id, failures, count)

    def fail_upstream(self, failures: tuple[RefFailure, ...], count: int, *, at: Timestamp) -> "WantUpstreamFailed":
        """Something that the refs need failed, and none of the refs can still move."""
        return WantUpstreamFailed(at, self.spec.id, failures, count)

    def pause(self, reason: str, *, at: Timestamp) -> "WantPaused":
        return WantPaused(at, self.spec.id, reason)

    def cancel(self, reason: str, *, at: Timestamp) -> "WantCanceled":
        return WantCanceled(at, self.spec.id, reason)

    def expire(self, *, at: Timestamp) -> "WantExpired":
        return WantExpired(at, self.spec.id)

    def supersede(self, by: WantId, *, at: Timestamp) -> "WantSuperseded":
        return WantSuperseded(at, self.spec.id, by)

    def mark_late(self, *, at: Timestamp) -> "WantLate":
        return WantLate(at, self.spec.id)


class Idle(Movable, frozen=True, gc=False):
    """Something is ready to be built, or waits for a known time. Entered at creation. Owes nothing."""

    def build(self, *, at: Timestamp) -> "WantBuilding":
        return WantBuilding(at, self.spec.id)

    def wait_upstream(self, *, at: Timestamp) -> "WantUpstreamBuilding":
        return WantUpstreamBuilding(at, self.spec.id)


class Building(Movable, frozen=True, gc=False):
    """At least one wanted ref is being built, by whichever JobRun. Owes nothing."""

    def idle(self, *, at: Timestamp) -> "WantIdle":
        return WantIdle(at, self.spec.id)

    def wait_upstream(self, *, at: Timestamp) -> "WantUpstreamBuilding":
        return WantUpstreamBuilding(at, self.spec.id)


class UpstreamBuilding(Movable, frozen=True, gc=False):
    """No wanted ref is being built; at least one waits for something it needs. Owes nothing."""

    def idle(self, *, at: Timestamp) -> "WantIdle":
        return WantIdle(at, self.spec.id)

    def build(self, *, at: Timestamp) -> "WantBuilding":
        return WantBuilding(at, self.spec.id)


class Paused(WantState, frozen=True, gc=False):
    """Somebody said stop for now: the want demands nothing until it is resumed. What runs may finish."""

    reason: str

    def resume(self, *, at: Timestamp) -> "WantResumed":
        return WantResumed(at, self.spec.id)

    def cancel(self, reason: str, *, at: Timestamp) -> "WantCanceled":
        return WantCanceled(at, self.spec.id, reason)

    def expire(self, *, at: Timestamp) -> "WantExpired":
        return WantExpired(at, self.spec.id)

    def supersede(self, by: WantId, *, at: Timestamp) -> "WantSuperseded":
        return WantSuperseded(at, self.spec.id, by)

    def mark_late(self, *, at: Timestamp) -> "WantLate":
        return WantLate(at, self.spec.id)


class Successful(WantState, frozen=True, gc=False):
    """Every wanted ref was Live and fresh at one moment. Terminal."""


class Failed(WantState, frozen=True, gc=False):
    """None of the refs could still move and at least one had failed. May be retried."""

    failures: tuple[RefFailure, ...]
    count: int

    def retry(self, *, at: Timestamp) -> "WantRetried":
        return WantRetried(at, self.spec.id)


class UpstreamFailed(WantState, frozen=True, gc=False):
    """None of the refs could still move because of what they need. May be retried."""

    failures: tuple[RefFailure, ...]
    count: int

    def retry(self, *, at: Timestamp) -> "WantRetried":
        return WantRetried(at, self.spec.id)


class Canceled(WantState, frozen=True, gc=False):
    """Somebody took the wish back. Terminal."""

    reason: str


class Expired(WantState, frozen=True, gc=False):
    """Its time to live ran out. Terminal."""


class Superseded(WantState, frozen=True, gc=False):
    """Another want took its place. Terminal."""

    by: WantId


Open = Idle | Building | UpstreamBuilding | Paused
Want = Open | Successful | Failed | UpstreamFailed | Canceled | Expired | Superseded

_MOVABLE = (Idle, Building, UpstreamBuilding)
_OPEN = (Idle, Building, UpstreamBuilding, Paused)


class WantCreated(Event, frozen=True, gc=False):
    """Somebody wished for these refs."""

    spec: WantSpec

    @property
    def id(self) -> WantId:
        return self.spec.id

    def enter(self, state: Want | None) -> Want:
        if state is not None:
            raise IllegalTransition(state, self)
        return Idle(self.spec, self.at, late=False)


class WantEvent(Event, frozen=True, gc=False):
    """A fact about a want that exists."""

    id: WantId


class WantIdle(WantEvent, frozen=True, gc=False):
    """Nothing is being built for it now; something could be."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, (Building, UpstreamBuilding)):
            raise IllegalTransition(state, self)
        return Idle(state.spec, self.at, state.late)


class WantBuilding(WantEvent, frozen=True, gc=False):
    """One of its refs began to be built."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, (Idle, UpstreamBuilding)):
            raise IllegalTransition(state, self)
        return Building(state.spec, self.at, state.late)


class WantUpstreamBuilding(WantEvent, frozen=True, gc=False):
    """Its refs wait for what they need."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, (Idle, Building)):
            raise IllegalTransition(state, self)
        return UpstreamBuilding(state.spec, self.at, state.late)


class WantSuccessful(WantEvent, frozen=True, gc=False):
    """All its refs are Live and fresh."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _MOVABLE):
            raise IllegalTransition(state, self)
        return Successful(state.spec, self.at, state.late)


class WantFailed(WantEvent, frozen=True, gc=False):
    """It closed with failed refs; the first of them are named, ``count`` is exact."""

    failures: tuple[RefFailure, ...]
    count: int

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _MOVABLE):
            raise IllegalTransition(state, self)
        return Failed(state.spec, self.at, state.late, self.failures, self.count)


class WantUpstreamFailed(WantEvent, frozen=True, gc=False):
    """It closed because of what its refs need; the first of them are named, ``count`` is exact."""

    failures: tuple[RefFailure, ...]
    count: int

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _MOVABLE):
            raise IllegalTransition(state, self)
        return UpstreamFailed(state.spec, self.at, state.late, self.failures, self.count)


class WantPaused(WantEvent, frozen=True, gc=False):
    """Somebody said stop for now."""

    reason: str

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _MOVABLE):
            raise IllegalTransition(state, self)
        return Paused(state.spec, self.at, state.late, self.reason)


class WantResumed(WantEvent, frozen=True, gc=False):
    """Somebody said go on."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, Paused):
            raise IllegalTransition(state, self)
        return Idle(state.spec, self.at, state.late)


class WantCanceled(WantEvent, frozen=True, gc=False):
    """Somebody took it back."""

    reason: str

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _OPEN):
            raise IllegalTransition(state, self)
        return Canceled(state.spec, self.at, state.late, self.reason)


class WantExpired(WantEvent, frozen=True, gc=False):
    """Its time to live ran out."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _OPEN):
            raise IllegalTransition(state, self)
        return Expired(state.spec, self.at, state.late)


class WantSuperseded(WantEvent, frozen=True, gc=False):
    """Another want took its place."""

    by: WantId

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _OPEN):
            raise IllegalTransition(state, self)
        return Superseded(state.spec, self.at, state.late, self.by)


class WantRetried(WantEvent, frozen=True, gc=False):
    """Somebody asked again: failures from before this moment no longer count."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, (Failed, UpstreamFailed)):
            raise IllegalTransition(state, self)
        return Idle(state.spec, self.at, state.late)


class WantLate(WantEvent, frozen=True, gc=False):
    """Its service level passed while it was open. It keeps its state and is late from now on."""

    def enter(self, state: Want | None) -> Want:
        if not isinstance(state, _OPEN) or state.late:
            raise IllegalTransition(state, self)
        return msgspec.structs.replace(state, late=True)


AnyWantEvent = (
    WantCreated
    | WantIdle
    | WantBuilding
    | WantUpstreamBuilding
    | WantSuccessful
    | WantFailed
    | WantUpstreamFailed
    | WantPaused
    | WantResumed
    | WantCanceled
    | WantExpired
    | WantSuperseded
    | WantRetried
    | WantLate
)

EDGES: tuple[Edge, ...] = (
    Edge(None, WantCreated, Idle),
    *fan_in((Building, UpstreamBuilding), WantIdle, Idle),
    *fan_in((Idle, UpstreamBuilding), WantBuilding, Building),
    *fan_in((Idle, Building), WantUpstreamBuilding, UpstreamBuilding),
    *fan_in(_MOVABLE, WantSuccessful, Successful),
    *fan_in(_MOVABLE, WantFailed, Failed),
    *fan_in(_MOVABLE, WantUpstreamFailed, UpstreamFailed),
    *fan_in(_MOVABLE, WantPaused, Paused),
    Edge(Paused, WantResumed, Idle),
    *fan_in(_OPEN, WantCanceled, Canceled),
    *fan_in(_OPEN, WantExpired, Expired),
    *fan_in(_OPEN, WantSuperseded, Superseded),
    *fan_in((Failed, UpstreamFailed), WantRetried, Idle),
    *(Edge(state, WantLate, state) for state in _OPEN),
)


def fold(state: Want | None, event: AnyWantEvent) -> Want:
    """The want after the event."""
    return event.enter(state)
