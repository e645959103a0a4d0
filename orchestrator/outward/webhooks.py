"""Webhooks on what wants come to: one message a root cause, not one a want.

Wants that fail in one turn because of the same entry of the log (a partition that failed, say) are told of in one
message that names them. What has no such cause (Successful, Late, ...) is told of in one message a turn and state.
A message holds no output of jobs but the reason of the failure, cut to REASON_CHARS, in which secrets are masked
already; and at most WANTS_SHOWN wants, with the exact number of all.
"""

from collections.abc import Collection, Iterator
from typing import Literal

import msgspec

from bel.entry import Entry
from orchestrator.outward.messages import Message
from orchestrator.outward.sinks import Batch, Scene
from orchestrator.views.looking import iso
from statemachines import want
from statemachines.events import AnyEvent
from statemachines.ids import InstanceId, WantId
from statemachines.partition import PartitionFailed
from statemachines.traits import attempt_of, head_of
from statemachines.world import World

WANTS_SHOWN = 20
REFS_SHOWN = 5
"""How many refs of a want that failed for a cause are named."""
REASON_CHARS = 500

Outcome = Literal["failed", "successful", "late", "paused", "canceled", "expired", "superseded"]

_OUTCOMES: dict[type[AnyEvent], tuple[str, Outcome]] = {
    want.WantFailed: ("Failed", "failed"),
    want.WantUpstreamFailed: ("UpstreamFailed", "failed"),
    want.WantSuccessful: ("Successful", "successful"),
    want.WantLate: ("Late", "late"),
    want.WantPaused: ("Paused", "paused"),
    want.WantCanceled: ("Canceled", "canceled"),
    want.WantExpired: ("Expired", "expired"),
    want.WantSuperseded: ("Superseded", "superseded"),
}
"""What a configuration calls it, and what it is told as."""


class Cause(msgspec.Struct, frozen=True):
    """What made wants fail: an entry of the log, and what is known of it."""

    seq: int
    reason: str
    ref: str | None = None
    job: str | None = None
    jobrun: str | None = None
    failure: str | None = None
    """The class of the failure."""


class Told(msgspec.Struct, frozen=True):
    """One want. ``refs`` are those that the message is about, some of them."""

    id: str
    state: str
    actor: str
    comment: str
    refs_count: int
    refs: tuple[str, ...]


class About(msgspec.Struct, frozen=True):
    """What a message is about."""

    application: str
    seq: int
    """The first entry of the log that it is about."""
    wants_count: int
    wants: tuple[Told, ...]
    cause: Cause | None


class Webhook(msgspec.Struct, frozen=True):
    """The body of a message, in the form of Standard Webhooks."""

    type: str
    timestamp: str
    data: About


class _Group:
    """Wants that are told of together."""

    def __init__(self, outcome: Outcome, evidence: int, reason: str) -> None:
        self.outcome, self.evidence, self.reason = outcome, evidence, reason
        self.entries: dict[WantId, Entry[AnyEvent]] = {}
        self.refs: dict[WantId, list[str]] = {}

    def add(self, entry: Entry[AnyEvent], *refs: str) -> None:
        want_id = WantId(entry.event.id)
        self.entries[want_id] = entry
        self.refs.setdefault(want_id, []).extend(refs)


class Webhooks:
    """The sink. ``states`` are those of interest, as the configuration names them."""

    remembers = False
    oldest = None

    def __init__(self, application: str, states: Collection[str]) -> None:
        self._application = application
        self._states = frozenset(states)

    def forget(self) -> None:
        """There is nothing to forget."""

    async def take(self, batch: Batch, scene: Scene, /) -> list[Message]:
        """One message a root cause."""
        return [await self._message(group, scene) for group in self._groups(batch)]

    def _groups(self, batch: Batch) -> Iterator[_Group]:
        groups: dict[tuple[Outcome, int], _Group] = {}
        for entry in batch:
            state, outcome = _OUTCOMES.get(type(entry.event), ("", "failed"))
            if state not in self._states:
                continue
            match entry.event:
                case want.WantFailed(failures=failures) | want.WantUpstreamFailed(failures=failures):
                    for failure in failures:
                        key = (outcome, failure.evidence)
                        groups.setdefault(key, _Group(*key, failure.reason)).add(entry, failure.ref)
                case _:
                    groups.setdefault((outcome, 0), _Group(outcome, 0, "")).add(entry)
        yield from groups.values()

    async def _message(self, group: _Group, scene: Scene) -> Message:
        first = next(iter(group.entries.values()))
        shown = list(group.entries.values())[:WANTS_SHOWN]
        body = Webhook(
            f"want.{group.outcome}",
            iso(first.at),
            About(
                application=self._application,
                seq=first.seq,
                wants_count=len(group.entries),
                wants=tuple(_told(entry, group, scene.world) for entry in shown),
                cause=await _cause(group, scene) if group.evidence else None,
            ),
        )
        return Message(f"{first.event_id}-{group.evidence}", msgspec.json.encode(body))


def _told(entry: Entry[AnyEvent], group: _Group, world: World) -> Told:
    spec = world.wants[WantId(entry.event.id)].spec
    refs = group.refs[spec.id] or spec.refs
    return Told(
        id=spec.id,
        state=_OUTCOMES[type(entry.event)][0],
        actor=spec.actor,
        comment=spec.comment[:REASON_CHARS],
        refs_count=len(spec.refs),
        refs=tuple(refs[:REFS_SHOWN]),
    )


async def _cause(group: _Group, scene: Scene) -> Cause:
    """What happened, as far as the entry that is the evidence tells."""
    reason = group.reason[:REASON_CHARS]
    found = await scene.entry(group.evidence)
    state = None if found is None else scene.world.partitions.get(InstanceId(found.event.id))
    if found is None or state is None:
        return Cause(group.evidence, reason)
    attempt = attempt_of(state)
    failure = found.event.failure if isinstance(found.event, PartitionFailed) else None
    return Cause(
        seq=group.evidence,
        reason=reason if failure is None else failure.reason[:REASON_CHARS],
        ref=state.spec.ref,
        job=None if attempt is None else head_of(scene.world.runs[attempt.run]).job,
        jobrun=None if attempt is None else attempt.run,
        failure=None if failure is None else failure.kind,
    )
