"""Partition instance: one attempt to build a ref, with an id of its own.

Waiting for declared inputs makes no instance: absence is "nothing there". Tries that belong together form a chain;
the budget of tries is counted along it, the budget for lost ones apart. Which instance the readers of an environment
get (canonical) is a fact of a map in ``world``, never a state.

Source: design section 4; reference databuild, section 1.2.
"""

from typing import get_args

import msgspec

from statemachines.edges import Edge, IllegalTransition, fan_in
from statemachines.event import Event
from statemachines.failure import Failure
from statemachines.ids import InstanceId, RunId, Timestamp
from statemachines.refs import Ref

Scalar = str | int | float | bool | None


class InputsArrived(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="after"):
    """The try ended without fault of its own: it (or others of its batch) missed ``needs``, which are there now."""

    needs: tuple[Ref, ...]


class PartitionSpec(msgspec.Struct, frozen=True, gc=False):
    """What never changes about an instance."""

    id: InstanceId
    ref: Ref
    environment: str


class Attempt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How an instance is being made.

    ``chain`` is the first instance of the tries that belong together; ``tries`` counts them, this one included, without
    those that were lost; ``needs`` are the refs that jobs of this chain found missing so far.
    """

    run: RunId
    chain: InstanceId
    tries: int = 1
    lost: int = 0
    needs: tuple[Ref, ...] = ()


class Content(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What an instance holds. ``files`` is 0 where the data is kept elsewhere and only its digest was reported."""

    digest: str
    size_bytes: int = 0
    files: int = 0
    metadata: tuple[tuple[str, Scalar], ...] = ()


class Built(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="by"):
    """Made by a JobRun from exactly the inputs of its activation record."""

    run: RunId


class BuiltReading(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="by"):
    """Made by a JobRun that read these instances of what it was given (or found by itself)."""

    run: RunId
    reads: tuple[InstanceId, ...]


class Adopted(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="by"):
    """The same bytes as an older instance: same ref, same fingerprint, same digests of what was read."""

    source: InstanceId
    reads: tuple[InstanceId, ...]


class Reported(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="by"):
    """Said to be there by somebody outside. ``location`` is where, or empty."""

    actor: str
    location: str = ""


Origin = Built | BuiltReading | Adopted | Reported


class PartitionState(msgspec.Struct, frozen=True, gc=False, tag_field="state", tag=True):
    """What all states of an instance share."""

    spec: PartitionSpec
    since: Timestamp


class Building(PartitionState, frozen=True, gc=False):
    """A JobRun that covers it was queued or runs. Left when that JobRun ends."""

    attempt: Attempt

    def complete(self, origin: Built | BuiltReading, content: Content, *, at: Timestamp) -> "PartitionLive":
        """Its JobRun ended, the output is complete and its bytes are synced."""
        return PartitionLive(at, self.spec, origin, content)

    def fail(self, failure: Failure, *, at: Timestamp) -> "PartitionFailed":
        return PartitionFailed(at, self.spec.id, failure)

    def miss(self, needs: tuple[Ref, ...], *, at: Timestamp) -> "PartitionUpstreamBuilding":
        """The job found out that it needs more than it was given."""
        return PartitionUpstreamBuilding(at, self.spec.id, needs)

    def retry(self, after: Failure | InputsArrived, not_before: Timestamp, *, at: Timestamp) -> "PartitionUpForRetry":
        """This try did not work out; another may be made from ``not_before`` on."""
        return PartitionUpForRetry(at, self.spec.id, after, not_before)

    def cancel(self, *, at: Timestamp) -> "PartitionCanceled":
        return PartitionCanceled(at, self.spec.id)

    def taint(self, reason: str, actor: str, *, at: Timestamp) -> "PartitionTainted":
        return PartitionTainted(at, self.spec.id, reason, actor)


class UpstreamBuilding(PartitionState, frozen=True, gc=False):
    """Its job missed ``needs``; it waits for them. Left when they are done, or one of them cannot be had."""

    attempt: Attempt
    needs: tuple[Ref, ...]

    def retry(self, *, at: Timestamp) -> "PartitionUpForRetry":
        """What was missing is there."""
        return PartitionUpForRetry(at, self.spec.id, InputsArrived(self.needs), at)

    def fail_upstream(self, reason: str, path: tuple[Ref, ...], *, at: Timestamp) -> "PartitionUpstreamFailed":
        return PartitionUpstreamFailed(at, self.spec.id, reason, path)

    def cancel(self, *, at: Timestamp) -> "PartitionCanceled":
        return PartitionCanceled(at, self.spec.id)


class UpForRetry(PartitionState, frozen=True, gc=False):
    """May be tried again, not before a moment. Left when its successor is made, or nobody wants it any more."""

    attempt: Attempt
    not_before: Timestamp
    after: Failure | InputsArrived

    def replace(self, *, at: Timestamp) -> "PartitionReplaced":
        """Its successor was made."""
        return PartitionReplaced(at, self.spec.id)

    def fail_upstream(self, reason: str, path: tuple[Ref, ...], *, at: Timestamp) -> "PartitionUpstreamFailed":
        return PartitionUpstreamFailed(at, self.spec.id, reason, path)

    def cancel(self, *, at: Timestamp) -> "PartitionCanceled":
        return PartitionCanceled(at, self.spec.id)


class Live(PartitionState, frozen=True, gc=False):
    """Complete and durable. Left by a taint, or when its bytes are collected."""

    origin: Origin
    content: Content

    def taint(self, reason: str, actor: str, *, at: Timestamp) -> "PartitionTainted":
        return PartitionTainted(at, self.spec.id, reason, actor)

    def collect(self, *, at: Timestamp) -> "PartitionCollected":
        return PartitionCollected(at, self.spec.id)


class Tainted(PartitionState, frozen=True, gc=False):
    """Must not be used: ``reason`` and ``actor`` say why. ``was`` is what it was before."""

    reason: str
    actor: str
    was: Live | Building

    def collect(self, *, at: Timestamp) -> "PartitionCollected":
        return PartitionCollected(at, self.spec.id)


class Failed(PartitionState, frozen=True, gc=False):
    """Its tries are used up, or its failure is not one to try again. Terminal."""

    attempt: Attempt
    failure: Failure


class UpstreamFailed(PartitionState, frozen=True, gc=False):
    """Something it missed cannot be had. ``path`` is the cycle, where that is the reason. Terminal."""

    attempt: Attempt
    reason: str
    path: tuple[Ref, ...]


class Canceled(PartitionState, frozen=True, gc=False):
    """Nobody wanted it any more. Terminal."""

    attempt: Attempt


class Replaced(PartitionState, frozen=True, gc=False):
    """Its successor took over the chain. Terminal."""

    attempt: Attempt


class Collected(PartitionState, frozen=True, gc=False):
    """Its bytes are gone; the record stays. Terminal."""

    was: Live | Tainted


Unfinished = Building | UpstreamBuilding | UpForRetry
"""It can still move by itself."""

Partition = Unfinished | Live | Tainted | Failed | UpstreamFailed | Canceled | Replaced | Collected

UNFINISHED_STATES: frozenset[type[Partition]] = frozenset(get_args(Unfinished))
"""The same for what is done to every event, as in ``jobrun``."""


class PartitionFact(Event, frozen=True, gc=False):
    """A fact about an instance."""


class PartitionEvent(PartitionFact, frozen=True, gc=False):
    """A fact about an instance that exists."""

    id: InstanceId


class PartitionBuilding(PartitionFact, frozen=True, gc=False):
    """A JobRun that covers it was queued."""

    spec: PartitionSpec
    attempt: Attempt

    @property
    def id(self) -> InstanceId:
        return self.spec.id

    def enter(self, state: Partition | None) -> Partition:
        if state is not None:
            raise IllegalTransition(state, self)
        return Building(self.spec, self.at, self.attempt)


class PartitionLive(PartitionFact, frozen=True, gc=False):
    """It became visible: built, adopted from an older instance, or reported from outside."""

    spec: PartitionSpec
    origin: Origin
    content: Content

    @property
    def id(self) -> InstanceId:
        return self.spec.id

    def enter(self, state: Partition | None) -> Partition:
        from_outside = isinstance(self.origin, (Adopted, Reported))
        if (state is None) is not from_outside or not isinstance(state, (Building, type(None))):
            raise IllegalTransition(state, self)
        if isinstance(state, Building) and not self._completes(state):
            raise IllegalTransition(state, self)
        return Live(self.spec if state is None else state.spec, self.at, self.origin, self.content)

    def _completes(self, state: Building) -> bool:
        """Whether it speaks of this very attempt."""
        made_by = self.origin.run if isinstance(self.origin, (Built, BuiltReading)) else None
        return self.spec == state.spec and made_by == state.attempt.run


class PartitionFailed(PartitionEvent, frozen=True, gc=False):
    """It was tried often enough, or its failure is final."""

    failure: Failure

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, Building):
            raise IllegalTransition(state, self)
        return Failed(state.spec, self.at, state.attempt, self.failure)


class PartitionUpstreamBuilding(PartitionEvent, frozen=True, gc=False):
    """Its job reported that these refs are missing."""

    needs: tuple[Ref, ...]

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, Building):
            raise IllegalTransition(state, self)
        known = dict.fromkeys((*state.attempt.needs, *self.needs))
        attempt = msgspec.structs.replace(state.attempt, needs=tuple(known))
        return UpstreamBuilding(state.spec, self.at, attempt, self.needs)


class PartitionUpForRetry(PartitionEvent, frozen=True, gc=False):
    """It may be tried again from ``not_before`` on."""

    after: Failure | InputsArrived
    not_before: Timestamp

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, (Building, UpstreamBuilding)):
            raise IllegalTransition(state, self)
        return UpForRetry(state.spec, self.at, state.attempt, self.not_before, self.after)


class PartitionReplaced(PartitionEvent, frozen=True, gc=False):
    """The next try of its chain was made."""

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, UpForRetry):
            raise IllegalTransition(state, self)
        return Replaced(state.spec, self.at, state.attempt)


class PartitionUpstreamFailed(PartitionEvent, frozen=True, gc=False):
    """Something that its job missed cannot be had."""

    reason: str
    path: tuple[Ref, ...] = ()

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, (UpstreamBuilding, UpForRetry)):
            raise IllegalTransition(state, self)
        return UpstreamFailed(state.spec, self.at, state.attempt, self.reason, self.path)


class PartitionCanceled(PartitionEvent, frozen=True, gc=False):
    """Nobody wants it any more."""

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, (Building, UpstreamBuilding, UpForRetry)):
            raise IllegalTransition(state, self)
        return Canceled(state.spec, self.at, state.attempt)


class PartitionTainted(PartitionEvent, frozen=True, gc=False):
    """Somebody said that it must not be used."""

    reason: str
    actor: str

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, (Live, Building)):
            raise IllegalTransition(state, self)
        return Tainted(state.spec, self.at, self.reason, self.actor, state)


class PartitionCollected(PartitionEvent, frozen=True, gc=False):
    """Its bytes were removed."""

    def enter(self, state: Partition | None) -> Partition:
        if not isinstance(state, (Live, Tainted)):
            raise IllegalTransition(state, self)
        return Collected(state.spec, self.at, state)


AnyPartitionEvent = (
    PartitionBuilding
    | PartitionLive
    | PartitionFailed
    | PartitionUpstreamBuilding
    | PartitionUpForRetry
    | PartitionReplaced
    | PartitionUpstreamFailed
    | PartitionCanceled
    | PartitionTainted
    | PartitionCollected
)

EDGES: tuple[Edge, ...] = (
    Edge(None, PartitionBuilding, Building),
    Edge(None, PartitionLive, Live),
    Edge(Building, PartitionLive, Live),
    Edge(Building, PartitionFailed, Failed),
    Edge(Building, PartitionUpstreamBuilding, UpstreamBuilding),
    *fan_in((Building, UpstreamBuilding), PartitionUpForRetry, UpForRetry),
    *fan_in((UpstreamBuilding, UpForRetry), PartitionUpstreamFailed, UpstreamFailed),
    *fan_in((Building, UpstreamBuilding, UpForRetry), PartitionCanceled, Canceled),
    Edge(UpForRetry, PartitionReplaced, Replaced),
    *fan_in((Building, Live), PartitionTainted, Tainted),
    *fan_in((Live, Tainted), PartitionCollected, Collected),
)


def fold(state: Partition | None, event: AnyPartitionEvent) -> Partition:
    """The instance after the event."""
    return event.enter(state)
